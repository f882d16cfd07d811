"""What this process may use: processors and memory, as its container (cgroup v1 or v2) and the machine limit them."""

from __future__ import annotations

import logging
import math
import os
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

logger = logging.getLogger("limits")

_OTHER_FILES = 256  # a listener's copies, an index's segments, files that are received, and probes
_LEAST_CONNECTIONS = 16
_PERIOD = 100_000  # microseconds: the kernel's default, where a file does not say it


@dataclass(frozen=True)
class Limits:
    """`processors` may be a fraction, `memory` is in bytes; both are those of the machine where nothing limits them."""

    processors: float
    memory: int

    @property
    def threads(self) -> int:
        """The number of threads that can be busy at once."""
        return max(1, math.ceil(self.processors))


@cache
def limits() -> Limits:
    """Return the limits of this process, as they were when it first asked."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return read_limits(Path("/"), _affinity(), memory)


def read_limits(root: Path, processors: float, memory: int) -> Limits:
    """Return the smallest of what the machine has and what the control groups below `root` (usually /) allow.

    A group is bounded by every group above it, too. Nothing there, or nothing readable (macOS): the machine's own.
    """
    for group in _groups(root):
        processors = min(processors, _quota(group))
        memory = min(memory, _bytes(group) or memory)
    return Limits(processors, memory)


def room_for(connections: int) -> int:
    """Return how many of so many connections this process can have, each with a file, beside what else it opens.

    Its limit of open files is raised as far as it may do that itself.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OTHER_FILES + 2 * connections
    if soft < wanted and soft != resource.RLIM_INFINITY:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections
    room = min(connections, max(_LEAST_CONNECTIONS, (soft - _OTHER_FILES) // 2))
    if room < connections:
        logger.warning(
            "%d open files are allowed: keeping %d connections, not %d; raise ulimit -n", soft, room, connections
        )
    return room


def _affinity() -> int:
    """Return on how many processors this process may run (`taskset`, cpusets)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _groups(root: Path) -> Iterator[Path]:
    """Yield the folders of this process's control groups, of all hierarchies, and of the groups above them."""
    places = dict(_places(_lines(root / "proc/self/cgroup")))
    for line in _lines(root / "proc/self/mountinfo"):
        left, _, right = line.partition(" - ")
        kind, _, options = [*right.split(" "), "", ""][:3]
        if kind not in ("cgroup", "cgroup2") or len(left.split(" ")) < 5:
            continue
        controllers = {""} if kind == "cgroup2" else set(options.split(","))
        inside, mounted = left.split(" ")[3:5]
        place = next((places[name] for name in controllers if name in places), inside)
        top = root / mounted.lstrip("/")
        # A container may see its own group mounted as if it were the root, and be told of the path outside
        below = os.path.relpath(place, inside) if f"{place}/".startswith(f"{inside.rstrip('/')}/") else "."
        folder = top / below
        yield folder
        yield from (parent for parent in folder.parents if top in (parent, *parent.parents))


def _places(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each controller of /proc/self/cgroup and the path of its group; version 2 has the controller ''."""
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if path:
            yield from ((controller, path) for controller in controllers.split(","))


def _quota(group: Path) -> float:
    """Return how many processors the group may use."""
    quota, period = [*_words(group / "cpu.max"), "max", ""][:2]
    if quota == "max":
        quota, period = (_words(group / "cpu.cfs_quota_us") or ["max"])[0], "".join(_words(group / "cpu.cfs_period_us"))
    # -1 is version 1's word for none
    return int(quota) / int(period or _PERIOD) if quota.isdecimal() and int(quota) else math.inf


def _bytes(group: Path) -> int | None:
    """Return how much memory the group may use; without a limit, version 1 says a number that no machine has."""
    found = [_words(group / name) for name in ("memory.max", "memory.high", "memory.limit_in_bytes")]
    return min((int(words[0]) for words in found if words and words[0].isdecimal()), default=None)


def _words(path: Path) -> list[str]:
    return " ".join(_lines(path)).split()


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return []
