"""Notices that this process slept: what it reads right afterwards may have lain in the kernel since before."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from lightship.core.errors import UnavailableError
from lightship.doclog.protocol.fence import FRESH_SECONDS
from lightship.runtime.tasks import keep

STALL_SECONDS = 1.0  # with FRESH_SECONDS, what a sender waits at least
BEAT_SECONDS = 0.25


class Stalls:
    """Watches the event loop; used in it."""

    def __init__(self) -> None:
        """Watch nothing yet: see `watching`."""
        self._beaten = float("inf")
        self._doubtful_until = 0.0

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watch as long as the context lasts."""
        self._beaten = time.monotonic()
        beating = asyncio.create_task(keep("stalls", self._run))
        try:
            yield
        finally:
            beating.cancel()

    async def _run(self) -> None:
        while True:
            self._beat()
            await asyncio.sleep(BEAT_SECONDS)

    def _beat(self) -> None:
        now = time.monotonic()
        if now - self._beaten > STALL_SECONDS:
            self._doubtful_until = now + FRESH_SECONDS  # by then all that the kernel had is read
        self._beaten = now

    def check(self) -> None:
        """Raise UnavailableError when what is read now may have been sent long ago."""
        self._beat()
        if self._beaten < self._doubtful_until:
            raise UnavailableError("this indexer stood still: send it again, if it still holds")
