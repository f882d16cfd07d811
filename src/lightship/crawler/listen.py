"""The crawler's HTTP listener: explains why a page is or is not in the index, and reports progress."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lightship import __version__
from lightship.config import CrawlerSettings
from lightship.core.errors import InvalidInputError, LightshipError, UnauthorizedError, status_of
from lightship.crawler.explain import Explanation, explain
from lightship.crawler.state.progress import Remarks, cuts, read_progress
from lightship.http.auth import guarded
from lightship.http.server import serving
from lightship.http.tokens import Guard, accepted
from lightship.runtime.database import Database

logger = logging.getLogger(__name__)

_PAGE = Markup("""<!doctype html><html lang="en"><meta charset="utf-8"><title>Why is a page in the index, or not?</title>
<meta name="viewport" content="width=device-width"><style>body{{font:16px/1.5 sans-serif;max-width:50em;margin:2em auto;
padding:0 1em}}th{{text-align:left;vertical-align:top;padding-right:1em;white-space:nowrap}}td{{overflow-wrap:anywhere}}
input{{width:70%;font:inherit}}</style><h1>Why is a page in the index, or not?</h1>
<form><label>URL <input name="url" value="{url}" type="url" required></label> <button>explain</button></form>{body}""")
_ROW = Markup("<tr><th>{name}<td>{value}")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
    "Cache-Control": "no-store", "Vary": "Accept",
}  # fmt: skip


@contextlib.contextmanager
def answering(settings: CrawlerSettings, database: Database, tls: Mapping[str, Any], remarks: Remarks) -> Iterator[int]:
    """Serve on the `listen` address of `settings` while the context lasts; yields the port, 0 without an address.

    Requests need LIGHTSHIP_TOKEN, from a browser as the password of any user; without a token, only this machine is
    served. Raises ConfigurationError if the address can't be used.
    """
    if not settings.listen:
        yield 0
        return
    known = accepted()
    guard = Guard(known.push, settings.data, browsers=True, trusted=known.trusted)
    app = make_app(settings, database, guard, remarks)
    with serving(app, settings.listen, "explain", tls, grace_seconds=1) as port:
        logger.info("serving /explain and /status on port %d", port)
        yield port


def make_app(settings: CrawlerSettings, database: Database, guard: Guard, remarks: Remarks) -> Starlette:
    """Return the application for the store `database`."""
    started = time.monotonic()

    async def explained(request: Request) -> Response:
        asked = request.query_params.get("url", "").strip()
        html = _wants_page(request)
        if not asked and not html:
            raise InvalidInputError("parameter url is missing; call /explain?url=https://example.org/page")
        found = explain(database, settings, asked) if asked else None
        if html:
            return Response(_page(asked, found), media_type="text/html; charset=utf-8", headers=_HEADERS)
        return Response(msgspec.json.encode(found), media_type="application/json", headers=_HEADERS)

    async def status(_: Request) -> Response:
        with database.access() as db:
            rows = db.execute("select site, held, held_since from sites where held is not null").fetchall()
            cut = [each._asdict() for each in cuts(db)]
        body = {
            "version": __version__, "uptime_seconds": round(time.monotonic() - started, 1),
            **read_progress(settings.data)._asdict(),
            "held": [{"site": site, "reason": reason, "since": since} for site, reason, since in rows],
            "left_out": dict(remarks.left_out), "remarks": dict(remarks.pages),
            "traps": cut,
        }  # fmt: skip
        return Response(msgspec.json.encode(body), media_type="application/json")

    async def live(_: Request) -> Response:
        return Response("alive\n", media_type="text/plain")

    app = Starlette(
        routes=[
            Route("/", guarded(guard, explained)), Route("/explain", guarded(guard, explained)),
            Route("/status", guarded(guard, status)), Route("/livez", live),
        ],
        exception_handlers={LightshipError: _on_error},
    )  # fmt: skip
    app.router.redirect_slashes = False
    return app


async def _on_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, LightshipError):
        raise error
    scheme = 'Basic realm="Lightship"' if _wants_page(request) else "Bearer"
    headers = {"WWW-Authenticate": scheme} if isinstance(error, UnauthorizedError) else {}
    return Response(msgspec.json.encode({"error": str(error)}), status_of(error), headers, "application/json")


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _page(asked: str, found: Explanation | None) -> str:
    body = Markup("")
    if found:
        values: dict[str, Any] = msgspec.to_builtins(found)
        lines = (
            _ROW.format(name=name.replace("_", " "), value=_cell(value)) for name, value in values.items() if value
        )
        body = Markup("<p><strong>{}</strong></p><table>{}</table>").format(found.reason, Markup("").join(lines))
    return _PAGE.format(url=asked, body=body)


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return Markup("<br>").join(", ".join(str(part) for part in each.values()) for each in value)
    return value
