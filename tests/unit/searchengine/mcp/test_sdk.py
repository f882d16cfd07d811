"""The official SDK's client against a searchengine, in each version of the protocol. https://pypi.org/project/mcp/."""

from __future__ import annotations

import asyncio
import json
from importlib.util import find_spec
from typing import Any

import pytest

from made import Caller
from support import require
from unit.searchengine.mcp.agents import NEW
from unit.searchengine.mcp.conftest import GUIDE

CALLS: dict[str, dict[str, Any]] = {
    "search": {"query": "horn"},
    "fetch": {"url": f"{GUIDE}#fog"},
    "explain": {"url": GUIDE, "query": "horn"},
    "facets": {"fields": ["brand"]},
}


@pytest.mark.parametrize(
    ("mode", "version"), [("auto", NEW), (NEW, NEW), ("legacy", "2025-11-25"), ("legacy", "2025-06-18")]
)
def test_the_client_lists_and_calls_each_tool(
    caller: Caller, mode: Any, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    require("the package mcp", find_spec("mcp"))
    from mcp import Client, MCPError
    from mcp.client import session

    monkeypatch.setattr(session, "LATEST_HANDSHAKE_VERSION", version)  # the client offers no older one by itself

    async def go() -> None:
        async with Client(f"http://127.0.0.1:{caller.port}/mcp", mode=mode) as client:
            assert client.session.protocol_version == version
            listed = await client.list_tools()
            assert [tool.name for tool in listed.tools] == list(CALLS)
            for name, arguments in CALLS.items():
                result = await client.call_tool(name, arguments)  # which validates it against the schema
                [content] = result.content
                assert not result.is_error
                assert json.loads(content.text) == result.structured_content
            wrong = await client.call_tool("fetch", {"url": "https://example.org/none"})
            assert wrong.is_error
            with pytest.raises(MCPError, match="unknown tool 'delete'"):
                await client.call_tool("delete", {})

    asyncio.run(go())
