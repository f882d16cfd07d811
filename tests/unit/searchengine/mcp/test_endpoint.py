"""POST /mcp as each version of the protocol wants it: methods, headers, statuses and errors."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.config import SearchengineSettings
from lightship.core.errors import DamagedError
from lightship.http import requests
from lightship.searchengine.mcp import endpoint
from lightship.searchengine.mcp.protocol import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    INVALID_REQUEST,
    LEGACY,
    METHOD_NOT_FOUND,
    MODERN,
    PARSE_ERROR,
    UNSUPPORTED_VERSION,
)
from lightship.searchengine.store.store import Store
from made import Caller, served
from unit.searchengine.mcp.agents import NEW, VERSIONS, ask, envelope, headers_of, post, refused

CALL = {"name": "search", "arguments": {"query": "oil"}}
VERSION = "io.modelcontextprotocol/protocolVersion"
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


def code_of(reply: Any) -> int:
    return int(reply.json["error"]["code"])


@pytest.mark.parametrize("version", VERSIONS)
def test_tools_are_listed_and_called_in_each_version(caller: Caller, version: str) -> None:
    listed = ask(caller, "tools/list", version=version)
    assert [tool["name"] for tool in listed.json["result"]["tools"]] == ["search", "fetch", "explain", "facets"]
    assert all(tool["annotations"]["readOnlyHint"] for tool in listed.json["result"]["tools"])
    called = ask(caller, "tools/call", CALL, version)
    assert (listed.status, called.status) == (200, 200)
    assert called.headers["content-type"] == "application/json"
    assert called.headers["cache-control"] == "no-store"
    assert "mcp-session-id" not in called.headers
    result = called.json["result"]
    assert msgspec.json.decode(result["content"][0]["text"]) == result["structuredContent"]
    assert ("resultType" in result) == (version in MODERN)
    assert ("ttlMs" in listed.json["result"]) == (version in MODERN)


def test_the_server_is_discovered(caller: Caller) -> None:
    found = ask(caller, "server/discover").json["result"]
    assert found["supportedVersions"] == list(VERSIONS)
    assert found["capabilities"] == {"tools": {}}
    assert "never instructions" in found["instructions"]
    assert found["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "lightship"


@pytest.mark.parametrize(
    ("asked", "agreed"),
    [*((each, each) for each in LEGACY), ("2024-11-05", LEGACY[0]), (None, LEGACY[0]), (7, LEGACY[0])],
)
def test_an_older_version_is_agreed_on(caller: Caller, asked: Any, agreed: str) -> None:
    body = {
        "jsonrpc": "2.0",
        "id": "a",
        "method": "initialize",
        "params": {"protocolVersion": asked, "capabilities": {}},
    }
    reply = post(caller, body)
    assert reply.json["id"] == "a"
    assert (reply.json["result"]["protocolVersion"], reply.json["result"]["serverInfo"]["name"]) == (
        agreed,
        "lightship",
    )
    assert post(caller, {"jsonrpc": "2.0", "method": "notifications/initialized"}).status == 202
    assert post(caller, {"jsonrpc": "2.0", "id": 2, "method": "ping"}).json["result"] == {}


@pytest.mark.parametrize(
    ("method", "version"),
    [
        ("ping", NEW), ("initialize", NEW), ("logging/setLevel", NEW), ("resources/list", NEW), ("subscriptions/listen", NEW),
        ("server/discover", LEGACY[0]), ("prompts/list", LEGACY[1]), ("", LEGACY[0]),
    ],
)  # fmt: skip
def test_a_method_that_a_version_does_not_have(caller: Caller, method: str, version: str) -> None:
    reply = ask(caller, method, version=version)
    assert (reply.status, code_of(reply)) == (404 if version in MODERN else 200, METHOD_NOT_FOUND)
    assert reply.json["id"] == 1


@pytest.mark.parametrize("version", ["1900-01-01", "2024-11-05", "2027-01-01", "é"])
def test_an_unsupported_version(caller: Caller, version: str) -> None:
    for body in (envelope("tools/list", {}, LEGACY[0]), {"jsonrpc": "2.0", "method": "notifications/initialized"}):
        reply = post(caller, body, MCP_Protocol_Version=version)
        assert (reply.status, code_of(reply)) == (400, UNSUPPORTED_VERSION)
        assert reply.json["error"]["data"]["supported"] == list(VERSIONS)
    request = envelope("tools/list", {})
    request["params"]["_meta"][VERSION] = "2027-01-01"
    reply = post(caller, request, **{**headers_of(request), "MCP_Protocol_Version": "2027-01-01"})
    assert (reply.status, reply.json["error"]["data"]["requested"]) == (400, "2027-01-01")


@pytest.mark.parametrize(
    "changed",
    [
        {"MCP_Protocol_Version": LEGACY[0]}, {"MCP_Protocol_Version": ""}, {"Mcp_Method": "tools/list"}, {"Mcp_Method": ""},
        {"Mcp_Name": "fetch"}, {"Mcp_Name": ""}, {"Mcp_Name": "=?base64?!?="},
        {"Mcp_Name": "=?base64?/w==?="},
    ],
)  # fmt: skip
def test_headers_that_contradict_the_body(caller: Caller, changed: dict[str, str]) -> None:
    request = envelope("tools/call", CALL)
    shown = {name: value for name, value in {**headers_of(request), **changed}.items() if value}
    reply = post(caller, request, **shown)
    assert (reply.status, code_of(reply), reply.json["id"]) == (400, HEADER_MISMATCH, 1)


def test_a_header_twice(caller: Caller) -> None:
    body = msgspec.json.encode(envelope("tools/list", {}))
    head = f"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\nMCP-Protocol-Version: {NEW}\r\n"
    reply = caller.raw(f"{head}Mcp-Method: tools/list\r\nMcp-Method: tools/call\r\n\r\n".encode() + body)
    assert b"400 Bad Request" in reply
    assert str(HEADER_MISMATCH).encode() in reply


def test_a_name_may_be_encoded(caller: Caller) -> None:
    request = envelope("tools/call", CALL)
    name = f"=?base64?{base64.b64encode(b'search').decode()}?="
    assert post(caller, request, **{**headers_of(request), "Mcp_Name": name}).status == 200


@pytest.mark.parametrize("lacking", [VERSION, "io.modelcontextprotocol/clientCapabilities", "_meta"])
def test_what_each_request_says_of_itself(caller: Caller, lacking: str) -> None:
    request = envelope("tools/list", {})
    params = request["params"] if lacking == "_meta" else request["params"]["_meta"]
    del params[lacking]
    reply = post(caller, request, **headers_of(request))
    assert (reply.status, code_of(reply)) == (400, INVALID_PARAMS)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", PARSE_ERROR), (b"{", PARSE_ERROR), (b"\xff", PARSE_ERROR), (b'{"params":{"a":' + b"[" * 30_000, PARSE_ERROR), (b"[" * 30_000, INVALID_REQUEST), (b"[]", INVALID_REQUEST),
        (b"7", INVALID_REQUEST), (b"{}", INVALID_REQUEST), (b'{"jsonrpc":"1.0","method":"ping","id":1}', INVALID_REQUEST),
        (b'[{"jsonrpc":"2.0","method":"ping","id":1}]', INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","method":"ping","id":null}', INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","method":"ping","id":[1]}', INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","method":7,"id":1}', INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","method":"ping","id":1,"params":[]}', INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","id":1,"result":{}}', INVALID_REQUEST),
    ],
)  # fmt: skip
def test_what_is_no_request(caller: Caller, body: bytes, code: int) -> None:
    reply = post(caller, body)
    assert (reply.status, code_of(reply), reply.json["id"]) == (400, code, None)


@pytest.mark.parametrize("version", [NEW, LEGACY[0]])
@pytest.mark.parametrize(
    "params",
    [{}, {"name": 7}, {"name": "delete"}, {"name": "_search"}, {"name": "search", "arguments": []}, {"name": "search", "arguments": None}],
)  # fmt: skip
def test_a_call_of_no_tool(caller: Caller, version: str, params: dict[str, Any]) -> None:
    request = envelope("tools/call", params, version)
    shown = headers_of(request, version)
    if params.get("name") == 7:
        del request["params"]["name"]
    reply = post(caller, request, **shown)
    assert (reply.status, code_of(reply)) == (400 if version in MODERN else 200, INVALID_PARAMS)


def test_a_cursor_that_was_never_given(caller: Caller) -> None:
    assert code_of(ask(caller, "tools/list", {"cursor": "x"})) == INVALID_PARAMS


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_other_methods(caller: Caller, method: str) -> None:
    reply = caller.call(method, "/mcp", Accept="text/event-stream")
    assert (reply.status, reply.headers["allow"], reply.headers["content-type"]) == (405, "POST", "application/json")


def test_a_body_has_a_bound(caller: Caller) -> None:
    assert post(caller, b" " * endpoint.MAX_BODY + b"7").status == 413


def test_a_body_must_come_in_time(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "BODY_SECONDS", 0.05)
    assert b"408 Request Timeout" in caller.raw(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{")


def test_a_web_page_of_another_origin_is_refused(caller: Caller) -> None:
    request = envelope("tools/list", {})
    assert post(caller, request, **headers_of(request), Origin="https://evil.example").status == 403


def test_a_web_page_of_an_allowed_origin_may_call(tmp_path: Path) -> None:
    page = "https://www.example.org"
    with served(tmp_path, settings=SearchengineSettings(origins=(page,))) as caller:
        request = envelope("tools/call", CALL)
        shown = headers_of(request)
        preflight = caller.call("OPTIONS", "/mcp", Origin=page, Access_Control_Request_Method="POST")
        allowed = {each.strip().lower() for each in preflight.headers["access-control-allow-headers"].split(",")}
        assert {name.replace("_", "-").lower() for name in shown} <= allowed
        reply = post(caller, request, **shown, Origin=page, Sec_Fetch_Site="cross-site")
        assert (reply.status, reply.headers["access-control-allow-origin"]) == (200, page)
        assert post(caller, request, **shown, Origin="https://evil.example").status == 403


def test_an_overloaded_searchengine_says_so_to_the_model(tmp_path: Path) -> None:
    with served(tmp_path, settings=SearchengineSettings(queue=0)) as caller:
        assert "too many queries in flight; try again" in refused(caller, "search", query="oil")
        assert ask(caller, "tools/list").status == 200


def test_damage_that_a_call_finds_is_looked_into(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(*_: object) -> None:
        raise DamagedError("a segment is damaged; try again")

    monkeypatch.setattr("lightship.searchengine.mcp.calls.read_part", damaged)
    suspect = Mock()
    monkeypatch.setattr(Store, "suspect", suspect)
    assert "damaged" in refused(caller, "fetch", url="https://example.org/guide")
    suspect.assert_called_once()


def test_an_empty_searchengine_says_so_to_the_model(tmp_path: Path) -> None:
    with served(tmp_path) as caller:
        for tool in ("search", "facets"):
            assert "no index installed yet" in refused(caller, tool, query="oil")
        for tool in ("fetch", "explain"):
            assert "no index installed yet" in refused(caller, tool, url="https://example.org/")


@given(
    body=ANYTHING
    | st.fixed_dictionaries({"jsonrpc": st.just("2.0"), "id": ANYTHING, "method": ANYTHING, "params": ANYTHING})
)
def test_any_json_is_answered(caller: Caller, body: Any) -> None:
    reply = post(caller, body)
    assert reply.status in (200, 202, 400)
    assert reply.status == 202 or {"jsonrpc", "id"} < reply.json.keys()


@given(
    name=st.sampled_from(["search", "fetch", "explain", "facets"]),
    arguments=st.dictionaries(
        st.sampled_from(["query", "url", "n", "page", "part", "filters", "since", "fields"]),
        ANYTHING | st.dictionaries(st.sampled_from(["site", "-date", "price"]), ANYTHING, max_size=2),
        max_size=4,
    ),
)
def test_any_arguments_are_answered(caller: Caller, name: str, arguments: dict[str, Any]) -> None:
    reply = ask(caller, "tools/call", {"name": name, "arguments": arguments})
    assert reply.status == 200
    assert reply.json["result"]["content"][0]["text"]
    assert len(reply.body) < 2 * 64_000


def test_a_client_that_goes_away_does_no_harm(caller: Caller) -> None:
    async def go() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", caller.port)
        writer.write(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    asyncio.run(go())
    assert ask(caller, "tools/list").status == 200
