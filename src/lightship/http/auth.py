"""Endpoints for those only whom a guard lets pass."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from lightship.core.errors import UnavailableError
from lightship.http.tokens import Guard

Endpoint = Callable[[Request], Awaitable[Response]]


def guarded(guard: Guard, endpoint: Endpoint) -> Endpoint:
    """Return `endpoint` behind `guard`: UnauthorizedError is raised before anything of a body is read."""

    async def check(request: Request) -> Response:
        guard.check(request.scope)
        try:
            return await endpoint(request)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        except asyncio.CancelledError:  # the server waits no longer for what is under way
            raise UnavailableError("this program stops: whether it was done is not known; send it again") from None

    return check
