"""The programs in examples/ that add a document and search for it, against real programs with a secret."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from urllib.request import urlopen

import pytest

from support import ROOT, Program, free_port, require, wait_until

SECRET = "a secret of these tests"
LINES = 34
RUNS = {
    "python": (sys.executable, "client.py"), "node": ("node", "client.mjs"), "go": ("go", "run", "client.go"), "curl": ("sh", "client.sh")
}  # fmt: skip


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Start a searchengine and an indexer with an intake; return their addresses."""
    folder, search, intake = tmp_path_factory.mktemp("clients"), free_port(), free_port()
    env = {"LIGHTSHIP_TOKEN": SECRET}
    programs = [
        Program("searchengine", f"-addr=127.0.0.1:{search}", "-drain=0", folder=folder, log=folder / "s.log", env=env),
        Program(
            "indexer", f"-searchengine=127.0.0.1:{search}", "-log=sqlite://log.sqlite", f"-listen=127.0.0.1:{intake}",
            folder=folder, log=folder / "i.log", env=env,
        ),
    ]  # fmt: skip
    try:
        programs[1].wait_for("accepting documents", 30)
        wait_until(lambda: urlopen(f"http://127.0.0.1:{search}/readyz"), 30, "an empty index is served")
        yield [f"http://127.0.0.1:{search}", f"http://127.0.0.1:{intake}"]
    finally:
        for program in programs:
            program.kill()


def run(name: str, system: list[str], secret: str) -> subprocess.CompletedProcess[str]:
    command, env = RUNS[name], {**os.environ, "LIGHTSHIP_TOKEN": secret}
    require(name, shutil.which("curl" if name == "curl" else command[0]))
    return subprocess.run(
        [*command, *system], cwd=ROOT / "examples", env=env, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("name", RUNS)
def test_it_finds_what_it_has_added(name: str, system: list[str]) -> None:
    done = run(name, system, SECRET)
    assert (done.stderr, done.returncode) == ("", 0)
    assert f"https://example.org/{name}" in done.stdout
    assert "Desk lamp" in done.stdout
    assert len((ROOT / "examples" / RUNS[name][-1]).read_text().splitlines()) <= LINES


@pytest.mark.parametrize("name", RUNS)
def test_it_tells_what_was_wrong(name: str, system: list[str]) -> None:
    done = run(name, system, "another secret of these tests")
    assert done.returncode != 0
    assert "token" in done.stderr + done.stdout
