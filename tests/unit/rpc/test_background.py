"""A thread's work behind an event loop: what it raises comes to who waits for it, and to nobody else."""

from __future__ import annotations

import asyncio
import gc
import logging

import pytest

from lightship.rpc.background import BackgroundThread


def fail() -> None:
    raise OSError("full")


def test_a_failure_that_nobody_waits_for_is_no_trouble_of_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    """Who was cancelled meanwhile has its own reason; asyncio would tell the other one, with a traceback, as an error."""

    async def leave() -> None:
        thread = BackgroundThread()
        await thread.run(fail)
        await thread.settle()

    with caplog.at_level(logging.ERROR):
        asyncio.run(leave())
        gc.collect()
    assert not caplog.records


def test_what_it_raised_comes_with_the_next_wait() -> None:
    async def wait() -> None:
        thread = BackgroundThread()
        await thread.run(fail)
        await thread.settle()
        await thread.wait()

    with pytest.raises(OSError, match="full"):
        asyncio.run(wait())
