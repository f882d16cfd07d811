"""Pages of other origins: which may read what, asked as browsers ask, of a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lightship.config import SearchengineSettings
from made import Caller, MadeShard, Reply, page, served

GUEST = {"Origin": "https://guest.example"}
STRANGER = {"Origin": "https://stranger.example"}
PREFLIGHT = {"Access_Control_Request_Method": "GET", "Access_Control_Request_Headers": "if-none-match"}
Start = Callable[..., Caller]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:

        def start(*origins: str) -> Caller:
            caller = stack.enter_context(served(tmp_path / "se", settings=SearchengineSettings(origins=origins)))
            caller.push(MadeShard(tmp_path / "shard").put(page(1, "lamp")))
            return caller

        yield start


def shared(reply: Reply) -> str:
    return str(reply.headers.get("access-control-allow-origin", ""))


@pytest.mark.parametrize(
    "target", ["/", "/search?q=lamp", "/suggest?q=la", "/lookup?url=x", "/openapi.json", "/search?size=x"]
)
def test_pages_of_named_origins_may_read_answers(start: Start, target: str) -> None:
    caller = start("https://guest.example")
    assert shared(caller.get(target, **GUEST)) == "https://guest.example"
    for headers in (STRANGER, {"Origin": "null"}, {}):
        reply = caller.get(target, **headers)
        assert shared(reply) == ""
        assert "Origin" in reply.headers["vary"]


@pytest.mark.parametrize("target", ["/status", "/metrics", "/livez", "/rpc/v1/manifest", "/admin/v1/promote"])
def test_they_may_read_nothing_else(start: Start, target: str) -> None:
    caller = start("*")
    assert shared(caller.get(target, **GUEST)) == ""
    assert caller.call("OPTIONS", target, None, **{**GUEST, **PREFLIGHT}).status != 204


def test_they_change_nothing(start: Start) -> None:
    caller = start("https://guest.example")
    reply = caller.call("POST", "/admin/v1/promote", b"{}", **GUEST)
    assert (reply.status, shared(reply)) == (403, "")


def test_preflight(start: Start) -> None:
    caller = start("https://guest.example")
    reply = caller.call("OPTIONS", "/search", None, **{**GUEST, **PREFLIGHT})
    assert reply.status == 204
    assert shared(reply) == "https://guest.example"
    assert "If-None-Match" in reply.headers["access-control-allow-headers"]
    assert "access-control-allow-private-network" not in reply.headers
    private = {**GUEST, **PREFLIGHT, "Access_Control_Request_Private_Network": "true"}
    reply = caller.call("OPTIONS", "/search", None, **private)
    assert reply.headers["access-control-allow-private-network"] == "true"
    assert shared(caller.call("OPTIONS", "/search", None, **{**STRANGER, **PREFLIGHT})) == ""


def test_everybody(start: Start) -> None:
    caller = start("*")
    for headers in (GUEST, {}, {"Origin": "null"}):
        reply = caller.get("/search?q=lamp", **headers)
        assert shared(reply) == "*"
        assert "Origin" not in reply.headers["vary"]


def test_nobody_by_default(start: Start) -> None:
    caller = start()
    reply = caller.get("/search?q=lamp", **GUEST)
    assert (reply.status, shared(reply)) == (200, "")
    assert caller.call("OPTIONS", "/search", None, **{**GUEST, **PREFLIGHT}).status == 405


def test_a_request_with_two_origins_is_nobodys(start: Start) -> None:
    caller = start("https://guest.example")
    reply = caller.raw(
        b"GET /search?q=lamp HTTP/1.1\r\nHost: localhost\r\nOrigin: https://guest.example\r\n"
        b"Origin: https://stranger.example\r\nConnection: close\r\n\r\n"
    )
    assert b"access-control-allow-origin" not in reply.lower()
