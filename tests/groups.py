"""Which tests run one after the other when several workers of pytest-xdist share a run, and who begins first."""

from __future__ import annotations

from pathlib import PurePath

from xdist.scheduler import LoadScopeScheduling

WHOLE = "docker"  # the folder whose tests share what a machine has once: a daemon with the image, and port 8080
# What takes longest begins first, so that no worker is left alone with it at the end
FIRST = ("docker/test_tutorial.py", "docker", "fuzz", "cluster", "integration")


def group(nodeid: str) -> str:
    """Return the group of a test: its file, which shares fixtures, or WHOLE if it is in that folder of `tests`."""
    path = PurePath(nodeid.partition("::")[0])
    return WHOLE if WHOLE in path.parts[:2] else str(path)


def rank(nodeid: str) -> int:
    """Return a number by which tests are sorted: the lower, the sooner it begins."""
    path = PurePath(nodeid.partition("::")[0].removeprefix("tests/"))
    return next((number for number, name in enumerate(FIRST) if path.is_relative_to(name)), len(FIRST))


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each worker one group after the other."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
