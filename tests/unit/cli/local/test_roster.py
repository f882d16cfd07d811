from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lightship.chaos.system.processes import FILE
from lightship.cli.local.roster import Roster
from lightship.cli.local.supervisor import Part
from support import wait_until

SLEEPING = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[list[Part]]:
    made = [Part(name, SLEEPING, str(tmp_path / f"{name}.log"), back_off=0.05) for name in ("searchengine-0", "pydoc")]
    for part in made:
        part.start()
    yield made
    for part in made:
        part.stop()


def told(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = msgspec.json.decode((folder / FILE).read_bytes())["parts"]
    return found


def test_it_follows_what_runs(parts: list[Part], tmp_path: Path) -> None:
    roster = Roster(str(tmp_path), parts, {"searchengine-0": "127.0.0.1:8080"}, marked=True)
    assert not (tmp_path / FILE).exists()
    roster.update()
    first = parts[0].process
    assert first
    assert told(tmp_path) == [
        {"name": "searchengine-0", "kind": "searchengine", "process": first.pid, "address": "127.0.0.1:8080"}
    ]
    first.kill()
    first.wait()
    roster.update()
    assert told(tmp_path)[0]["process"] == 0

    def restarted() -> bool:
        parts[0].keep_alive()
        return parts[0].process is not first

    wait_until(restarted, 30, "another process")
    roster.update()
    assert parts[0].process
    assert told(tmp_path)[0]["process"] == parts[0].process.pid
    roster.remove()
    assert not (tmp_path / FILE).exists()


def test_what_is_not_marked_has_no_file_nor_an_old_one(parts: list[Part], tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("old")
    roster = Roster(str(tmp_path), parts, {}, marked=False)
    roster.update()
    assert not (tmp_path / FILE).exists()
