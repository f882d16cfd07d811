"""The contract suite of the document log is no rubber stamp: a backend that breaks its word fails it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from support import ROOT

pytestmark = pytest.mark.slow

LATE = "test_doclog_fences.py::test_a_late_change_never_undoes_a_newer_one"
LOST = "test_doclog.py::test_keeps_only_the_newest_change_of_a_url"


@pytest.mark.parametrize(("how", "test"), [("late", LATE), ("forgetful", LOST)])
@pytest.mark.parametrize("backend", ["sqlite", pytest.param("nats-1", marks=pytest.mark.nats)])
def test_a_backend_that_breaks_its_word_fails_the_suite(how: str, test: str, backend: str) -> None:
    command = [sys.executable, "-m", "pytest", "-p", "contract.broken", "-q", "-k", backend, f"tests/contract/{test}"]
    told = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "BROKEN": how, "PYTHONPATH": str(ROOT / "tests")}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 1, told.stdout + told.stderr
    assert f"FAILED tests/contract/{test}" in told.stdout
    assert " passed" not in told.stdout
