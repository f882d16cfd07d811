"""What stands before every application that we serve: refuses what a browser was made to ask, and sets what holds for every answer."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec
import uvicorn
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from lightship.http.callers import host_of, is_from_elsewhere, is_unownable
from lightship.http.protocol import limited

EVERY_ANSWER = [("X-Content-Type-Options", "nosniff")]


def server_config(
    app: ASGIApp,
    *,
    public: str = "",
    private: bool = False,
    connections: int = 1000,
    per_address: int = 0,
    **options: Any,
) -> uvicorn.Config:
    """Return how uvicorn serves `app`, behind a `RequestGuard`, with so many `Connections`.

    What a proxy says of its caller is never believed.
    """
    return uvicorn.Config(
        RequestGuard(app, public, private=private), log_config=None, access_log=False, server_header=False,
        proxy_headers=False, headers=EVERY_ANSWER, http=limited(connections, per_address), loop="uvloop", **options,
    )  # fmt: skip


class RequestGuard:
    """Lets through to an application what no web page of somebody else had a browser send."""

    def __init__(self, app: ASGIApp, public: str = "", *, private: bool = False) -> None:
        """Stand before `app`, which people reach under the url `public`, if that is known.

        With `private` it is for this machine alone, and called by a name that anybody may own only when that is `public`'s.
        """
        self._app, self._private = app, private
        self._own = (urlsplit(public).netloc.lower(),) if public else ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        host = host_of(scope)
        if host is None:
            return _problem(400, "the Host header is not the name of a host")
        if self._private and host not in self._own and not is_unownable(host):
            return _problem(
                403, "only this machine is served here, as localhost; a proxy's url is said with -public=https://NAME/"
            )
        if is_from_elsewhere(scope, self._own):
            return _problem(403, "a web page of another site asked for this: it changes something, so that is refused")
        return None


def _problem(status: int, error: str) -> Response:
    return Response(msgspec.json.encode({"error": error}), status, media_type="application/json")
