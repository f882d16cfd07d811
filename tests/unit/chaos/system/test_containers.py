"""Faults of a Compose project's containers, by the engine's commands; unmarked or stopped systems are refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from lightship.chaos.system.containers import Containers
from lightship.chaos.system.faults import Fault
from lightship.core.errors import ConfigurationError, UnavailableError

PROJECT = "lightship-staging"


def container(name: str, address: str, *, marked: bool = True, **state: bool) -> dict[str, Any]:
    labels = {"com.docker.compose.service": name, **({"lightship.chaos": "true"} if marked else {})}
    network = {"IPAddress": address, "Aliases": [name, name.partition("-")[0]]}
    return {
        "Id": f"id-{name}", "Project": PROJECT, "RestartCount": 0, "Config": {"Labels": labels},
        "State": {"Running": True, "Paused": False, **state}, "NetworkSettings": {"Networks": {f"{PROJECT}_default": network}},
    }  # fmt: skip


STAGING = [
    container("nats-0", "10.0.0.9"),
    container("searchengine-0", "10.0.0.1"),
    container("indexer-0", "10.0.0.2"),
    container("standby-0-0", "10.0.0.3"),
    container("proxy", "10.0.0.4", marked=False),
]


class Engine:
    """The fake engine's containers, and the commands it received."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def have(self, containers: list[dict[str, Any]]) -> None:
        (self._folder / "containers.json").write_text(json.dumps(containers))

    @property
    def calls(self) -> list[str]:
        path = self._folder / "calls"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Make a fake engine, which records its commands, the only one."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name("engine.py")} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setenv("ENGINE_FOLDER", str(tmp_path))
    found = Engine(tmp_path)
    found.have(STAGING)
    return found


def test_what_is_marked_is_found(engine: Engine) -> None:
    found = Containers(PROJECT)
    assert found.groups == {
        "nats": ["nats-0"], "searchengine": ["searchengine-0"], "indexer": ["indexer-0"], "standby": ["standby-0-0"],
    }  # fmt: skip
    assert found.replicas == {"searchengine-0": "10.0.0.1:8080"}
    assert found.intakes == {"indexer-0": "10.0.0.2:9090", "standby-0-0": "10.0.0.3:9090"}


@pytest.mark.parametrize(
    ("kind", "begun", "ended"),
    [
        ("kill", "kill id-searchengine-0", "start id-searchengine-0"),
        ("pause", "pause id-searchengine-0", "unpause id-searchengine-0"),
        (
            "cut",
            f"network disconnect {PROJECT}_default id-searchengine-0",
            f"network connect --alias searchengine-0 --alias searchengine {PROJECT}_default id-searchengine-0",
        ),
    ],
)
def test_what_the_engine_is_told(engine: Engine, kind: Any, begun: str, ended: str) -> None:
    found, fault = Containers(PROJECT), Fault(0, 1, kind, "searchengine-0")
    found.begin(fault)
    assert engine.calls == [begun]
    engine.have([container("searchengine-0", "10.0.0.77"), *STAGING[2:]])
    found.end(fault)
    assert engine.calls == [begun, ended]
    assert found.replicas == {"searchengine-0": "10.0.0.77:8080"}


def test_one_that_ended_by_itself_is_told(engine: Engine) -> None:
    found = Containers(PROJECT)
    assert found.ended() == []
    engine.have([{**each, "RestartCount": int(each["Id"] == "id-indexer-0")} for each in STAGING])
    assert found.ended() == ["indexer-0 crashed 1 times"]


def test_what_is_not_marked_is_refused(engine: Engine) -> None:
    engine.have([container("searchengine-0", "10.0.0.1", marked=False)])
    with pytest.raises(ConfigurationError, match=r"lightship-staging are not marked for chaos.*chaos = true"):
        Containers(PROJECT)


def test_what_is_not_there_is_refused(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="no containers of project 'lightship-prod' found by docker"):
        Containers("lightship-prod")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConfigurationError, match="neither docker nor podman is installed here"):
        Containers(PROJECT)


@pytest.mark.parametrize("broken", [{"Running": False}, {"Paused": True}])
def test_what_is_broken_already_is_refused(engine: Engine, broken: dict[str, bool]) -> None:
    engine.have([*STAGING, container("searchengine-1", "10.0.0.5", **broken)])
    with pytest.raises(ConfigurationError, match="searchengine-1 is stopped, paused or disconnected"):
        Containers(PROJECT)
    engine.have([*STAGING, container("searchengine-1", "")])
    with pytest.raises(ConfigurationError, match="searchengine-1 is stopped, paused or disconnected"):
        Containers(PROJECT)


def test_what_the_engine_refuses_is_told(engine: Engine) -> None:
    lost = container("searchengine-1", "10.0.0.5")
    engine.have([*STAGING, {**lost, "Id": "gone"}])
    with pytest.raises(UnavailableError, match="docker pause gone: it is gone"):
        Containers(PROJECT).begin(Fault(0, 1, "pause", "searchengine-1"))
