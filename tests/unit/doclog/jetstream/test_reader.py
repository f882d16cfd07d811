"""Reading from NATS: background reads whose results are no longer awaited."""

from __future__ import annotations

import asyncio
import gc
import logging
from types import SimpleNamespace
from typing import Any

import pytest

from lightship.doclog.jetstream.client.errors import RetryError
from lightship.doclog.jetstream.reader import Reader
from lightship.doclog.jetstream.sessions import Sessions
from lightship.doclog.jetstream.streams import Facts


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
