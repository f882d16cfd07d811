"""Fixtures for all tests, their markers, and the rule that nothing is skipped in the CI."""

from __future__ import annotations

import gc
import os
import subprocess
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, TypeVar

import hypothesis
import pytest

import groups
import markers
from support import IN_CI, WORKERS, Program, chromium_path, require

hypothesis.settings.register_profile("lightship", deadline=None)  # a machine may be busy with other things
hypothesis.settings.load_profile("lightship")

SPAWNED = pytest.StashKey[list[Program]]()
PLACED = pytest.StashKey[bool]()

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def _forbid_skip(report: Report) -> Report:
    """Turn a skip into a failure that says why, in the CI. An expected failure is not a skip."""
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: nothing may be skipped in the CI: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = _forbid_skip((yield))
    if report.failed:
        report.sections += [(f"output of {p.name}", p.output[-4000:]) for p in item.stash.get(SPAWNED, [])]
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _forbid_skip((yield))


@pytest.hookimpl(tryfirst=True)  # before pytest deselects by them
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    markers.mark(items)
    items.sort(key=lambda item: groups.rank(item.nodeid))


def pytest_collection_finish() -> None:
    """Leave the thousands of collected tests out of garbage collections: they are never garbage."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> groups.Scheduling:
    return groups.Scheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Have a worker that begins with another group leave the processor to the group that takes longest."""
    if WORKERS == 1 or item.config.stash.get(PLACED, False):
        return
    item.config.stash[PLACED] = True
    if any(groups.has_longest(each.nodeid) for each in item.session.items) and not groups.has_longest(item.nodeid):
        os.nice(groups.BEHIND)


def pytest_deselected(items: list[pytest.Item]) -> None:
    if items:
        items[0].config.stash.setdefault(markers.LEFT_OUT, Counter()).update(markers.count(items))


@pytest.hookimpl(wrapper=True, tryfirst=True)  # so that its line is the last one
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    config = session.config
    output = getattr(config, "workeroutput", None)  # a worker of pytest-xdist tells the one who started it
    if output is not None:
        output["left_out"] = dict(config.stash.get(markers.LEFT_OUT, {}))
    yield
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter and (left_out := config.stash.get(markers.LEFT_OUT, None)):
        reporter.write_line(markers.told(left_out, session.testscollected))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker of pytest-xdist told: all of them have left out the same. One that crashed tells nothing."""
    if told := getattr(node, "workeroutput", {}).get("left_out"):
        node.config.stash[markers.LEFT_OUT] = Counter(told)


@pytest.fixture
def spawn(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Start programs as `spawn(module, *arguments, env={…})`, in `tmp_path`; whatever still runs at the end is ended.

    Its output is shown when the test fails.
    """
    spawned: list[Program] = request.node.stash.setdefault(SPAWNED, [])

    def start(module: str, *arguments: str, env: dict[str, str] | None = None) -> Program:
        log = tmp_path / f"{len(spawned)}-{module}.log"
        spawned.append(Program(module, *arguments, folder=tmp_path, log=log, env=env))
        return spawned[-1]

    yield start
    running = [program for program in reversed(spawned) if program.process.poll() is None]
    for program in running:
        program.process.terminate()
    for program in running:
        program.stop()


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Make file systems that are full soon: `mount(name, megabytes)`."""
    mounted: list[Path] = []

    def make(name: str, megabytes: int) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
        able = os.geteuid() == 0 and subprocess.run(command, check=False, capture_output=True).returncode == 0
        require("the right to mount a file system", able)
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of Chromium."""
    path = chromium_path()
    require("Chromium", path)
    return str(path)
