"""Completes queries, and shows what a replica knows of one document."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lightship.http.answers import caching
from lightship.http.answers.whole import Whole
from lightship.http.requests import header
from lightship.searchengine.routes.respond import TYPES, SeenBy, cache_headers, encode, page_headers, respond
from lightship.searchengine.search.admission import QueryExecutor
from lightship.searchengine.search.lookup import look_up
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.search.request import choose_format, read_cached, read_lookup, read_request
from lightship.searchengine.search.suggesting import SUGGESTIONS_TYPE, opensearch_form, suggest, suggest_seconds
from lightship.searchengine.web.cached import cached_text, marked_paragraphs
from lightship.searchengine.web.html import OPENSEARCH_PATH, OPENSEARCH_TYPE, render_cached, render_opensearch


def document_routes(replica: Replica, seen_by: SeenBy, executor: QueryExecutor, public: str) -> list[Route]:
    """Return the routes that complete queries, and show what `replica` knows of one document."""

    async def looked_up(request: Request) -> Whole:
        replica.catch_up()
        given = read_lookup(request.scope["query_string"])
        found = await look_up(seen_by(request), executor, *given, executor.admit(request.scope))
        return respond(request, encode(found), 200, {"Cache-Control": "private, no-cache"}, TYPES["json"])

    async def suggested(request: Request) -> Whole:
        replica.catch_up()
        seen = seen_by(request)
        headers = cache_headers(seen, request, "json")
        if caching.has(request.scope, headers["ETag"]):
            return Whole(304, headers)
        given = read_request(request.scope["query_string"])
        until = executor.admit(request.scope)
        found = await executor.run(lambda: suggest(seen, given), suggest_seconds(seen, given), until)
        if request.query_params.get("format") == "opensearch":
            return respond(request, encode(opensearch_form(found)), 200, headers, SUGGESTIONS_TYPE)
        return respond(request, encode(found), 200, headers, TYPES["json"])

    async def cached(request: Request) -> Whole:
        replica.catch_up()
        query_string = request.scope["query_string"]
        form = choose_format(query_string, header(request.scope, b"accept"))
        url, given = read_cached(query_string)
        seen = seen_by(request)
        headers = page_headers(seen, request, form)
        if caching.has(request.scope, headers["ETag"]):
            return Whole(304, headers)
        until = executor.admit(request.scope)
        shown = await cached_text(seen, executor, url, given.page, until)
        body: str | bytes = shown.text if form == "text" else encode(shown)
        if form == "html":
            marked = await marked_paragraphs(seen, executor, shown, given.query, until)
            body = render_cached(shown, marked, given)
        return respond(request, body, 200, headers, TYPES[form])

    async def opensearch(_: Request) -> Response:
        return Response(render_opensearch(public), media_type=OPENSEARCH_TYPE)

    return [
        Route("/lookup", looked_up),
        Route("/suggest", suggested),
        Route("/cached", cached),
        Route(OPENSEARCH_PATH, opensearch),
    ]
