"""What the tests of the MCP endpoint have in common: calls as a client of each version makes them."""

from __future__ import annotations

from typing import Any

import msgspec

from lightship.searchengine.mcp.protocol import LEGACY, MODERN
from made import Caller, Reply

NEW = MODERN[0]
VERSIONS = (*MODERN, *LEGACY)


def envelope(method: str, params: dict[str, Any], version: str = NEW) -> dict[str, Any]:
    """Return a request as `version` wants it."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    given = {**params, "_meta": meta} if version in MODERN else params
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": given}


def headers_of(request: dict[str, Any], version: str = NEW) -> dict[str, str]:
    """Return the headers that a client of `version` sends with a request."""
    shown = {"Content_Type": "application/json", "MCP_Protocol_Version": version}
    if version in MODERN:
        shown["Mcp_Method"] = request["method"]
        if request["method"] == "tools/call":
            shown["Mcp_Name"] = str(request["params"].get("name"))
    return shown


def post(caller: Caller, body: Any, **headers: str) -> Reply:
    """Send a body, encoded unless it is bytes."""
    return caller.call("POST", "/mcp", body if isinstance(body, bytes) else msgspec.json.encode(body), **headers)


def ask(caller: Caller, method: str, params: dict[str, Any] | None = None, version: str = NEW) -> Reply:
    """Make one request."""
    request = envelope(method, params or {}, version)
    return post(caller, request, **headers_of(request, version))


def use(caller: Caller, tool: str, /, **arguments: Any) -> dict[str, Any]:
    """Call a tool, and return what it answers."""
    reply = ask(caller, "tools/call", {"name": tool, "arguments": arguments})
    assert reply.status == 200, reply.text
    result: dict[str, Any] = reply.json["result"]
    assert not result["isError"], result
    assert msgspec.json.decode(result["content"][0]["text"]) == result["structuredContent"]
    found: dict[str, Any] = result["structuredContent"]
    return found


def refused(caller: Caller, tool: str, /, **arguments: Any) -> str:
    """Call a tool, and return the sentence of its error."""
    reply = ask(caller, "tools/call", {"name": tool, "arguments": arguments})
    result = reply.json["result"]
    assert (reply.status, result["isError"]) == (200, True), reply.text
    return str(result["content"][0]["text"])
