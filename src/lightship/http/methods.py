"""Which methods an address knows: told with 405, for all of its routes (Starlette tells those of the first)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import Match, Route


def allow_header(request: Request) -> dict[str, str]:
    """Return the Allow header for the address of `request`; nothing when there is no such address."""
    methods = {
        method
        for route in request.app.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }
    return {"Allow": ", ".join(sorted(methods))} if methods else {}
