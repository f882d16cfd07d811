"""The processes of `lightship up`: starting, restarting and stopping them."""

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

BACK_OFF_LEAST, BACK_OFF_MOST = 0.2, 10.0  # seconds before a part that died is restarted
STEADY_SECONDS = 10.0  # a part that ran this long starts over with the shortest back-off
STOP_SECONDS = 20.0


@dataclass
class Part:
    """One process: its command, its log and its state."""

    name: str
    command: Sequence[str]
    log_path: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    restart_at: float = 0.0
    back_off: float = field(default=BACK_OFF_LEAST)

    def start(self) -> None:
        """Start the process, tied to this one: it stops when this process ends, even by SIGKILL."""
        self._untie()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, TIED_VARIABLE: "1"},
            )  # fmt: skip
        self.started, self.restart_at = time.monotonic(), 0.0

    def keep_alive(self) -> None:
        """Restart the process after a back-off if it died."""
        if self.process is None or self.process.poll() is None:
            return
        now = time.monotonic()
        if not self.restart_at:
            steady = now - self.started > STEADY_SECONDS
            self.back_off = BACK_OFF_LEAST if steady else min(self.back_off * 2, BACK_OFF_MOST)
            self.restart_at = now + self.back_off
            logger.warning("%s %s; restarting it in %.1f s", self.name, self._end(), self.back_off)
        elif now >= self.restart_at:
            self.start()

    def _end(self) -> str:
        """Describe how the process ended."""
        status = self.process.returncode if self.process else 0
        if status < 0:
            return f"was killed by {signal.Signals(-status).name}"
        return f"exited with status {status} ({last_line(self.log_path)})"

    def stop(self) -> None:
        """Stop the process by SIGTERM, or SIGKILL after a timeout, and wait for its end."""
        if self.process is None:
            return
        self.process.terminate()  # does nothing if it has ended
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            logger.warning("%s did not stop within %.0f s; killing it (no data is lost)", self.name, STOP_SECONDS)
            self.process.kill()
            self.process.wait()
        self._untie()

    def _untie(self) -> None:
        """Close this end of the pipe that ties a process to this one."""
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs `module` with this interpreter."""
    return [sys.executable, "-m", module, *arguments]


def last_line(path: str) -> str:
    """Return the last non-empty line of a log, or `see PATH` if there is none."""
    with open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - 2000))
        lines = file.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), f"see {path}")
