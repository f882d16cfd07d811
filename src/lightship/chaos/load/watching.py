"""Watching the machine: how much it has to do, and how late this program's own event loop is because of that."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque

STEP_SECONDS = 0.1
REMEMBERED = 600  # steps: more than any query takes


class Watch:
    """`load` is the highest load of the machine (of a minute), `longest` the longest time that the loop stood still."""

    def __init__(self) -> None:
        """Begin now; nothing is watched before `run`."""
        self.load = self.longest = 0.0
        self._due = time.monotonic() + STEP_SECONDS
        self._late: deque[tuple[float, float]] = deque(maxlen=REMEMBERED)  # when, and how late

    def __str__(self) -> str:
        """Tell it in a line."""
        return (
            f"the machine's load was {self.load:.1f} at most; this program stood still for {self.longest:.2f} s at most"
        )

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            self._due = time.monotonic() + STEP_SECONDS
            await asyncio.sleep(STEP_SECONDS)
            late = time.monotonic() - self._due
            self._late.append((time.monotonic(), late))
            self.longest = max(self.longest, late)
            self.load = max(self.load, os.getloadavg()[0])

    def late(self, since: float) -> float:
        """Return how many seconds the loop stood still at most, from `since` (of `time.monotonic`) to now."""
        return max([0.0, time.monotonic() - self._due, *(late for when, late in self._late if when >= since)])
