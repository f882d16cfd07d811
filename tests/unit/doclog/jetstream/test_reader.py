"""Reading from NATS: background reads whose results are no longer awaited."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from types import SimpleNamespace
from typing import Any

import pytest

from lightship.core.errors import UnavailableError
from lightship.doclog.jetstream.client.errors import ApiError, RetryError
from lightship.doclog.jetstream.reader import RECHECK_SECONDS, Reader
from lightship.doclog.jetstream.sessions import Sessions
from lightship.doclog.jetstream.streams import SESSIONS, Facts


class _Late:
    """A connection on which a refusal arrives just after the wait for it ended, too late to be cancelled."""

    address = SimpleNamespace(name="log")

    async def api(self, *_: object) -> object:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            raise RetryError("JetStream system temporarily unavailable") from None
        raise AssertionError

    async def get(self, _: str) -> object:
        raise RetryError("no answer")


def test_a_leader_that_answers_too_late_is_no_trouble_of_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    """Otherwise asyncio logs it as an error, with a traceback: 144 times in half an hour of chaos."""
    late: Any = _Late()

    async def recheck() -> None:
        reader = Reader(late, late, Facts("id", 2, 1), Sessions(late))
        reader._tails[0].after = reader._tails[0].head = 1
        await reader._recheck(0.01)
        await asyncio.sleep(0.01)

    with caplog.at_level(logging.ERROR):
        asyncio.run(recheck())
        gc.collect()
    assert not caplog.records


class _Idle(_Late):
    """A connection to leaders that have nothing newer, which notes whom it asked."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    async def api(self, *request: object) -> object:
        self.asked.append(request[0])
        raise ApiError(10037, "no message found")


def test_only_ends_that_were_not_checked_for_a_while_are_asked_for_again() -> None:
    idle: Any = _Idle()

    async def recheck() -> None:
        reader = Reader(idle, idle, Facts("id", 4, 1), Sessions(idle))
        for tail in reader._tails:
            tail.after = tail.head = 0
        doubted, checked, old, behind = reader._tails
        doubted.checked, checked.checked = float("-inf"), time.monotonic()
        old.checked = checked.checked - RECHECK_SECONDS
        behind.head = 1
        for _ in range(2):
            await reader._recheck(10)

    asyncio.run(recheck())
    assert idle.asked == ["STREAM.MSG.GET.log-0", "STREAM.MSG.GET.log-2"]


class _Restless:
    """A connection to a leader that has stored one more mark each time it is asked, and never an entry."""

    address = SimpleNamespace(name="log")

    def __init__(self) -> None:
        self.marks = 0

    async def with_retries(self, attempt: Any) -> Any:
        return await attempt()

    async def ask(self, *_: object, **__: object) -> list[Any]:
        self.marks += 1
        sequence, before = str(self.marks), str(self.marks - 1)
        mark = {
            "Nats-Sequence": sequence, "Nats-Time-Stamp": "", "Nats-Last-Sequence": "0", SESSIONS: f"{before}:abc,",
        }  # fmt: skip
        end = {"Status": "204", "Nats-Last-Sequence": sequence}
        await asyncio.sleep(0)
        return [SimpleNamespace(headers=mark, data=b"\0\0"), SimpleNamespace(headers=end, data=b"")]


def test_a_read_ends_within_its_patience_though_marks_never_end() -> None:
    restless: Any = _Restless()

    async def read() -> None:
        reader = Reader(restless, restless, Facts("id", 2, 1), Sessions(restless))
        for _ in range(3):
            async with asyncio.timeout(30):
                with pytest.raises(UnavailableError):
                    await reader.read(1, 0, 500, 0.2)

    asyncio.run(read())
    assert restless.marks > 10
