"""Which tests run one after the other when several workers of pytest-xdist share a run, and who begins first."""

from __future__ import annotations

from pathlib import PurePath

from xdist.scheduler import LoadScopeScheduling

# A folder whose tests share what a machine has once: a Docker daemon with one image, the network of all namespaces
WHOLE = ("docker", "chaos")
# What takes longest begins first, so that no worker is left alone with it at the end
FIRST = ("docker/test_tutorial.py", "docker", "chaos", "fuzz", "cluster", "integration")


def group(nodeid: str) -> str:
    """Return the group of a test: its file, which shares fixtures, or its folder in `tests` if that is one of WHOLE."""
    path = PurePath(nodeid.partition("::")[0])
    return next((folder for folder in path.parts[:2] if folder in WHOLE), str(path))


def rank(nodeid: str) -> int:
    """Return a number by which tests are sorted: the lower, the sooner it begins."""
    path = PurePath(nodeid.partition("::")[0].removeprefix("tests/"))
    return next((number for number, name in enumerate(FIRST) if path.is_relative_to(name)), len(FIRST))


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each worker one group after the other."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
