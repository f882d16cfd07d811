"""The files of the page, the scripts for pages of others, and the icon."""

from __future__ import annotations

import mimetypes
from functools import cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lightship.core.errors import NotFoundError
from lightship.http.answers import caching
from lightship.http.answers.compression import compressed, preferred
from lightship.http.answers.whole import Whole
from lightship.http.requests import header
from lightship.searchengine.web.html import SECURITY_HEADERS, STATIC, asset_url

SCRIPTS = ("box.js", "searchclient.js", "searchclient.mjs")  # for pages of others
_CACHE_A_DAY = {**SECURITY_HEADERS, "Cache-Control": "public, max-age=86400"}
_CACHE_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


def file_routes() -> list[Route]:
    """Return the routes."""
    return [
        Route("/static/{name}", _static),
        Route("/favicon.ico", _icon),
        *(Route(f"/{name}", _script) for name in SCRIPTS),
    ]


async def _static(request: Request) -> Whole:
    path = next((path for path in STATIC.iterdir() if path.name == request.path_params["name"]), None)
    if path is None:
        raise NotFoundError(f"no such file: {request.path_params['name'][:80]!r}")
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    kind = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
    headers = {**SECURITY_HEADERS, **_CACHE_FOREVER, "Vary": "Accept-Encoding"}
    return _file(request, path.name, headers, kind)


async def _script(request: Request) -> Whole:
    """Return one of SCRIPTS to pages of any origin: which of them may search, `-origins` says."""
    name = request.scope["path"].removeprefix("/")
    headers = {
        "Access-Control-Allow-Origin": "*",  # so that a page can name its hash
        "Cache-Control": caching.FOR_MINUTES,
        "Cross-Origin-Resource-Policy": "cross-origin",
        "ETag": caching.etag(asset_url(name).encode(), "js", request.scope),
        "Vary": "Accept-Encoding",
    }
    if caching.has(request.scope, headers["ETag"]):
        return Whole(304, headers)
    return _file(request, name, headers, "text/javascript; charset=utf-8")


def _file(request: Request, name: str, headers: dict[str, str], kind: str) -> Whole:
    """Return a file in `static/`, compressed if the client takes that."""
    content, encoding = _packed(name, preferred(header(request.scope, b"accept-encoding")))
    return Whole(200, {**headers, "Content-Encoding": encoding} if encoding else headers, content, kind)


@cache
def _packed(name: str, encoding: str) -> tuple[bytes, str]:
    return compressed((STATIC / name).read_bytes(), encoding)


async def _icon(request: Request) -> Response:
    """Return the icon for browsers that ask for it without having loaded a page; pages link to it themselves."""
    return Response((STATIC / "icon.svg").read_bytes(), media_type="image/svg+xml", headers=_CACHE_A_DAY)
