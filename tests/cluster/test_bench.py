"""`python -m bench`, as `make bench` runs it: with child processes that import it too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from cluster.client import free_ports, status
from support import ROOT, Program, wait_until


def test_benchmarks_with_child_processes_give_figures(tmp_path: Path) -> None:
    results, queries = tmp_path / "results.json", tmp_path / "queries.tsv"
    queries.write_text(
        "".join(f"{number}\t{word}\n" for number, word in enumerate(["the", "and", "with", "from"] * 10))
    )
    command = [
        sys.executable, "-m", "bench", "crawl", "search",
        "--documents=", f"--queries={queries}", "--count=60", "--rounds=1", "--crawl=100", f"--results={results}",
    ]  # fmt: skip
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    kept = json.loads(results.read_text())
    assert {"crawl", "search"} <= kept.keys()
    figures = {**kept["crawl"]["figures"], **kept["search"]["figures"]}
    rates = [figure["value"] for figure in figures.values() if figure["unit"] in ("queries/s", "pages/s")]
    assert len(rates) > 5
    assert min(rates) > 0


def test_peers_are_asked_over_http(tmp_path: Path, spawn: Callable[..., Program]) -> None:
    port, results = free_ports(1), tmp_path / "results.json"
    (tmp_path / "empty.jsonl").touch()
    spawn("lightship", "up", f"--port={port}", f"--data={tmp_path / 'up'}", "empty.jsonl")
    wait_until(lambda: status(port)["ready"], 60, "it is ready")
    command = [
        sys.executable, "-m", "bench.peers", f"lightship=http://127.0.0.1:{port}", "-documents=", "-queries=", "-count=50",
        "-passages", "-rounds=1", "-seconds=1", "-rate=5", f"-results={results}",
    ]  # fmt: skip
    env = {**os.environ, "LIGHTSHIP_TOKEN": (tmp_path / "up" / "secret").read_text().strip()}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(results.read_text())["peers: lightship"]["figures"]
    assert len(figures) == 11
    assert min(figure["value"] for figure in figures.values()) > 0
    assert status(port)["documents"] == 55
