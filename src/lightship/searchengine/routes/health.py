"""Whether a searchengine lives and is ready, what it holds, and how it does. All are coroutines: Starlette would run functions in threads."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lightship.runtime.tasks import down_report
from lightship.searchengine.routes.openapi import openapi
from lightship.searchengine.routes.respond import encode
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.web.metrics import METRICS_TYPE, Metrics
from lightship.searchengine.web.status import status_of_replica


def health_routes(replica: Replica, metrics: Metrics) -> list[Route]:
    """Return the routes."""

    async def measured(_: Request) -> Response:
        return Response(metrics.render(), media_type=METRICS_TYPE)

    async def status(_: Request) -> Response:
        replica.catch_up()
        return Response(encode(status_of_replica(replica)), media_type="application/json")

    async def live(_: Request) -> Response:
        return Response("alive\n", media_type="text/plain")

    async def described(_: Request) -> Response:
        return Response(encode(openapi()), media_type="application/json")

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
