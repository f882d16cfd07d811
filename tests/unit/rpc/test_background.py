"""Blocking calls in a worker thread: an exception is raised to the caller that waits, and nowhere else."""

from __future__ import annotations

import asyncio
import gc
import logging

import pytest

from lightship.rpc.background import BackgroundThread


def fail() -> None:
    raise OSError("full")


def test_a_failure_that_nobody_waits_for_is_no_trouble_of_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    """The cancelled caller has its own exception; asyncio would log the thread's with a traceback."""

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
