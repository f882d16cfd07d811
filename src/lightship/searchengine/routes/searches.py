"""Searches, as a page, JSON, text or a feed."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from msgspec.structs import replace
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from lightship.config import SearchengineSettings
from lightship.core.collections import Collections, collections_of
from lightship.core.declaration import NO_FIELDS
from lightship.core.errors import LightshipError
from lightship.core.position import Reached
from lightship.http.answers import caching
from lightship.http.answers.whole import Whole
from lightship.http.requests import header
from lightship.searchengine.feeds.entries import feed_of
from lightship.searchengine.feeds.render import FEED_TYPES, render_feed
from lightship.searchengine.routes.errors import on_error
from lightship.searchengine.routes.respond import TYPES, SeenBy, encode, page_headers, respond
from lightship.searchengine.search.admission import QueryExecutor
from lightship.searchengine.search.api import DEFAULT_SIZE
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.search.request import Format, choose_format, read_feed, read_position, read_request
from lightship.searchengine.search.search import ReplicaSearcher
from lightship.searchengine.search.seen import Seen
from lightship.searchengine.web.faceting import default_facets
from lightship.searchengine.web.html import render_page
from lightship.searchengine.web.presenters import address
from lightship.searchengine.web.text import USAGE, render_text

SEARCHES = frozenset({"/", "/search"})

Endpoint = Callable[[Request], Awaitable[ASGIApp]]
WaitFor = Callable[[Scope, Reached | None], Awaitable[None]]


class Direct:
    """Answers searches without the router and its handling of errors, a fifth of the application's time without the search."""

    def __init__(self, app: ASGIApp, results: Endpoint) -> None:
        """Answer with `results` what asks for a search, and with `app` anything else."""
        self._app, self._results = app, results

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] not in SEARCHES or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            response = await self._results(request)
        except LightshipError as error:
            response = await on_error(request, error)
        await response(scope, receive, send)


def waiting(replica: Replica, executor: QueryExecutor, seconds: float) -> WaitFor:
    """Return what waits until `replica` has reached a position, for so many `seconds` at most."""

    async def wait_for(scope: Scope, position: Reached | None) -> None:
        if position is None:
            return
        if not replica.has_reached(position):
            with executor.parking(scope):
                await replica.wait_until(position, seconds)
        scope["lightship.arrived"] = time.monotonic()  # the deadline counts from here

    return wait_for


def results_of(
    replica: Replica, seen_by: SeenBy, executor: QueryExecutor, wait_for: WaitFor, settings: SearchengineSettings
) -> Endpoint:
    """Return what answers searches of `replica`, whose public url is in feeds."""
    public, collections = settings.public, collections_of(settings.collections)

    async def results(request: Request) -> Whole:
        replica.catch_up()
        query_string, accept = request.scope["query_string"], header(request.scope, b"accept")
        form = choose_format(query_string, accept)
        if (position := read_position(query_string)) is not None:
            await wait_for(request.scope, position)
        seen = seen_by(request)
        headers = page_headers(seen, request, form)
        if form in FEED_TYPES:
            headers |= caching.last_modified(replica.changed)
        if caching.has(request.scope, headers["ETag"], headers.get("Last-Modified", "")):
            return Whole(304, headers)
        if form in FEED_TYPES:
            feed = await _feed(seen, executor, request.scope, public, form)
            return respond(request, feed, 200, headers, TYPES[form])
        body, status = await _render(seen, executor, request.scope, form, collections)
        return respond(request, body, status, headers, TYPES[form])

    return results


async def _render(
    seen: Seen, executor: QueryExecutor, scope: Scope, form: Format, collections: Collections
) -> tuple[str | bytes, int]:
    """Return the body and the status of the answer to a search."""
    request = read_request(scope["query_string"])
    asks = bool(request.query or request.conditions or request.group)
    if form == "html" and not (asks and seen.layout):
        return render_page(request, None, seen.info, collections=collections), 503 if asks else 200
    if form == "text" and not asks:
        return USAGE, 200
    view = seen.view
    fields = view.fields if form == "html" else NO_FIELDS
    if fields and not request.facets:
        request = replace(request, facets=default_facets(fields, view.varies), facets_asked=False)
    answer = await ReplicaSearcher(seen, executor).search(request, executor.admit(scope))
    if form == "json":
        return encode(answer), 200
    if form == "text":
        return render_text(answer), 200
    return render_page(request, answer, fields=fields, collections=collections), 200


async def _feed(seen: Seen, executor: QueryExecutor, scope: Scope, public: str, form: Format) -> bytes:
    """Return a search as a feed."""
    request = read_feed(scope["query_string"])
    answer = await ReplicaSearcher(seen, executor).search(request, executor.admit(scope))
    request = replace(request, corrections=True)  # which an address would say are off
    page = address(replace(request, size=DEFAULT_SIZE))
    return render_feed(form, feed_of(answer, public, page, f"{address(request)}&format={form}"))
