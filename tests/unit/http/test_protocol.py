"""When a connection is ended for what its client does not take; the rest is in `searchengine/test_slow_clients.py`, over sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from lightship.http.answers.writing import AnswerTransport
from lightship.http.protocol import LEAST_BYTES, LimitedProtocol
from lightship.http.server import serving

MUCH = 100 * LEAST_BYTES


class Transport:
    """Has so many bytes that its client did not take yet."""

    def __init__(self, unsent: int) -> None:
        self.unsent, self.is_aborted = unsent, False

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def abort(self) -> None:
        self.is_aborted = True


@pytest.mark.parametrize(
    ("before", "taken", "unsent", "is_cut"),
    [
        (0, False, MUCH, False),  # it is new
        (MUCH, False, 0, False),
        (MUCH, False, MUCH, True),
        (MUCH, False, MUCH + 1, True),
        (MUCH, False, MUCH - LEAST_BYTES + 1, True),
        (MUCH, False, MUCH - LEAST_BYTES, False),
        (MUCH, True, MUCH, False),  # it took all that there was, and more was made
    ],
)
def test_a_client_is_cut_that_takes_too_little_between_two_looks(
    before: int, taken: bool, unsent: int, is_cut: bool
) -> None:
    transport: Any = Transport(unsent)
    protocol = LimitedProtocol.__new__(LimitedProtocol)
    protocol.transport, protocol._unsent, protocol._taken = transport, before, taken
    protocol.sweep()
    assert transport.is_aborted == is_cut
    assert (protocol._unsent, protocol._taken) == (unsent, False)


def test_a_request_that_another_one_follows_hears_that_its_client_left(caplog: pytest.LogCaptureFixture) -> None:
    """uvicorn tells only the last request of a connection: the answer to the first was an error with a traceback."""
    began, heard, ended = threading.Event(), list[str](), threading.Event()

    async def answer(request: Request) -> Response:
        await request.body()
        began.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                heard.append((await request.receive())["type"])
        ended.set()
        return Response("too late")

    app = Starlette(routes=[Route("/", answer, methods=["POST"])])
    with serving(app, "127.0.0.1:0", "test", {}, grace_seconds=1) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n" * 3)
            assert began.wait(30)
        assert ended.wait(30)
    assert heard == ["http.disconnect"]
    assert [record.getMessage() for record in caplog.records] == []


@pytest.mark.parametrize(
    ("method", "written"),
    [
        ("GET", [b"HTTP/1.1 100 Continue", b"head and body", b" and more"]),
        ("HEAD", [b"HTTP/1.1 100 Continue", b"head"]),
    ],
)
def test_the_head_of_an_answer_is_written_with_its_body(method: str, written: list[bytes]) -> None:
    sent = list[bytes]()
    transport: Any = SimpleNamespace(write=sent.append, close=None, is_closing=None)
    cycle: Any = SimpleNamespace(scope={"method": method}, response_started=False)
    answer = AnswerTransport(transport, cycle)
    answer.write(b"HTTP/1.1 100 Continue")
    cycle.response_started = True
    answer.write(b"head")
    for data in (b" and body", b" and more") if method == "GET" else ():
        answer.write(data)
    assert sent == written
