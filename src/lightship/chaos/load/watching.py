"""Watches the machine: its load, and how long this program's own event loop stalls because of it."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque

STEP_SECONDS = 0.1
REMEMBERED = 600  # steps: longer than any query takes


class Watch:
    """`load` is the machine's highest load average (one minute), `longest` the longest stall of the loop in seconds."""

    def __init__(self) -> None:
        """Nothing is watched before `run`."""
        self.load = self.longest = 0.0
        self._due = time.monotonic() + STEP_SECONDS
        self._late: deque[tuple[float, float]] = deque(maxlen=REMEMBERED)  # when, and how late

    def __str__(self) -> str:
        """Summarize it in one line."""
        return f"highest load of this machine: {self.load:.1f}; longest stall of this program: {self.longest:.2f} s"

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
        """Return the longest stall of the loop in seconds, from `since` (of `time.monotonic`) to now."""
        return max([0.0, time.monotonic() - self._due, *(late for when, late in self._late if when >= since)])
