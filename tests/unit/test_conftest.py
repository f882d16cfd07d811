"""The rules of tests/conftest.py: what is missing is a skip here and a failure in the CI; a program's output is shown."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import ROOT

NEEDY = """
import pytest
from support import require

def test_missing(): require("a unicorn", False)
def test_present(): require("a horse", True)
@pytest.mark.xfail(raises=ZeroDivisionError)
def test_known_trouble(): 1 / 0
"""
NEEDY_MODULE = "import pytest; pytest.importorskip('unicorn')"
FAILING = """
def test_fails(spawn):
    spawn("this").wait_for("Namespaces")
    assert False
"""


def run_pytest(folder: Path, ci: str, **files: str) -> str:
    for name, source in files.items():
        (folder / f"{name}.py").write_text(source)
    (folder / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT / 'tests'}\naddopts = -pno:schemathesis\n")
    command = [sys.executable, "-m", "pytest", "-ra", "--continue-on-collection-errors", "--confcutdir", str(folder)]
    (folder / "conftest.py").write_bytes((ROOT / "tests" / "conftest.py").read_bytes())
    return subprocess.run(
        command, cwd=folder, env={**os.environ, "CI": ci}, check=False, capture_output=True, text=True
    ).stdout


@pytest.mark.parametrize(
    ("ci", "counts"), [("", "1 passed, 2 skipped, 1 xfailed"), ("true", "1 failed, 1 passed, 1 xfailed, 1 error")]
)
def test_a_skip_is_a_failure_in_the_ci_only(tmp_path: Path, ci: str, counts: str) -> None:
    output = run_pytest(tmp_path, ci, test_needy=NEEDY, test_needy_module=NEEDY_MODULE)
    assert counts in output
    assert "a unicorn is missing" in output


def test_a_failure_shows_what_programs_wrote(tmp_path: Path) -> None:
    assert "one honking great idea" in run_pytest(tmp_path, "", test_failing=FAILING)
