"""Which tests run one after the other when several workers of pytest-xdist share a run, and who begins first."""

from __future__ import annotations

import functools
from pathlib import PurePath

from xdist.scheduler import LoadScopeScheduling

# They use what a machine has once: port 8080, the names of containers that the documentation has, and the layers of
# images, which one may remove while another builds on them
TOGETHER = ("docker/test_tutorial.py", "docker/test_compose.py", "docker/test_article.py", "docker/test_image.py")
# What takes longest begins first, so that no worker is left alone with it at the end. The first one also builds the
# image, for which the other tests in docker/ would wait
FIRST = (
    *TOGETHER, "fuzz", "cluster", "docker", "integration",
    "unit/searchengine/test_server.py", "unit/test_regexes.py", "unit/test_groups.py", "unit/test_markers.py",
    "unit/test_conftest.py", "unit/test_imports.py", "unit/runtime/test_program.py",
)  # fmt: skip
# Added to the priority number (nice) of workers that have no test of TOGETHER: the run takes as long as these
BEHIND = 5


def group(nodeid: str) -> str:
    """Return the group of a test: its file, which shares fixtures, or one for all files that are in TOGETHER."""
    file = _file(nodeid)
    return "together" if file in TOGETHER else file


def rank(nodeid: str) -> int:
    """Return a number by which tests are sorted: the lower, the sooner it begins."""
    return _rank(_file(nodeid))


@functools.cache
def _rank(file: str) -> int:
    path = PurePath(file)
    return next((number for number, name in enumerate(FIRST) if path.is_relative_to(name)), len(FIRST))


def has_longest(nodeid: str) -> bool:
    """Tell whether a test is in the group that takes longest."""
    return _file(nodeid) in TOGETHER


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0].removeprefix("tests/")


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each worker one group after the other."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
