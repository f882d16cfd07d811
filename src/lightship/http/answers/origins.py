"""Lets web pages of other origins read answers: CORS, https://fetch.spec.whatwg.org/#http-cors-protocol."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lightship.core.origins import Origins
from lightship.http.answers.whole import WRITER

PREFLIGHT_SECONDS = 86_400  # that a browser keeps the answer to a preflight request; browsers keep it for less
_METHODS = "GET, HEAD, POST, OPTIONS"
_HEADERS = (
    "Accept, Authorization, Content-Type, If-Modified-Since, If-None-Match, Last-Event-ID, Mcp-Method, Mcp-Name, "
    "Mcp-Protocol-Version"
)
_EXPOSED = "ETag, Last-Modified, Retry-After"
ORIGIN = "lightship.origin"  # in a scope: the allowed origin that a request came from
_OWN = (b"origin", b"sec-fetch-site")  # by which a request says that it comes from another site


class CrossOrigin:
    """Answers preflight requests, and marks the answers of some paths as readable by pages of the allowed origins.

    A request of such a page then counts as one of this server's own pages.
    """

    def __init__(self, app: ASGIApp, origins: Origins, paths: frozenset[str]) -> None:
        """Let pages of `origins` read the answers of `app` to requests for `paths`."""
        self._app, self._origins, self._paths = app, origins, paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] not in self._paths:
            await self._app(scope, receive, send)
            return
        scope.pop(WRITER, None)  # an answer must pass `send_marked`
        shown = Headers(scope=scope)
        told = self._told(shown.getlist("origin"))
        if told and scope["method"] == "OPTIONS" and "access-control-request-method" in shown:
            await _preflight(told, shown)(scope, receive, send)
            return
        if told:
            origin = shown.get("origin", "").encode("latin-1")
            scope = {**scope, ORIGIN: origin, "headers": [each for each in scope["headers"] if each[0] not in _OWN]}

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                _mark(MutableHeaders(scope=message), told, self._origins.everybody)
            await send(message)

        await self._app(scope, receive, send_marked)

    def _told(self, shown: list[str]) -> str:
        """Return the value of Access-Control-Allow-Origin for the Origin headers of a request; empty if not allowed."""
        if self._origins.everybody:
            return "*"
        return shown[0] if len(shown) == 1 and self._origins.allow(shown[0]) else ""


def _mark(headers: MutableHeaders, told: str, everybody: bool) -> None:
    if not everybody:
        headers.add_vary_header("Origin")
    if told:
        headers["Access-Control-Allow-Origin"] = told
        headers["Access-Control-Expose-Headers"] = _EXPOSED


def _preflight(told: str, shown: Headers) -> Response:
    headers = {
        "Access-Control-Allow-Origin": told,
        "Access-Control-Allow-Methods": _METHODS,
        "Access-Control-Allow-Headers": _HEADERS,
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
        "Vary": "Origin, Access-Control-Request-Headers, Access-Control-Request-Private-Network",
    }
    if shown.get("access-control-request-private-network") == "true":  # from a public page to a private address
        headers["Access-Control-Allow-Private-Network"] = "true"
    return Response(status_code=204, headers=headers)
