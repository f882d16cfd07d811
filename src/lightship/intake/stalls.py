"""Detects that this process was suspended: data read right afterwards may have been buffered by the kernel for long."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from lightship.core.errors import UnavailableError
from lightship.doclog.protocol.fence import FRESH_SECONDS
from lightship.runtime.tasks import keep

STALL_SECONDS = 1.0  # plus FRESH_SECONDS: the shortest time that a sender waits
BEAT_SECONDS = 0.25


class Stalls:
    """Watches the event loop; used in it."""

    def __init__(self) -> None:
        """Do not watch yet; see `watching`."""
        self._beaten = float("inf")
        self._doubtful_until = 0.0

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watch while the context lasts."""
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
            self._doubtful_until = now + FRESH_SECONDS  # by then all buffered data has been read
        self._beaten = now

    def check(self) -> None:
        """Raise UnavailableError if data read now may have been sent long ago."""
        self._beat()
        if self._beaten < self._doubtful_until:
            raise UnavailableError("this indexer was suspended; send the request again if it is still valid")
