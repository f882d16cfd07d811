"""One program on one host: started, killed, put to sleep and woken, and started again when it ends by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from chaos.network import Host
from support import NO_AUTHORITIES

RESTART_SECONDS = 1.0  # after a program ended by itself: what `restart: always` of a container does


class Node:
    """A program and its host. `kind` is the group that it belongs to, like `searchengine`."""

    def __init__(
        self, kind: str, host: Host, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        """Nothing runs before `start`; its output goes to the file `log`."""
        self.kind, self.host, self.name, self.log = kind, host, host.name, log
        self.ended_by_itself: list[int] = []  # exit statuses
        self._command, self._env = (
            list(command),
            {**os.environ, "PYTHONUNBUFFERED": "1", **NO_AUTHORITIES, **(env or {})},
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted, self._ended_at = False, 0.0

    def start(self) -> None:
        """Start it, unless it runs."""
        self._wanted = True
        if self._process is None or self._process.poll() is not None:
            with self.log.open("ab") as output:
                self._process = subprocess.Popen(
                    self.host.command(*self._command), cwd=self.host.disk, env=self._env,
                    stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
                )  # fmt: skip

    def kill(self) -> None:
        """Kill -9; it stays away until `start`."""
        self._wanted = False
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def pause(self) -> None:
        """SIGSTOP."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    @property
    def output(self) -> str:
        """All that it has written so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @property
    def is_running(self) -> bool:
        """Tell whether its process is there (awake or asleep)."""
        return self._process is not None and self._process.poll() is None

    def look_after(self) -> None:
        """Start it again a while after it ended by itself; call this often."""
        if not self._wanted or self._process is None or self.is_running:
            return
        if not self._ended_at:
            self._ended_at = time.monotonic()
            self.ended_by_itself.append(self._process.returncode)
        elif time.monotonic() - self._ended_at >= RESTART_SECONDS:
            self._ended_at = 0.0
            self.start()

    def _signal(self, number: int) -> None:
        if self.is_running and self._process is not None:
            os.kill(self._process.pid, number)
