"""A thread's work behind an event loop: what it raises comes to who waits for it, and to nobody else."""

from __future__ import annotations

import asyncio
import gc
import logging

import pytest

from lightship.rpc.behind import BackgroundThread


def fail() -> None:
    raise OSError("full")


def test_a_failure_that_nobody_waits_for_is_no_trouble_of_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    """Who was cancelled meanwhile has its own reason; asyncio would tell the other one, with a traceback, as an error."""

    async def leave() -> None:
        behind = BackgroundThread()
        await behind.run(fail)
        await behind.settle()

    with caplog.at_level(logging.ERROR):
        asyncio.run(leave())
        gc.collect()
    assert not caplog.records


def test_what_it_raised_comes_with_the_next_wait() -> None:
    async def wait() -> None:
        behind = BackgroundThread()
        await behind.run(fail)
        await behind.settle()
        await behind.wait()

    with pytest.raises(OSError, match="full"):
        asyncio.run(wait())
