"""The processes that `lightship up` runs: which they are, and how they are kept alive and stopped."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from lightship.config import TIED_VARIABLE

logger = logging.getLogger("up")

BACK_OFF_LEAST, BACK_OFF_MOST = 0.2, 10.0  # seconds before a part that died is started again
STEADY_SECONDS = 10.0  # a part that lived this long starts with the least back-off again
STOP_SECONDS = 20.0


@dataclass
class Part:
    """One process: what runs, where it logs, and how it is doing."""

    name: str
    command: Sequence[str]
    log_path: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    restart_at: float = 0.0
    back_off: float = field(default=BACK_OFF_LEAST)

    def start(self) -> None:
        """Start the process, tied to this one: it stops when we are gone, however we went."""
        self._untie()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, TIED_VARIABLE: "1"},
            )  # fmt: skip
        self.started, self.restart_at = time.monotonic(), 0.0

    def keep_alive(self) -> None:
        """Start the process again, after a back-off, if it died."""
        if self.process is None or self.process.poll() is None:
            return
        now = time.monotonic()
        if not self.restart_at:
            steady = now - self.started > STEADY_SECONDS
            self.back_off = BACK_OFF_LEAST if steady else min(self.back_off * 2, BACK_OFF_MOST)
            self.restart_at = now + self.back_off
            logger.warning("%s %s: starting it again in %.1f s", self.name, self._end(), self.back_off)
        elif now >= self.restart_at:
            self.start()

    def _end(self) -> str:
        """Return how the process ended, for people."""
        status = self.process.returncode if self.process else 0
        if status < 0:
            return f"was ended by {signal.Signals(-status).name}"
        return f"ended with status {status} ({last_line(self.log_path)})"

    def stop(self) -> None:
        """Ask the process to stop, and wait until it has."""
        if self.process is None:
            return
        self.process.terminate()  # does nothing when it has ended
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            logger.warning("%s did not stop in %.0f s: killing it; nothing is lost", self.name, STOP_SECONDS)
            self.process.kill()
            self.process.wait()
        self._untie()

    def _untie(self) -> None:
        """Close our end of the tie to a process that has ended."""
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs `module` with this interpreter."""
    return [sys.executable, "-m", module, *arguments]


def last_line(path: str) -> str:
    """Return the last line of a log, for people; `see PATH` when it says nothing."""
    with open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - 2000))
        lines = file.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), f"see {path}")
