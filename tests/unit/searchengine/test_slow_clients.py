"""Clients that are slow, or too many, over raw sockets."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lightship.rpc import protocol
from made import Caller, served
from support import Program, free_port, wait_until

HEAD = b"PUT /rpc/v1/shards/0 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"


def trickle(port: int, first: bytes, drop: bytes, seconds: float = 8) -> bytes:
    """Send `first`, then `drop` again and again until the other side ends it; return what it said."""
    with socket.create_connection(("127.0.0.1", port), timeout=0.02) as connection:
        connection.sendall(first)
        said, end = b"", time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(TimeoutError, ConnectionResetError):
                piece = connection.recv(65536)
                if not piece:
                    return said
                said += piece
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(drop)
        raise AssertionError(f"still open after {seconds} s: {said!r}")


@pytest.mark.parametrize(
    ("first", "drop"), [(b"", b""), (b"GET /", b"a"), (b"GET / HTTP/1.1\r\nHost: x\r\n", b"X: y\r\n"), (HEAD, b"x")]
)
def test_a_client_that_trickles_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: bytes, drop: bytes
) -> None:
    monkeypatch.setattr(protocol, "SLOW_SECONDS", 0.3)
    with served(tmp_path / "store") as caller:
        said = trickle(caller.port, first, drop)
        assert said.startswith(b"HTTP/1.1 408 "), said
        assert caller.get("/livez").status == 200


def test_a_body_that_comes_fast_enough_may_take_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "SLOW_SECONDS", 0.2)
    with served(tmp_path / "store") as caller, socket.create_connection(("127.0.0.1", caller.port), 5) as connection:
        connection.sendall(HEAD)
        for _ in range(10):
            connection.sendall(b" " * 100_000)
            time.sleep(0.06)  # in all three times what a head may take
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")  # no manifest


def test_one_connection_too_many_is_told_so(spawn: Callable[..., Program]) -> None:
    port = free_port()
    spawn("lightship.searchengine.main", f"-addr=127.0.0.1:{port}", "-data=data", "-connections=3", "-drain=0")
    address = ("127.0.0.1", port)
    wait_until(lambda: Caller(port).get("/livez").status == 200, 20, "it answers")
    with contextlib.ExitStack() as stack:
        kept = [stack.enter_context(socket.create_connection(address, 5)) for _ in range(3)]
        for connection in kept:
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
        extra = stack.enter_context(socket.create_connection(address, 5))
        said = extra.recv(1000)
        assert said.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1\r\n" in said
        kept[0].close()

        def answered() -> bool:
            with socket.create_connection(address, 5) as another:
                another.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
                return another.recv(1000).startswith(b"HTTP/1.1 200 ")

        wait_until(answered, 5, "there is room again")
