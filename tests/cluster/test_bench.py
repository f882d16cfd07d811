"""`python -m bench`, as `make bench` runs it: with child processes that import it too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from support import ROOT


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
