"""Injects faults into a system on schedule, and always repairs them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Sequence

from lightship.chaos.system.faults import Fault, moments
from lightship.chaos.system.live import Liveness
from lightship.chaos.system.system import System
from lightship.core.errors import LightshipError

LOOK_SECONDS = 0.2
WHOLE_SECONDS = 60.0  # for all parts to run again: a supervisor backs off from a part that ended often


class Breaker:
    """Starts and ends faults, one call to the system at a time.

    `now` lists the active faults, `counts` the number started by kind, `seconds` the time spent injecting faults.
    """

    def __init__(self, system: System, faults: Sequence[Fault], live: Liveness) -> None:
        """Inject `faults` into `system`, and keep `live` informed."""
        self.now: list[Fault] = []
        self.counts: Counter[str] = Counter()
        self.stop_early = asyncio.Event()
        self.seconds = 0.0
        self._system, self._faults, self._live = system, faults, live
        self._hand = asyncio.Lock()

    async def run(self, seconds: float) -> None:
        """Inject faults for `seconds`, or until `stop_early` is set; at the end all faults are repaired."""
        began = time.monotonic()
        try:
            for when, what, fault in moments(self._faults):
                if await self._is_stopped(began + when):
                    break
                await (self._begin(fault) if what == "begin" else self._end(fault))
            else:
                await self._is_stopped(began + seconds)
        finally:
            self.seconds = time.monotonic() - began
            await asyncio.gather(
                *map(self._end, self.now), return_exceptions=True
            )  # one failed repair must not prevent the others

    async def _is_stopped(self, until: float) -> bool:
        """Wait until `until` or `stop_early`; True if `stop_early` is set."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, until - time.monotonic())):
                await self.stop_early.wait()
        return self.stop_early.is_set()

    async def _begin(self, fault: Fault) -> None:
        self._live.begin(fault)
        self.now.append(fault)
        self.counts[fault.kind] += 1
        async with self._hand:
            await asyncio.to_thread(self._system.begin, fault)

    async def _end(self, fault: Fault) -> None:
        async with self._hand:
            await asyncio.to_thread(self._system.end, fault)
        self.now.remove(fault)
        self._live.end(fault)

    async def look_after(self) -> None:
        """Call the system's `look_after` periodically until cancelled; if the system is gone, stop early and raise."""
        try:
            while True:
                await self._look()
                await asyncio.sleep(LOOK_SECONDS)
        except LightshipError:
            self.stop_early.set()
            raise

    async def wait_until_whole(self) -> None:
        """Return once all parts run, or the deadline has passed."""
        deadline = time.monotonic() + WHOLE_SECONDS
        while True:
            if await self._look() or time.monotonic() > deadline:
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> bool:
        async with self._hand:
            return await asyncio.to_thread(self._system.look_after)
