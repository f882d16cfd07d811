"""`/watch`: a search that stands, as a stream of server-sent events."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from lightship.core.position import Reached
from lightship.http.answers.caching import NOT_KEPT
from lightship.http.keys.key import OpenedKey
from lightship.http.requests import header
from lightship.searchengine.search.request import read_watch
from lightship.searchengine.watch.events import MEDIA_TYPE
from lightship.searchengine.watch.watches import Watches

LONGEST_SECONDS = 600.0  # of a stream; a client that comes back shows its key again, and may get another replica
_HEADERS = {"Cache-Control": NOT_KEPT, "X-Accel-Buffering": "no"}  # a proxy must pass events on at once


def routes(watches: Watches, key_of: Callable[[Scope], OpenedKey | None], wait_seconds: float) -> list[Route]:
    """Return the route that lets clients watch, within the filter of their key.

    One that comes back waits for so long until this replica is as far as the one that it watched before.
    """

    async def watch(request: Request) -> Response:
        query, since = read_watch(request.scope["query_string"])
        last = header(request.scope, b"last-event-id") or since
        position, key = Reached.parse(last) if last else None, key_of(request.scope)
        if request.method == "HEAD":
            return Response(headers=_HEADERS, media_type=MEDIA_TYPE)
        filters = key.conditions if key is not None else ()
        watching = watches.watching(query, filters, position, wait_seconds)
        watcher = await watching.__aenter__()
        return _Stream(watching, watcher.stream(_seconds(key)))

    return [Route("/watch", watch)]


class _Stream(StreamingResponse):
    """Sends the events of a watcher, who then leaves, however it ends: also before the first event is sent."""

    def __init__(self, watching: AbstractAsyncContextManager[object], events: AsyncIterator[bytes]) -> None:
        super().__init__(events, headers=_HEADERS, media_type=MEDIA_TYPE)
        self._watching = watching

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._watching.__aexit__(None, None, None)


def _seconds(key: OpenedKey | None) -> float:
    """Return how long a stream may last: not all end together, and none outlives its key."""
    seconds = LONGEST_SECONDS * random.uniform(0.8, 1.0)
    return min(seconds, key.expires - time.time()) if key is not None and key.expires else seconds
