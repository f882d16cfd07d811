"""`/about`: what is searched here, and how to use it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import Route

from lightship.config import SearchengineSettings
from lightship.http.answers.uncached import uncached
from lightship.http.answers.whole import Whole
from lightship.http.requests import header
from lightship.searchengine.integrations.about import own_address, sites
from lightship.searchengine.routes.respond import TYPES, SeenBy
from lightship.searchengine.search.admission import QueryExecutor
from lightship.searchengine.search.api import SearchRequest
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.search.search import ReplicaSearcher
from lightship.searchengine.web.html import SECURITY_HEADERS, render_about


def about_routes(
    replica: Replica, seen_by: SeenBy, executor: QueryExecutor, settings: SearchengineSettings
) -> list[Route]:
    """Return the route that shows the page about this searchengine. A Host header may be forged: no cache may keep it for others."""

    async def about(request: Request) -> Whole:
        replica.catch_up()
        seen = seen_by(request)
        found = await sites(ReplicaSearcher(seen, executor), executor.admit(request.scope)) if seen.layout else []
        base = settings.public or own_address(request.scope)
        asked = SearchRequest(key=request.query_params.get("key", ""))
        body = render_about(asked, base, seen.info, found, settings)
        return uncached(body.encode(), header(request.scope, b"accept-encoding"), 200, TYPES["html"], SECURITY_HEADERS)

    return [Route("/about", about)]
