"""What many tests need: conditions with a deadline, free ports, real programs, and skips that the CI does not forgive."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import pytest

ROOT = Path(__file__).parents[1]
IN_CI = os.environ.get("CI") == "true"
NO_AUTHORITIES = {"SSL_CERT_FILE": os.devnull}  # aiohttp reads the system's when it is imported, an eighth of a start

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")

T = TypeVar("T")


def require(what: str, present: object) -> None:
    """Skip this test by name when `what` is missing here (`present` is falsy). In the CI that is a failure."""
    if not present:
        pytest.skip(f"{what} is missing")


def chromium_path() -> str | None:
    """Return the path of this machine's Chromium, or None; rather the one without windows, which is faster."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


# Below those that the system gives to clients, which might take one before its server does; each is given once. Those
# who run tests beside each other (pytest-xdist) have ports of their own.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_PORTS_OF_WORKER = range(10_240 + WORKER, 20_000, WORKERS)
_PORTS = iter(random.sample(_PORTS_OF_WORKER, len(_PORTS_OF_WORKER)))


def free_port() -> int:
    """Return a TCP port on which nothing listens now, another one each time."""
    for port in _PORTS:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("", port))
            return port
    raise AssertionError("all ports were given")


def wait_until(condition: Callable[[], T], seconds: float, what: str) -> T:
    """Return the first truthy value of `condition`, asked for again all the time.

    Raises AssertionError naming `what` when that took more than `seconds`. An OSError (nobody listens yet) counts
    as not yet; every other error is raised at once.
    """
    deadline = time.monotonic() + seconds
    while True:
        trouble, began = "", time.monotonic()
        try:
            if value := condition():
                return value
        except OSError as error:
            trouble = f": {error!r}"
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}{trouble}")
        time.sleep(min(max(0.01, time.monotonic() - began), 0.1))  # to ask may itself take a processor


@contextlib.contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Have no byte left on the file system of the folder `disk`."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1 << 12))
    try:
        yield
    finally:
        ballast.unlink()


class Program:
    """A program that runs as a process; its output goes to the file `log`. Use the `spawn` fixture to start it."""

    def __init__(
        self, module: str, *arguments: str, folder: Path, log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        """Start `module arguments` in `folder`, with `env` added to the environment.

        `module` is a command that this Python's environment installed, like `indexer`, the path of any other program,
        or a module for `python -m`.
        """
        script = Path(sys.executable).parent / module
        self.name = " ".join((module, *arguments))
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [script, *arguments] if script.exists() else [sys.executable, "-m", module, *arguments],
                cwd=folder,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **NO_AUTHORITIES, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that its own children can be ended with it
            )

    @property
    def output(self) -> str:
        """All that it has written so far, to stdout and stderr."""
        return self.log.read_text(errors="replace")

    def wait_for(self, text: str, seconds: float = 30) -> None:
        """Return when `text` is in its output; raise AssertionError when it ends or `seconds` pass before that."""

        def written_or_ended() -> bool:
            ended = self.process.poll() is not None
            return text in self.output or ended

        wait_until(written_or_ended, seconds, f"{text!r} in the output of {self.name}")
        assert text in self.output, f"{self.name} ended with {self.process.returncode} before it wrote {text!r}"

    def stop(self, seconds: float = 30) -> int:
        """Send SIGTERM, wait, and return the exit status; raise AssertionError if it is still there after `seconds`."""
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end within {seconds:g} s of SIGTERM") from None
        finally:
            self.kill()

    def kill(self) -> None:
        """Send SIGKILL to it and its children, and wait."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
