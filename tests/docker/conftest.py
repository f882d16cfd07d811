"""The image, built once, in a Docker daemon that runs here already, or else in one of our own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from image import engine, oci

from docker.daemon import Container, answers, can_start, running
from lightship import __version__
from support import ROOT, require

STARTED = pytest.StashKey[list[Container]]()
Run = Callable[..., Container]


@dataclass(frozen=True)
class Built:
    """What `make image` made: the name of the image in the daemon, the archive of both architectures, and what it printed."""

    name: str
    archive: Path
    output: str


@pytest.fixture(scope="session")
def daemon() -> Iterator[None]:
    """Have a daemon answer."""
    if answers():
        yield
        return
    require("a Docker daemon, or root, docker and dockerd to start one", can_start())
    with running() as address, pytest.MonkeyPatch.context() as patched:
        patched.setenv("DOCKER_HOST", address)
        yield


@pytest.fixture(scope="session")
def built(daemon: None) -> Built:
    """Run what `make image` runs."""
    command = [sys.executable, "-m", "image.build", "-compress=gzip", "-measure=5"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:]
    return Built("lightship", ROOT / "dist" / f"lightship-{__version__}.gzip.tar", done.stdout)


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
