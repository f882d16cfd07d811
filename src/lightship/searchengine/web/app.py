"""The web application: search as HTML, JSON and text, health, status, and the RPC, on one port."""

from __future__ import annotations

import mimetypes
import time
from collections.abc import Awaitable, Callable
from functools import cache
from http import HTTPStatus

import msgspec
from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from lightship.config import SearchengineSettings
from lightship.core.declaration import NO_FIELDS
from lightship.core.errors import (
    DamagedError,
    LightshipError,
    NotFoundError,
    RetiredError,
    SupersededError,
    TooManyRequestsError,
    UnauthorizedError,
    UnavailableError,
    status_of,
)
from lightship.core.position import Reached
from lightship.http.answers import caching
from lightship.http.answers.compression import compressed, preferred
from lightship.http.answers.whole import Whole
from lightship.http.methods import allow_header
from lightship.http.problem import Problem
from lightship.http.requests import header
from lightship.http.tokens import Accepted
from lightship.runtime.limits import limits
from lightship.runtime.tasks import down_report
from lightship.searchengine.access.gate import READING, Access, is_private, key_of
from lightship.searchengine.feeds.entries import feed_of
from lightship.searchengine.feeds.render import FEED_TYPES, render_feed
from lightship.searchengine.integrations.about import own_address, sites
from lightship.searchengine.integrations.openwebui import OpenWebUI
from lightship.searchengine.mcp.endpoint import Mcp
from lightship.searchengine.search.admission import QueryExecutor
from lightship.searchengine.search.api import DEFAULT_SIZE, SearchRequest
from lightship.searchengine.search.lookup import look_up
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.search.request import (
    Format,
    accepted_format,
    choose_format,
    read_cached,
    read_feed,
    read_lookup,
    read_position,
    read_request,
)
from lightship.searchengine.search.search import ReplicaSearcher
from lightship.searchengine.search.seen import Seen, seen_with
from lightship.searchengine.search.suggesting import (
    SUGGESTIONS_TYPE,
    opensearch_form,
    suggest,
    suggest_seconds,
)
from lightship.searchengine.watch.endpoint import routes as watch_routes
from lightship.searchengine.watch.watches import Watches
from lightship.searchengine.web.admin import Admin
from lightship.searchengine.web.batch import Batch, SeenBy, WaitFor
from lightship.searchengine.web.cached import cached_text, marked_paragraphs
from lightship.searchengine.web.faceting import default_facets
from lightship.searchengine.web.html import (
    OPENSEARCH_PATH,
    OPENSEARCH_TYPE,
    SECURITY_HEADERS,
    STATIC,
    asset_url,
    render_about,
    render_cached,
    render_error,
    render_opensearch,
    render_page,
)
from lightship.searchengine.web.metrics import METRICS_TYPE, Counted, Metrics
from lightship.searchengine.web.openapi import openapi
from lightship.searchengine.web.presenters import address
from lightship.searchengine.web.rpc import Rpc
from lightship.searchengine.web.status import status_of_replica
from lightship.searchengine.web.text import USAGE, render_text

TYPES: dict[Format, str] = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
    **FEED_TYPES,
}
SEARCHES = frozenset({"/", "/search"})
SCRIPTS = ("box.js", "searchclient.js", "searchclient.mjs")  # for pages of others
RETRY_SECONDS = "1"
BY_A_PERSON = 'Basic realm="search: the key is the password", charset="UTF-8"'  # a browser asks for it
READABLE = READING | {"/openapi.json"}  # by pages of -origins
_CACHE_A_DAY = {**SECURITY_HEADERS, "Cache-Control": "public, max-age=86400"}
_CACHE_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}

Endpoint = Callable[[Request], Awaitable[ASGIApp]]

_DEFAULTS = SearchengineSettings()
_encode = msgspec.json.Encoder().encode


