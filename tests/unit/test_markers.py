"""Each test is run by exactly one of the calls of pytest that `make test-all` is made of, and a run says what it left out."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from _pytest.mark.expression import Expression

import markers
from support import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
VARIABLES = dict(re.findall(r"^([A-Z]+) = (.*)$", MAKEFILE, re.MULTILINE))
CALLS = [re.sub(r"\$\((\w+)\)", lambda name: VARIABLES[name[1]], call) for call in re.findall('-m "(.+?)"', MAKEFILE)]
CONTENT = """
import pytest
def test_one(): pass
@pytest.mark.{0}
def test_two(): pass
@pytest.mark.slow
def test_three(): pass
"""


def test_the_markers_are_those_that_are_registered() -> None:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert tuple(each.partition(":")[0] for each in options["markers"]) == markers.NAMES
    assert set(VARIABLES["REST"].split(" or ")) == set(markers.NAMES)


def test_each_test_is_run_by_one_of_the_calls() -> None:
    assert len(CALLS) == 4
    expressions = [Expression.compile(call) for call in CALLS]
    for carried in itertools.product([False, True], repeat=len(markers.NAMES)):
        has = dict(zip(markers.NAMES, carried, strict=True))
        runs = [each.evaluate(lambda name, /, has=has, **_: has[name]) for each in expressions]
        assert sum(runs) == 1, has
        assert runs[0] == (not any(carried))


@pytest.mark.parametrize("beside", [(), ("-n2", "--dist=loadfile")])
def test_a_run_says_what_it_left_out(tmp_path: Path, beside: tuple[str, ...]) -> None:
    options = "\n".join(f"    {name}: x" for name in markers.NAMES)
    (tmp_path / "pytest.ini").write_text(
        f"[pytest]\npythonpath = {ROOT / 'tests'}\naddopts = -pno:schemathesis\nmarkers =\n{options}\n"
    )
    for folder in ("unit", "docker"):
        (tmp_path / "tests" / folder).mkdir(parents=True)
        (tmp_path / "tests" / folder / f"test_{folder}.py").write_text(CONTENT.format("nats"))
    (tmp_path / "tests" / "conftest.py").write_bytes((ROOT / "tests" / "conftest.py").read_bytes())
    command = [sys.executable, "-m", "pytest", "--strict-markers", f"-m{CALLS[0]}", *beside]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    told = subprocess.run(command, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True).stdout
    assert "1 passed" in told, told
    assert told.splitlines()[-1] == "left out 5 of 6 tests: 3 docker, 1 nats, 1 slow"
