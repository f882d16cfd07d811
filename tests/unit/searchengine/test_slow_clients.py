"""Slow clients and too many clients, over raw sockets."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lightship.config import SearchengineSettings
from lightship.http import connections, protocol
from made import Caller, served
from support import wait_until

HEAD = b"PUT /rpc/v1/shards/0 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"


def trickle(port: int, first: bytes, drop: bytes, seconds: float = 60) -> bytes:
    """Send `first`, then `drop` repeatedly until the server closes the connection; return its answer."""
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
    monkeypatch.setattr(protocol, "SLOW_SECONDS", 0.5)
    with served(tmp_path / "store") as caller, socket.create_connection(("127.0.0.1", caller.port), 30) as connection:
        connection.sendall(HEAD)
        for _ in range(10):
            connection.sendall(b" " * 100_000)
            time.sleep(0.15)  # in total three times the limit for a request head
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")  # not a manifest


def test_a_client_that_has_its_answer_may_be_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "SLOW_SECONDS", 0.2)
    with served(tmp_path / "store") as caller:
        silent = http.client.HTTPConnection("127.0.0.1", caller.port, timeout=30)
        for _ in range(2):
            silent.request("GET", "/livez")
            with silent.getresponse() as response:
                assert (response.status, response.read() != b"") == (200, True)
            assert trickle(caller.port, b"", b"").startswith(b"HTTP/1.1 408 "), (
                "as long as one may be who has not asked"
            )
        silent.close()


GET = b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n"


def ask(connection: socket.socket, path: bytes) -> bytes:
    """Send another request; return the first line of the answer, or what arrived instead."""
    connection.sendall(GET % path)
    return connection.recv(1000).partition(b"\r\n")[0]


@contextlib.contextmanager
def crowded(folder: Path, count: int, first: bytes, **settings: Any) -> Iterator[tuple[Caller, list[socket.socket]]]:
    """Serve with few connections; `count` connections have sent `first`, one after the other."""
    with (
        served(folder, settings=SearchengineSettings(**settings)) as caller,
        contextlib.ExitStack() as stack,
    ):
        others = []
        for _ in range(count):
            others.append(stack.enter_context(socket.create_connection(("127.0.0.1", caller.port), 30)))
            others[-1].sendall(first)
            caller.get("/livez")  # makes it the newest
        yield caller, others


def is_open(connection: socket.socket) -> bool:
    connection.settimeout(0.05)
    try:
        return connection.recv(1) != b""
    except TimeoutError:
        return True
    except ConnectionResetError:
        return False


@pytest.mark.parametrize("first", [b"", b"GET / HT", GET % b"livez"])
def test_the_oldest_connection_that_waits_makes_room(tmp_path: Path, first: bytes) -> None:
    with crowded(tmp_path, 6, first, connections=5, per_address=5) as (caller, others):
        assert caller.get("/?q=x&format=json").status == 503  # no index yet, but the request was served
        for other in others:
            other.setblocking(False)
            with contextlib.suppress(BlockingIOError, ConnectionResetError):
                other.recv(1000)  # the answer, if there is one
        assert [is_open(other) for other in others] == [False, False, True, True, True, True]


def test_when_all_are_at_work_the_newest_is_told_so_unless_it_is_a_probe(tmp_path: Path) -> None:
    with crowded(tmp_path, 3, HEAD, connections=3, per_address=3) as (caller, others):
        for path, status in (("/livez", 200), ("/readyz", 503), ("/metrics", 200)):
            reply = caller.get(path)
            assert (reply.status, reply.headers["connection"]) == (status, "close")
        refused = caller.get("/status")
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        assert refused.json["error"].startswith("too many connections")
        others[1].close()
        wait_until(lambda: caller.get("/status").status == 200, 30, "there is room again")


def test_one_address_leaves_room_for_others(tmp_path: Path) -> None:
    with crowded(tmp_path, 2, HEAD, connections=4, per_address=2) as (caller, _):
        assert caller.get("/status").status == 503
        with socket.create_connection(("127.0.0.1", caller.port), 30, ("127.0.0.2", 0)) as another:
            assert ask(another, b"status") == b"HTTP/1.1 200 OK"


def test_probes_are_answered_however_many_connections_want_to_be_heard(tmp_path: Path) -> None:
    with crowded(tmp_path, 1, HEAD, connections=1) as (caller, _), contextlib.ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(("127.0.0.1", caller.port), 30)) for _ in range(100)]
        assert caller.get("/livez").status == 200
        wait_until(
            lambda: [is_open(each) for each in silent].count(True) <= connections.EXTRA, 30, "the oldest are cut"
        )


def test_a_client_that_does_not_take_its_answer_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "SWEEP_SECONDS", 0.2)
    monkeypatch.setattr(protocol, "SLOW_SECONDS", 60.0)  # what is cut is not cut for being slow to ask
    with served(tmp_path) as caller, socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", caller.port))
        with contextlib.suppress(TimeoutError, ConnectionError):
            slow.settimeout(1)
            for _ in range(400):
                slow.sendall(GET % b"openapi.json")

        def cut() -> bool:
            slow.setblocking(False)
            try:
                slow.sendall(b"GET")
            except BlockingIOError:
                return False
            except ConnectionError:
                return True
            return False

        wait_until(cut, 30, "it is cut")
        assert caller.get("/livez").status == 200


def test_a_slow_client_that_takes_its_answer_has_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "SWEEP_SECONDS", 0.1)
    with served(tmp_path) as caller, socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(30)
        slow.connect(("127.0.0.1", caller.port))
        slow.sendall((GET % b"openapi.json") * 40 + b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        said = bytearray()
        while piece := slow.recv(40_000):
            said += piece
            time.sleep(0.01)
        assert said.count(b"HTTP/1.1 200 OK") == 41


def test_more_requests_than_a_client_may_send_at_once_are_left(tmp_path: Path) -> None:
    with served(tmp_path) as caller, socket.create_connection(("127.0.0.1", caller.port), 30) as connection:
        connection.sendall((GET % b"livez") * 5000)
        said = bytearray()
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(65536):
                said += piece
        assert 0 < said.count(b"HTTP/1.1 200 OK") == said.count(b"alive") <= protocol.MAX_PIPELINED + 1
        assert said.rpartition(b"HTTP/1.1")[2].count(b"connection: close") == 1
