"""The image, built once for all workers of a run, in a Docker daemon that runs here already, or else in one of our own."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TextIO

import pytest
from image import engine, oci

from docker.daemon import Container, answers, can_start, running
from lightship import __version__
from support import ROOT, WORKERS, require, wait_until

NAME = "lightship-test"  # not that of `make image`, which the tutorial runs
USED_SECONDS = 3600  # at most, of a daemon by other workers
STARTED = pytest.StashKey[list[Container]]()
Run = Callable[..., Container]


@dataclass(frozen=True)
class Built:
    """What `make image` made: the name of the image in the daemon, the archive of both architectures, and what it printed."""

    name: str
    archive: Path
    output: str


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all workers of pytest-xdist have."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if WORKERS > 1 else folder


@contextlib.contextmanager
def locked(path: Path) -> Iterator[TextIO]:
    """Open a file, made empty if need be, at its begin; who does so meanwhile waits."""
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        yield file


@pytest.fixture(scope="session")
def daemon(shared: Path) -> Iterator[None]:
    """Have a daemon answer. The first worker starts it, and stops it when no other one uses it any more."""
    if answers():
        yield
        return
    require("a Docker daemon, or root, docker and dockerd to start one", can_start())
    with (
        (shared / "users").open("w") as users,
        pytest.MonkeyPatch.context() as patched,
        contextlib.ExitStack() as started,
    ):
        with locked(shared / "daemon") as file:
            if not (address := file.read()):
                address = started.enter_context(running())
                started.callback(wait_until, partial(forget, shared / "daemon", users), USED_SECONDS, "nobody uses it")
                file.write(address)
            fcntl.flock(users, fcntl.LOCK_SH)
        patched.setenv("DOCKER_HOST", address)
        yield


def forget(path: Path, users: TextIO) -> bool:
    """Empty a file unless others hold the lock of `users`: that is an OSError."""
    with locked(path) as file:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.truncate(0)
        return True


@pytest.fixture(scope="session")
def built(daemon: None, shared: Path) -> Built:
    """Run what `make image` runs."""
    with locked(shared / f"image of {os.environ.get('DOCKER_HOST', '').replace('/', '-')}") as file:
        if not (output := file.read()):
            command = [sys.executable, "-m", "image.build", f"-name={NAME}", "-compress=gzip", "-measure=2"]
            done = subprocess.run(
                command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
            )
            assert done.returncode == 0, done.stdout[-8000:]
            output = done.stdout
            file.write(output)
    return Built(NAME, ROOT / "dist" / f"{NAME}-{__version__}.gzip.tar", output)


@pytest.fixture(scope="session")
def images(built: Built) -> dict[str, oci.Image]:
    """Return the images of the archive by architecture."""
    return {image.architecture: image for image in oci.read_archive(built.archive)}


@pytest.fixture
def run(built: Built, request: pytest.FixtureRequest) -> Iterator[Run]:
    """Start containers of the image as `run(program, *arguments, options=(…))`; they are removed at the end."""
    started: list[Container] = request.node.stash.setdefault(STARTED, [])

    def start(*program: str, options: tuple[str, ...] = (), image: str = built.name) -> Container:
        started.append(Container(image, *program, options=options))
        return started[-1]

    yield start
    for container in started:
        container.remove()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what containers wrote when a test fails."""
    report = yield
    if report.failed and report.when == "call":
        report.sections += [(f"output of {each.name}", each.output[-4000:]) for each in item.stash.get(STARTED, [])]
    return report


@pytest.fixture(scope="session")
def native(built: Built) -> str:
    """Return the architecture of the daemon."""
    return engine.architecture()
