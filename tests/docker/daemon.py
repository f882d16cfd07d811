"""A Docker daemon for tests, and containers in it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from image import base

from support import ROOT, wait_until

START_SECONDS, STOP_SECONDS = 60, 30


def answers() -> bool:
    """Tell whether a daemon answers where DOCKER_HOST says, or where it usually is."""
    return (
        bool(shutil.which("docker"))
        and subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0
    )


def can_start() -> bool:
    """Tell whether a daemon of our own can run here."""
    return os.geteuid() == 0 and all(map(shutil.which, ("docker", "dockerd")))


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Run a daemon with its data, socket and pid file in a folder of its own; yield the address for DOCKER_HOST."""
    with tempfile.TemporaryDirectory(prefix="docker", ignore_cleanup_errors=True) as folder:
        address = f"unix://{folder}/socket"
        command = ["dockerd", "--host", address, "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec",
                   "--pidfile", f"{folder}/pid"]  # fmt: skip
        log = Path(folder, "log")
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        try:
            wait_until(lambda: process.poll() is not None or _answers_at(address), START_SECONDS, "dockerd answers")
            assert process.poll() is None, f"dockerd ended:\n{log.read_text()[-4000:]}"
            _give_base(address)
            yield address
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)
            subprocess.run(["umount", f"{folder}/exec/netns/default"], capture_output=True, check=False)


def _give_base(address: str) -> None:
    """Import the base image if .ci/run has kept it: to make it takes as long as the rest of a first build."""
    tag = base.base_tag((ROOT / "Dockerfile").read_text())
    if (path := base.kept(ROOT / ".tools", tag)).exists():
        subprocess.run(["docker", "--host", address, "import", path, tag], check=True, capture_output=True)


def _answers_at(address: str) -> bool:
    return subprocess.run(["docker", "--host", address, "info"], capture_output=True, check=False).returncode == 0


def docker(*arguments: str) -> str:
    """Return what `docker ARGUMENTS` prints; what it says of a failure is in the error."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


class Container:
    """A container that was started with `docker run --detach`."""

    def __init__(self, image: str, *program: str, options: tuple[str, ...] = ()) -> None:
        """Run `program` of `image`; its port 8080, if it listens, is one of this machine's loopback."""
        self.name = f"lightship-test-{uuid.uuid4().hex[:12]}"
        docker("run", "--detach", "--name", self.name, "--publish", "127.0.0.1::8080", *options, image, *program)

    @property
    def port(self) -> int:
        """The port of this machine that is its port 8080."""
        return int(docker("port", self.name, "8080/tcp").rpartition(":")[2])

    @property
    def state(self) -> dict[str, Any]:
        """Docker's State: Running, ExitCode, OOMKilled, Pid, Health."""
        found: dict[str, Any] = json.loads(docker("inspect", "--format", "{{json .State}}", self.name))
        return found

    @property
    def output(self) -> str:
        """All that it has written."""
        done = subprocess.run(
            ["docker", "logs", self.name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
        )
        return done.stdout

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it."""
        return subprocess.run(["docker", "exec", self.name, *command], capture_output=True, text=True, check=False)

    def stop(self) -> tuple[int, float]:
        """Send SIGTERM; return the exit status and the seconds that it took."""
        begun = time.monotonic()
        docker("stop", "--time", "30", self.name)
        return int(self.state["ExitCode"]), time.monotonic() - begun

    def remove(self) -> None:
        """Kill it, and forget it with its volumes."""
        subprocess.run(["docker", "rm", "--force", "--volumes", self.name], capture_output=True, check=False)
