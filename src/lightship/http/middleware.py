"""What every listener has in common: protection against cross-site requests, and headers for every answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
import uvicorn
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from lightship.core.origins import Origins
from lightship.http.answers.origins import CrossOrigin
from lightship.http.callers import host_of, is_from_elsewhere, is_unownable
from lightship.http.protocol import limited

EVERY_ANSWER = [("X-Content-Type-Options", "nosniff")]


def server_config(
    app: ASGIApp,
    *,
    public: str = "",
    private: bool = False,
    origins: Sequence[str] = (),
    readable: frozenset[str] = frozenset(),
    connections: int = 1000,
    per_address: int = 0,
    **options: Any,
) -> uvicorn.Config:
    """Return uvicorn's configuration for `app` behind a `RequestGuard`, with limits of `Connections`.

    Web pages of `origins` may read the answers to requests for the paths `readable`.
    A proxy's headers about its client are never trusted.
    """
    guard: ASGIApp = RequestGuard(app, public, private=private)
    if origins:
        guard = CrossOrigin(guard, Origins(origins), readable)
    return uvicorn.Config(
        guard, log_config=None, access_log=False, server_header=False,
        proxy_headers=False, headers=EVERY_ANSWER, http=limited(connections, per_address), loop="uvloop", **options,
    )  # fmt: skip


class RequestGuard:
    """Refuses requests that a web page of another origin made a browser send."""

    def __init__(self, app: ASGIApp, public: str = "", *, private: bool = False) -> None:
        """Protect `app`, whose public url is `public`, if known.

        If `private`, `app` serves this machine only; a Host that somebody could own is then refused unless it is that
        of `public`.
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
            return _problem(400, "invalid Host header")
        if self._private and host not in self._own and not is_unownable(host):
            return _problem(403, "this listener serves only localhost; behind a proxy, set -public=https://NAME/")
        if is_from_elsewhere(scope, self._own):
            return _problem(403, "cross-site request refused: a web page of another site may not make changes here")
        return None


def _problem(status: int, error: str) -> Response:
    return Response(msgspec.json.encode({"error": error}), status, media_type="application/json")
