"""The methods that a path supports, for answers with 405. Starlette would list only those of the first route."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import Match, Route


def allow_header(request: Request) -> dict[str, str]:
    """Return the Allow header for the path of `request`; empty if no route matches."""
    methods = {
        method
        for route in request.app.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }
    return {"Allow": ", ".join(sorted(methods))} if methods else {}