def make_app(
    replica: Replica, accepted: Accepted, settings: SearchengineSettings = _DEFAULTS, worker: int = 0
) -> Starlette:
    """Return the application that serves `replica`; `accepted` has the secrets for pushing and administration.

    A search with a `min_position` waits until it is reached. This process is worker number `worker`.
    """
    executor = QueryExecutor(settings.deadline, settings.queue, -(-limits().threads // max(1, settings.workers)))
    metrics = Metrics(replica, executor, worker, settings.workers)
    wait_for = _waiting(replica, executor, settings.position_wait)

    def seen_by(request: Request) -> Seen:
        return seen_with(key_of(request.scope), replica)

    results = _results(replica, seen_by, executor, wait_for, settings.public)
    watches = Watches(replica, settings.watchers, is_draining=lambda: getattr(app.state, "draining", False))
    app = Starlette(
        routes=[
            *(Route(path, results) for path in SEARCHES),
            Route("/search", Batch(replica, seen_by, executor, wait_for).answer, methods=["POST"]),
            *_document_routes(replica, seen_by, executor, settings.public),
            *_health_routes(replica, metrics),
            Route("/static/{name}", _static),
            Route("/favicon.ico", _icon),
            *(Route(f"/{name}", _script) for name in SCRIPTS),
            Route("/about", _about(replica, seen_by, executor, settings)),
            *OpenWebUI(replica, seen_by, executor).routes(),
            *watch_routes(watches, key_of, settings.position_wait),
            *Mcp(replica, seen_by, executor).routes(),
            *Rpc(replica, accepted, metrics).routes(),
            *Admin(replica, accepted).routes(),
        ],
        exception_handlers={LightshipError: _on_error, 404: _on_status, 405: _on_status, Exception: _on_bug},
    )
    app.router.redirect_slashes = False  # a redirect would name the host that the request claims
    app.add_middleware(Direct, results=results)
    app.add_middleware(Access, accepted=accepted, settings=settings, folder=replica.store.folder, on_error=_on_error)
    app.add_middleware(Counted, metrics=metrics)
    app.state.metrics, app.state.replica, app.state.watches = metrics, replica, watches
    return app


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
            response = await _on_error(request, error)
        await response(scope, receive, send)


def _waiting(replica: Replica, executor: QueryExecutor, seconds: float) -> WaitFor:
    """Return what waits until `replica` has reached a position, for so many `seconds` at most."""

    async def wait_for(scope: Scope, position: Reached | None) -> None:
        if position is None:
            return
        if not replica.has_reached(position):
            with executor.parking(scope):
                await replica.wait_until(position, seconds)
        scope["lightship.arrived"] = time.monotonic()  # the deadline counts from here

    return wait_for


def _results(replica: Replica, seen_by: SeenBy, executor: QueryExecutor, wait_for: WaitFor, public: str) -> Endpoint:
    """Return what answers searches of `replica`, whose `public` url is in feeds."""

    async def results(request: Request) -> Whole:
        replica.catch_up()
        query_string, accept = request.scope["query_string"], header(request.scope, b"accept")
        form = choose_format(query_string, accept)
        if (position := read_position(query_string)) is not None:
            await wait_for(request.scope, position)
        seen = seen_by(request)
        headers = _page_headers(seen, request, form)
        if form in FEED_TYPES:
            headers |= caching.last_modified(replica.changed)
        if caching.has(request.scope, headers["ETag"], headers.get("Last-Modified", "")):
            return Whole(304, headers)
        if form in FEED_TYPES:
            feed = await _feed(seen, executor, request.scope, public, form)
            return _response(request, feed, 200, headers, TYPES[form])
        body, status = await _render(seen, executor, request.scope, form)
        return _response(request, body, status, headers, TYPES[form])

    return results


def _document_routes(replica: Replica, seen_by: SeenBy, executor: QueryExecutor, public: str) -> list[Route]:
    """Return the routes that complete queries, and show what `replica` knows of one document."""

    async def looked_up(request: Request) -> Whole:
        replica.catch_up()
        given = read_lookup(request.scope["query_string"])
        found = await look_up(seen_by(request), executor, *given, executor.admit(request.scope))
        return _response(request, _encode(found), 200, {"Cache-Control": "private, no-cache"}, TYPES["json"])

    async def suggested(request: Request) -> Whole:
        replica.catch_up()
        seen = seen_by(request)
        headers = _cache_headers(seen, request, "json")
        if caching.has(request.scope, headers["ETag"]):
            return Whole(304, headers)
        given = read_request(request.scope["query_string"])
        until = executor.admit(request.scope)
        found = await executor.run(lambda: suggest(seen, given), suggest_seconds(seen, given), until)
        if request.query_params.get("format") == "opensearch":
            return _response(request, _encode(opensearch_form(found)), 200, headers, SUGGESTIONS_TYPE)
        return _response(request, _encode(found), 200, headers, TYPES["json"])

    async def cached(request: Request) -> Whole:
        replica.catch_up()
        query_string = request.scope["query_string"]
        form = choose_format(query_string, header(request.scope, b"accept"))
        url, given = read_cached(query_string)
        seen = seen_by(request)
        headers = _page_headers(seen, request, form)
        if caching.has(request.scope, headers["ETag"]):
            return Whole(304, headers)
        until = executor.admit(request.scope)
        shown = await cached_text(seen, executor, url, given.page, until)
        body: str | bytes = shown.text if form == "text" else _encode(shown)
        if form == "html":
            marked = await marked_paragraphs(seen, executor, shown, given.query, until)
            body = render_cached(shown, marked, given)
        return _response(request, body, 200, headers, TYPES[form])

    async def opensearch(_: Request) -> Response:
        return Response(render_opensearch(public), media_type=OPENSEARCH_TYPE)

    return [
        Route("/lookup", looked_up),
        Route("/suggest", suggested),
        Route("/cached", cached),
        Route(OPENSEARCH_PATH, opensearch),
    ]


def _about(replica: Replica, seen_by: SeenBy, executor: QueryExecutor, settings: SearchengineSettings) -> Endpoint:
    """Return what shows the page about this searchengine. A Host header may be forged: no cache may keep it for others."""

    async def about(request: Request) -> Whole:
        replica.catch_up()
        seen = seen_by(request)
        found = await sites(ReplicaSearcher(seen, executor), executor.admit(request.scope)) if seen.layout else []
        base = settings.public or own_address(request.scope)
        asked = SearchRequest(key=request.query_params.get("key", ""))
        body = render_about(asked, base, seen.info, found, settings)
        return _response(request, body, 200, {**SECURITY_HEADERS, "Cache-Control": caching.NOT_KEPT}, TYPES["html"])

    return about


def _health_routes(replica: Replica, metrics: Metrics) -> list[Route]:
    """Return the routes for health and status. All are coroutines: Starlette would run plain functions in threads."""

    async def measured(_: Request) -> Response:
        return Response(metrics.render(), media_type=METRICS_TYPE)

    async def status(_: Request) -> Response:
        replica.catch_up()
        return Response(_encode(status_of_replica(replica)), media_type="application/json")

    async def live(_: Request) -> Response:
        return Response("alive\n", media_type="text/plain")

    async def described(_: Request) -> Response:
        return Response(_encode(openapi()), media_type="application/json")

    async def ready(request: Request) -> Response:
        if getattr(request.app.state, "draining", False):
            return Response("draining: shutting down\n", 503, media_type="text/plain")
        if replica.ready:
            return Response(f"ready\n{down_report()}", media_type="text/plain")
        if replica.damaged:
            reason = f"not ready: {replica.damaged} damaged segments, waiting for their indexers to send them again\n"
            return Response(reason, 503, media_type="text/plain")
        return Response("not ready: no layout is complete yet\n", 503, media_type="text/plain")

    return [
        Route("/livez", live),
        Route("/readyz", ready),
        Route("/status", status),
        Route("/metrics", measured),
        Route("/openapi.json", described),
    ]


async def _render(seen: Seen, executor: QueryExecutor, scope: Scope, form: Format) -> tuple[str | bytes, int]:
    """Return the body and the status of the answer to a search."""
    request = read_request(scope["query_string"])
    asks = bool(request.query or request.conditions or request.group)
    if form == "html" and not (asks and seen.layout):
        return render_page(request, None, seen.info), 503 if asks else 200
    if form == "text" and not asks:
        return USAGE, 200
    view = seen.view
    fields = view.fields if form == "html" else NO_FIELDS
    if fields and not request.facets:
        request = replace(request, facets=default_facets(fields, view.varies), facets_asked=False)
    answer = await ReplicaSearcher(seen, executor).search(request, executor.admit(scope))
    if form == "json":
        return _encode(answer), 200
    return (render_page(request, answer, fields=fields) if form == "html" else render_text(answer)), 200


async def _feed(seen: Seen, executor: QueryExecutor, scope: Scope, public: str, form: Format) -> bytes:
    """Return a search as a feed."""
    request = read_feed(scope["query_string"])
    answer = await ReplicaSearcher(seen, executor).search(request, executor.admit(scope))
    request = replace(request, corrections=True)  # which an address would say are off
    page = address(replace(request, size=DEFAULT_SIZE))
    return render_feed(form, feed_of(answer, public, page, f"{address(request)}&format={form}"))


def _page_headers(seen: Seen, request: Request, form: Format) -> dict[str, str]:
    headers = _cache_headers(seen, request, form)
    return {**SECURITY_HEADERS, **headers} if form == "html" else headers


def _cache_headers(seen: Seen, request: Request, form: Format) -> dict[str, str]:
    key = key_of(request.scope)
    tag = caching.etag(seen.state + key.told if key else seen.state, form, request.scope)
    kept = caching.PRIVATE if is_private(request.scope) else caching.SHARED
    return {"Cache-Control": kept, "ETag": tag, "Vary": "Accept, Accept-Encoding, Authorization"}


def _response(request: Request, body: str | bytes, status: int, headers: dict[str, str], kind: str) -> Whole:
    """Return a response whose body is compressed if the client takes that; an error may not be kept."""
    content = body.encode() if isinstance(body, str) else body
    content, encoding = compressed(content, header(request.scope, b"accept-encoding"))
    if status != 200:
        headers = {**headers, "Cache-Control": caching.NOT_KEPT}
        del headers["ETag"]
    return Whole(status, {**headers, "Content-Encoding": encoding} if encoding else headers, content, kind)


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


async def _on_error(request: Request, error: Exception) -> Response:
    if isinstance(error, DamagedError):
        request.app.state.replica.store.suspect()
    if not isinstance(error, LightshipError):
        raise error
    epoch, generation = (error.installed or (None, None)) if isinstance(error, SupersededError) else (None, None)
    headers = {"Retry-After": RETRY_SECONDS} if isinstance(error, UnavailableError) else {}
    if isinstance(error, TooManyRequestsError):
        headers = {"Retry-After": str(error.seconds)}
    if isinstance(error, UnauthorizedError):
        headers = {"WWW-Authenticate": "Bearer"}
    problem = Problem(str(error), epoch, generation, retired=isinstance(error, RetiredError))
    return _problem(request, status_of(error), problem, headers)


async def _on_status(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    message = "page not found; the search page is /" if status == 404 else "method not allowed"
    return _problem(request, status, Problem(message), allow_header(request))


async def _on_bug(request: Request, _: Exception) -> Response:
    return _problem(request, 500, Problem("internal error; see the log of this searchengine"), {})


def _problem(request: Request, status: int, problem: Problem, headers: dict[str, str]) -> Response:
    """Return an error in the format that the request prefers; always JSON for what only programs call."""
    form: Format = accepted_format(header(request.scope, b"accept"))
    if (
        request.scope["path"].startswith(("/rpc/", "/admin/", "/lookup", "/suggest", "/mcp"))
        or request.method == "POST"
        or b"format=json" in request.scope["query_string"][:1000]
    ):
        form = "json"
    bodies: dict[Format, Callable[[], str | bytes]] = {
        "html": lambda: render_error(status, problem.error),
        "json": lambda: _encode(problem),
        "text": lambda: f"error: {problem.error}\n",
    }
    form = form if form in bodies else "text"
    if status == HTTPStatus.UNAUTHORIZED and form == "html":
        headers = {"WWW-Authenticate": BY_A_PERSON}
    headers = {**SECURITY_HEADERS, "Cache-Control": caching.NOT_KEPT, **headers}
    return Response(bodies[form](), status, headers, TYPES[form])
