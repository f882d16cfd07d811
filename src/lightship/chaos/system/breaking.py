"""Breaking a system as a schedule says, and healing it, whatever happens."""

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
WHOLE_SECONDS = 60.0  # for all parts to run again: a supervisor may wait before it starts one that ended often


class Breaker:
    """Lets faults begin and end, one call to the system at a time.

    `now` has those under way, `counts` how many of a kind began, `seconds` how long it broke.
    """

    def __init__(self, system: System, faults: Sequence[Fault], live: Liveness) -> None:
        """Tell `live` what is broken."""
        self.now: list[Fault] = []
        self.counts: Counter[str] = Counter()
        self.stop_early = asyncio.Event()
        self.seconds = 0.0
        self._system, self._faults, self._live = system, faults, live
        self._hand = asyncio.Lock()

    async def run(self, seconds: float) -> None:
        """Break for so many seconds, or until `stop_early` is set; at the end all faults are over."""
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
            )  # one that fails must not keep others

    async def _is_stopped(self, until: float) -> bool:
        """Tell, at `until` or earlier, whether `stop_early` is set."""
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
        """Look after the system until cancelled; when it is there no more, stop early."""
        try:
            while True:
                await self._look()
                await asyncio.sleep(LOOK_SECONDS)
        except LightshipError:
            self.stop_early.set()
            raise

    async def wait_until_whole(self) -> None:
        """Return when all parts run, or should."""
        deadline = time.monotonic() + WHOLE_SECONDS
        while True:
            if await self._look() or time.monotonic() > deadline:
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> bool:
        async with self._hand:
            return await asyncio.to_thread(self._system.look_after)
