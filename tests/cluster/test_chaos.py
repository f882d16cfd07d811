"""`lightship chaos` upon an `up`: one that is right passes, one that loses something fails, one that is not marked is refused."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from cluster.client import free_ports, search, wait_for_documents
from support import ROOT, Program, wait_until

Spawn = Callable[..., Program]

RECORDS = 100
SEED = 4711
TOKEN = {"LIGHTSHIP_TOKEN": "a secret of the staging system"}


@pytest.fixture
def port() -> int:
    return free_ports(2)


@pytest.fixture
def up(spawn: Spawn, port: int, tmp_path: Path) -> Callable[..., Program]:
    """Start 2 shards and 2 replicas of a small file as `up(*arguments)`, and return when they serve."""

    def start(*arguments: str) -> Program:
        lines = (json.dumps({"url": f"https://example.org/{i}", "text": f"number{i} is chaos"}) for i in range(RECORDS))
        (tmp_path / "records.jsonl").write_text("\n".join(lines))
        sizes = ("--shards=2", "--replicas=2", f"--port={port}", f"--data={tmp_path}/data")
        program = spawn("lightship", "up", *sizes, *arguments, str(tmp_path / "records.jsonl"), env=TOKEN)
        for replica in (port, port + 1):
            wait_for_documents(replica, RECORDS, 30)
        return program

    return start


@pytest.fixture
def chaos(spawn: Spawn, tmp_path: Path) -> Callable[..., Program]:
    """Start `lightship chaos` upon it."""

    def start(*arguments: str, program: str = "lightship", **env: str) -> Program:
        size = ("--documents=100", f"--seed={SEED}", "--every=2", f"--data={tmp_path}/data")
        return spawn(program, "chaos", *size, *arguments, env={**TOKEN, **env})

    return start


def test_a_system_that_is_right_passes_and_is_left_as_it_was(
    up: Callable[..., Program], chaos: Callable[..., Program], port: int, tmp_path: Path
) -> None:
    program = up("--chaos")
    soak = chaos("--seconds=15", "--report=report.json")
    assert soak.process.wait(120) == 0, soak.output
    assert f"seed {SEED}, faults for 15 s" in soak.output
    assert "    10 s: " in soak.output
    assert "PASS" in soak.output
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["passed"]
    assert sum(report["faults"].values()) > 0
    assert report["outcome"]["changes"] > 100
    assert report["outcome"]["queries"] > 100
    for replica in (port, port + 1):
        wait_for_documents(replica, RECORDS, 10)
        assert search(replica, f"chaos{SEED}")["total"] == 0
    assert program.stop() == 0
    assert not (tmp_path / "data/chaos.json").exists()


def test_a_system_that_loses_something_fails(
    up: Callable[..., Program], chaos: Callable[..., Program], port: int
) -> None:
    up("--chaos")
    path = os.pathsep.join([str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])
    soak = chaos("--seconds=10", program="cluster.impatient", PYTHONPATH=path)
    wait_until(lambda: search(port, f"chaos{SEED}")["total"] > 50, 30, "documents of the test")
    query = "&".join(f"url=https://chaos-{SEED}.example/{number}" for number in range(100))
    headers = {"Authorization": f"Bearer {TOKEN['LIGHTSHIP_TOKEN']}"}
    address = f"http://127.0.0.1:{port + 1010}/documents?{query}"
    deletion = Request(address, headers=headers, method="DELETE")
    wait_until(lambda: urlopen(deletion, timeout=10).close() or True, 60, "deletes behind its back")
    assert soak.process.wait(120) == 1, soak.output
    assert "\nFAIL\n" in soak.output
    assert "WRONG" in soak.output
    assert "- lost: " in soak.output
    assert f"--seed={SEED} repeats the faults" in soak.output.splitlines()[-1]


def test_who_may_not_add_documents_is_told_and_ctrl_c_heals_and_tells(
    up: Callable[..., Program], chaos: Callable[..., Program], port: int, tmp_path: Path
) -> None:
    up("--chaos")
    refused = chaos("--seconds=15", LIGHTSHIP_TOKEN="another secret of something")
    assert refused.process.wait(60) == 1
    assert "LIGHTSHIP_TOKEN" in refused.output.splitlines()[-1]
    assert "Traceback" not in refused.output
    soak = chaos("--seconds=600")
    soak.wait_for("broken now: ", 60)
    os.kill(soak.process.pid, signal.SIGINT)
    assert soak.process.wait(120) == 0, soak.output
    assert "of 600 s (interrupted)" in soak.output
    wait_for_documents(port, RECORDS, 10)
    parts = json.loads((tmp_path / "data/chaos.json").read_text())["parts"]
    states = [Path(f"/proc/{part['process']}/stat").read_text().rpartition(") ")[2][0] for part in parts]
    assert "T" not in states


def test_what_is_not_marked_stays_whole(
    up: Callable[..., Program], chaos: Callable[..., Program], tmp_path: Path
) -> None:
    up()
    refused = chaos("--seconds=15")
    assert refused.process.wait(20) == 1
    assert f"{tmp_path}/data is not marked for chaos" in refused.output
    assert "lightship up --chaos" in refused.output
