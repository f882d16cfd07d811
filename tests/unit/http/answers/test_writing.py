"""A whole answer is written at once, as uvicorn would write it in parts."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from lightship.http.answers.writing import AnswerTransport

EVERY = [(b"date", b"today")]
CLOSE = (b"connection", b"close")


def cycle_of(method: str = "GET", **changed: Any) -> Any:
    attributes: dict[str, Any] = {
        "scope": {"method": method}, "response_started": False, "response_complete": False, "disconnected": False,
        "flow": SimpleNamespace(write_paused=False), "default_headers": EVERY, "keep_alive": True,
        "message_event": asyncio.Event(), "on_response": lambda: None,
    }  # fmt: skip
    return SimpleNamespace(**attributes | changed)


def written(cycle: Any) -> tuple[bool, bytes, bool]:
    """Return whether an answer was written, all that was, and whether the connection was closed."""
    sent, closed = list[bytes](), list[bool]()
    transport: Any = SimpleNamespace(write=sent.append, close=lambda: closed.append(True), is_closing=None)
    done = AnswerTransport(transport, cycle).write_whole(200, b"content-length: 4\r\n", b"body")
    return done, b"".join(sent), bool(closed)


@pytest.mark.parametrize(
    ("cycle", "said", "body", "closes"),
    [
        (cycle_of(), b"date: today\r\ncontent-length: 4\r\n", b"body", False),
        (cycle_of("HEAD"), b"date: today\r\ncontent-length: 4\r\n", b"", False),
        (cycle_of(keep_alive=False), b"date: today\r\ncontent-length: 4\r\nconnection: close\r\n", b"body", True),
        (
            cycle_of(default_headers=[*EVERY, CLOSE]),
            b"date: today\r\nconnection: close\r\ncontent-length: 4\r\n",
            b"body",
            True,
        ),
    ],
)
def test_what_is_written(cycle: Any, said: bytes, body: bytes, closes: bool) -> None:
    assert written(cycle) == (True, b"HTTP/1.1 200 OK\r\n" + said + b"\r\n" + body, closes)
    assert cycle.response_complete
    assert cycle.message_event.is_set()


@pytest.mark.parametrize(
    "cycle",
    [
        cycle_of(response_started=True),
        cycle_of(disconnected=True),
        cycle_of(flow=SimpleNamespace(write_paused=True)),
    ],
)
def test_nothing_is_written_when_it_can_not_be_at_once(cycle: Any) -> None:
    assert written(cycle) == (False, b"", False)
