"""What the routes have in common: who sees what, media types, the headers for caches, and compression."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from starlette.requests import Request

from lightship.http.answers import caching
from lightship.http.answers.compression import compressed
from lightship.http.answers.whole import Whole
from lightship.http.requests import header
from lightship.searchengine.access.gate import is_private, key_of
from lightship.searchengine.feeds.render import FEED_TYPES
from lightship.searchengine.search.request import Format
from lightship.searchengine.search.seen import Seen
from lightship.searchengine.web.html import SECURITY_HEADERS

TYPES: dict[Format, str] = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
    **FEED_TYPES,
}

SeenBy = Callable[[Request], Seen]

encode = msgspec.json.Encoder().encode


def page_headers(seen: Seen, request: Request, form: Format) -> dict[str, str]:
    """Return the headers of an answer that may be a page."""
    headers = cache_headers(seen, request, form)
    return {**SECURITY_HEADERS, **headers} if form == "html" else headers


def cache_headers(seen: Seen, request: Request, form: Format) -> dict[str, str]:
    """Return the headers by which caches keep an answer while it is true."""
    key = key_of(request.scope)
    tag = caching.etag(seen.state + key.told if key else seen.state, form, request.scope)
    kept = caching.PRIVATE if is_private(request.scope) else caching.SHARED
    return {"Cache-Control": kept, "ETag": tag, "Vary": "Accept, Accept-Encoding, Authorization"}


def respond(request: Request, body: str | bytes, status: int, headers: dict[str, str], kind: str) -> Whole:
    """Return a response whose body is compressed if the client takes that; an error may not be kept."""
    content = body.encode() if isinstance(body, str) else body
    content, encoding = compressed(content, header(request.scope, b"accept-encoding"))
    if status != 200:
        headers = {**headers, "Cache-Control": caching.NOT_KEPT}
        del headers["ETag"]
    return Whole(status, {**headers, "Content-Encoding": encoding} if encoding else headers, content, kind)
