"""`POST /mcp`: the Model Context Protocol for agents, over the same index as the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lightship.core.errors import DamagedError, LightshipError
from lightship.http.answers.uncached import uncached
from lightship.http.answers.whole import Whole
from lightship.http.requests import header, read_body
from lightship.searchengine.mcp.calls import Calls
from lightship.searchengine.mcp.protocol import (
    INVALID_PARAMS,
    LEGACY,
    METHOD_NOT_FOUND,
    MODERN,
    SERVER_KEY,
    VERSIONS,
    Message,
    ProtocolError,
    read_message,
    version_of,
)
from lightship.searchengine.mcp.tools import ARGUMENTS, IMPLEMENTATION, INSTRUCTIONS, TOOLS
from lightship.searchengine.search.admission import QueryExecutor
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.search.seen import Seen

MAX_BODY = 64 << 10  # bytes
_KEPT = {
    "ttlMs": 300_000,
    "cacheScope": "public",
}  # how long a client may keep what a version of Lightship says of itself
_CAPABILITIES: dict[str, Any] = {"tools": {}}
_encode = msgspec.json.Encoder().encode


class Mcp:
    """The endpoint for `replica`."""

    def __init__(self, replica: Replica, seen_by: Callable[[Request], Seen], executor: QueryExecutor) -> None:
        """Search what is `seen_by` a request, as `executor` admits it."""
        self._replica, self._seen_by, self._executor = replica, seen_by, executor

    def routes(self) -> list[Route]:
        """Return the route; there are no streams to GET and no sessions to DELETE."""
        return [Route("/mcp", self._post, methods=["POST"])]

    async def _post(self, request: Request) -> Response | Whole:
        message, version, accepted = None, "", header(request.scope, b"accept-encoding")
        try:
            message = read_message(await read_body(request, MAX_BODY))
            version = version_of(message, request.headers)
            if message.id is msgspec.UNSET:
                return Response(None, 202)
            result = await self._result(message, version, request)
        except ProtocolError as error:
            return uncached(_encode(error.answer(message)), accepted, error.status(version))
        if version in MODERN:
            result = {"resultType": "complete", **result, "_meta": {SERVER_KEY: IMPLEMENTATION}}
        return uncached(_encode({"jsonrpc": "2.0", "id": message.id, "result": result}), accepted)

    async def _result(self, message: Message, version: str, request: Request) -> dict[str, Any]:
        params = message.params or {}
        if message.method == "tools/call":
            return await self._called(params, request)
        if message.method == "tools/list":
            if params.get("cursor"):
                raise ProtocolError(code=INVALID_PARAMS, message="there is no such cursor: one page has all tools")
            return {"tools": TOOLS, **(_KEPT if version in MODERN else {})}
        about = {"capabilities": _CAPABILITIES, "instructions": INSTRUCTIONS}
        if message.method == "server/discover" and version in MODERN:
            return {"supportedVersions": VERSIONS, **about, **_KEPT}
        if message.method == "initialize" and version not in MODERN:
            asked = params.get("protocolVersion")
            agreed = asked if asked in LEGACY else LEGACY[0]
            return {"protocolVersion": agreed, "serverInfo": IMPLEMENTATION, **about}
        if message.method == "ping" and version not in MODERN:
            return {}
        raise ProtocolError(code=METHOD_NOT_FOUND, message=f"there is no method {message.method[:80]!r} in {version}")

    async def _called(self, params: dict[str, Any], request: Request) -> dict[str, Any]:
        name, arguments = params.get("name"), params.get("arguments", {})
        if not isinstance(name, str) or name not in ARGUMENTS:
            raise ProtocolError(
                code=INVALID_PARAMS, message=f"unknown tool {str(name)[:80]!r}; there are {', '.join(ARGUMENTS)}"
            )
        if not isinstance(arguments, dict):
            raise ProtocolError(code=INVALID_PARAMS, message="params.arguments must be an object")
        self._replica.catch_up()
        try:
            calls = Calls(self._seen_by(request), self._executor)
            found = await calls.call(name, arguments, self._executor.admit(request.scope))
        except LightshipError as error:
            if isinstance(error, DamagedError):
                self._replica.store.suspect()
            return {"content": [{"type": "text", "text": str(error)}], "isError": True}
        content = [{"type": "text", "text": found.decode()}]
        return {"content": content, "structuredContent": msgspec.Raw(found), "isError": False}
