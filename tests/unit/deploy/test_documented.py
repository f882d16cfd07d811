"""The commands of docs/deploying.md are those that `lightship deploy` prints, and run as they stand there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from lightship.cli.commands.deploy import TARGETS, deploy
from support import ROOT
from unit.deploy.deployments import SHIPPED, topology_of

TEXT = (ROOT / "docs" / "deploying.md").read_text()
COMMANDS = re.findall(r"^    (lightship deploy .+?)(?: +#.*)?$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("command", [command for command in COMMANDS if not command.endswith(" local")])
def test_a_documented_command_writes_files(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lightship.toml").write_text(SHIPPED.read_text())
    deploy(shlex.split(command)[2:])
    assert any(tmp_path.glob("deploy/*/*/*")) or any(tmp_path.glob("k8s/*"))


def test_every_target_is_documented() -> None:
    assert {command.split()[-1] for command in COMMANDS} | {
        part for command in COMMANDS for part in command.split()
    } >= {"local", *TARGETS}


def test_the_commands_of_an_upgrade_are_those_printed() -> None:
    for line in TARGETS["compose"].next_steps(topology_of("production"), "deploy/production/compose", first=False):
        assert f"    {line.partition('   #')[0]}\n" in TEXT
    for line in TARGETS["compose"].next_steps(topology_of("production"), "deploy/production/compose", first=True):
        assert f"    {line}\n" in TEXT


@pytest.mark.parametrize("target", ["compose", "quadlet"])
def test_an_upgrade_replaces_searchengines_before_indexers_and_stops_at_a_failure(target: str) -> None:
    steps = TARGETS[target].next_steps(topology_of("production"), "folder", first=False)
    [names] = [
        found[1].split() for step in steps if (found := re.search(r"^\(set -e; for s in (.+?); do [^&|]+$", step))
    ]
    assert names == [
        "searchengine-0", "searchengine-1", "searchengine-2", "indexer-0", "indexer-1", "standby-0-0", "standby-0-1"
    ]  # fmt: skip


def test_a_documented_file_is_written() -> None:
    names = set(re.findall(r"\b([a-z-]+\.yaml)\b", TEXT))
    written = {
        name for target in TARGETS.values() for env in ("dev", "production") for name in target.render(topology_of(env))
    }
    assert names <= written | {"secret.yaml"}
