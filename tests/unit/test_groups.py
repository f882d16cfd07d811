"""Which tests share a worker, and which begin first."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import groups
from support import ROOT

CONTENT = """
import os
from pathlib import Path
def test_it(): Path(__file__).with_name(os.environ["PYTEST_XDIST_WORKER"]).write_text(str(os.nice(0)))
"""


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        ("tests/unit/crawler/test_kill.py::test_it[a/b::c@d]", "unit/crawler/test_kill.py"),
        ("tests/cluster/test_kill.py::test_it", "cluster/test_kill.py"),
        ("tests/docker/test_image.py::test_it", "together"),
        ("tests/docker/test_memory.py::test_it", "docker/test_memory.py"),
        ("tests/docker/test_compose.py::test_it", "together"),
        ("tests/docker/test_tutorial.py::test_it", "together"),
    ],
)
def test_a_file_or_those_that_go_together(nodeid: str, group: str) -> None:
    assert groups.group(nodeid) == group


def test_what_takes_longest_begins_first() -> None:
    files = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "tests").glob("*/test_*.py"))]
    begun = [re.sub(r"^tests/", "", file) for file in sorted(files, key=groups.rank)]
    assert begun[0] == "docker/test_tutorial.py"
    folders = list(dict.fromkeys(file.partition("/")[0] for file in begun))
    assert folders[:4] == ["docker", "fuzz", "cluster", "integration"]


def test_all_that_is_named_is_there() -> None:
    assert all((ROOT / "tests" / name).exists() for name in groups.FIRST)


def test_a_worker_gets_a_group(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text(
        f"[pytest]\npythonpath = {ROOT / 'tests'}\naddopts = --import-mode=importlib -pno:schemathesis\n"
    )
    (tmp_path / "conftest.py").write_bytes((ROOT / "tests" / "conftest.py").read_bytes())
    for folder in ("docker", "unit"):
        (tmp_path / "tests" / folder).mkdir(parents=True)
        for name in ("test_article", "test_tutorial"):
            (tmp_path / "tests" / folder / f"{name}.py").write_text(CONTENT)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-n3", "--no-loadscope-reorder"]
    told = subprocess.run(command, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True).stdout
    assert "4 passed" in told, told
    priorities = {path.read_text() for path in tmp_path.glob("tests/docker/gw*")}
    assert priorities == {str(os.nice(0))}
    assert {path.read_text() for path in tmp_path.glob("tests/unit/gw*")} == {str(min(19, os.nice(0) + groups.BEHIND))}
    workers = [sorted(path.name for path in tmp_path.glob(f"tests/{folder}/gw*")) for folder in ("docker", "unit")]
    assert [len(each) for each in workers] == [1, 2]
    assert len({*workers[0], *workers[1]}) == 3
