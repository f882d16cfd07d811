"""Endpoints that require authorization."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from lightship.core.errors import UnavailableError
from lightship.http.tokens import Guard

Endpoint = Callable[[Request], Awaitable[Response]]


def guarded(guard: Guard, endpoint: Endpoint) -> Endpoint:
    """Return `endpoint` protected by `guard`: UnauthorizedError is raised before the body is read."""

    async def check(request: Request) -> Response:
        guard.check(request.scope)
        try:
            return await endpoint(request)
        except ClientDisconnect:
            return Response(status_code=400)  # the client is gone
        except asyncio.CancelledError:  # the server stops waiting for requests in flight
            raise UnavailableError("shutting down; the request may have been carried out, send it again") from None

    return check
