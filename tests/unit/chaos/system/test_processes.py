"""Faults of the processes of an `up --chaos`; systems that are not marked, or not running, are refused."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lightship.chaos.system.faults import Fault
from lightship.chaos.system.processes import LOCK, Part, Processes, remove_marked, write_marked
from lightship.core.errors import ConfigurationError
from lightship.runtime.files import lock_folder
from support import wait_until

KILL, PAUSE = (Fault(0, 1, kind, "searchengine-0") for kind in ("kill", "pause"))


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Path]:
    """Return a data folder that is locked as by a running `up`."""
    with lock_folder(str(tmp_path), LOCK, ""):
        yield tmp_path


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as sleeping:
        yield sleeping
        sleeping.kill()


def mark(folder: Path, process: int) -> None:
    write_marked(
        str(folder),
        [
            Part("searchengine-0", "searchengine", process, "127.0.0.1:8080"),
            Part("indexer-0", "indexer", 0, "127.0.0.1:9090"),
            Part("standby-0-0", "standby", 0, ""),
        ],
    )


def state(process: int) -> str:
    return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0]


def test_what_the_file_says(running: Path) -> None:
    mark(running, 0)
    found = Processes(str(running))
    assert found.groups == {"searchengine": ["searchengine-0"], "indexer": ["indexer-0"], "standby": ["standby-0-0"]}
    assert found.replicas == {"searchengine-0": "127.0.0.1:8080"}
    assert found.intakes == {"indexer-0": "127.0.0.1:9090"}


def test_a_process_sleeps_and_wakes(running: Path, process: subprocess.Popen[bytes]) -> None:
    mark(running, process.pid)
    found = Processes(str(running))
    found.begin(PAUSE)
    wait_until(lambda: state(process.pid) == "T", 30, "sleep")
    found.end(PAUSE)
    wait_until(lambda: state(process.pid) == "S", 30, "its end")
    found.begin(PAUSE)
    Processes(str(running))  # what a killed run left asleep
    wait_until(lambda: state(process.pid) == "S", 30, "its end")


def test_a_killed_process_is_awaited(running: Path, process: subprocess.Popen[bytes]) -> None:
    write_marked(str(running), [part := Part("searchengine-0", "searchengine", process.pid, "127.0.0.1:8080")])
    found = Processes(str(running))
    assert found.look_after()
    found.begin(KILL)
    assert process.wait(60) == -9
    assert not found.look_after()
    write_marked(str(running), [Part(part.name, part.kind, 0, part.address)])
    found.end(KILL)
    assert not found.look_after()
    write_marked(str(running), [Part(part.name, part.kind, process.pid + 1, part.address)])
    assert found.look_after()
    assert found.ended() == []


def test_one_that_ended_by_itself_is_noticed(running: Path, process: subprocess.Popen[bytes]) -> None:
    mark(running, process.pid)
    found = Processes(str(running))
    mark(running, 0)
    found.look_after()
    mark(running, process.pid)
    found.look_after()
    assert [told.partition(" ")[0] for told in found.ended()] == ["searchengine-0"]


def test_what_is_not_marked_is_refused(running: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"is not marked for chaos.*lightship up --chaos.*chaos = true"):
        Processes(str(running))


def test_what_does_not_run_is_refused(tmp_path: Path) -> None:
    mark(tmp_path, 1)  # of an `up` that was killed
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(ConfigurationError, match="no `lightship up` is running in"):
            Processes(str(folder))


def test_an_up_that_ends_is_noticed(tmp_path: Path) -> None:
    with lock_folder(str(tmp_path), LOCK, ""):
        mark(tmp_path, 0)
        found = Processes(str(tmp_path))
        remove_marked(str(tmp_path))
        with pytest.raises(ConfigurationError, match="is not marked"):
            found.look_after()
    mark(tmp_path, 0)
    with pytest.raises(ConfigurationError, match="no `lightship up` is running in"):
        found.begin(KILL)
