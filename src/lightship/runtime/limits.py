"""Resource limits of this process (processors, memory, open files) from its container (cgroup v1 or v2) and machine."""

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

_OTHER_FILES = 256  # listening sockets, index segments, files being received, probes
_LEAST_CONNECTIONS = 16
_PERIOD = 100_000  # microseconds: the kernel's default, when no file gives it


@dataclass(frozen=True)
class Limits:
    """`processors` may be fractional, `memory` is in bytes. Without a limit, both are those of the machine."""

    processors: float
    memory: int

    @property
    def threads(self) -> int:
        """The number of threads that can be busy at once."""
        return max(1, math.ceil(self.processors))


@cache
def limits() -> Limits:
    """Return the limits of this process, as of the first call."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return read_limits(Path("/"), _affinity(), memory)


def read_limits(root: Path, processors: float, memory: int) -> Limits:
    """Return the lowest of the machine's resources and the limits of the control groups below `root` (usually /).

    Every ancestor's limit applies to a group, too. Without readable groups (macOS), the machine's resources count.
    """
    for group in _groups(root):
        processors = min(processors, _quota(group))
        memory = min(memory, _bytes(group) or memory)
    return Limits(processors, memory)


def connection_limit(connections: int) -> int:
    """Return how many of the wanted `connections` the limit on open files allows; each may need two files.

    Raises the soft limit first, as far as the hard limit allows.
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
            "the limit of %d open files allows %d connections instead of %d; raise ulimit -n", soft, room, connections
        )
    return room


def _affinity() -> int:
    """Return the number of processors that this process may run on (`taskset`, cpusets)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _groups(root: Path) -> Iterator[Path]:
    """Yield the folders of this process's control groups in all hierarchies, and of their ancestors."""
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
        # A container may see its own group mounted as the root, while /proc shows the path on the host
        below = os.path.relpath(place, inside) if f"{place}/".startswith(f"{inside.rstrip('/')}/") else "."
        folder = top / below
        yield folder
        yield from (parent for parent in folder.parents if top in (parent, *parent.parents))


def _places(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each controller in /proc/self/cgroup with the path of its group; cgroup v2 has the controller ''."""
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if path:
            yield from ((controller, path) for controller in controllers.split(","))


def _quota(group: Path) -> float:
    """Return the number of processors that the group may use."""
    quota, period = [*_words(group / "cpu.max"), "max", ""][:2]
    if quota == "max":
        quota, period = (_words(group / "cpu.cfs_quota_us") or ["max"])[0], "".join(_words(group / "cpu.cfs_period_us"))
    # cgroup v1 writes -1 for no limit
    return int(quota) / int(period or _PERIOD) if quota.isdecimal() and int(quota) else math.inf


def _bytes(group: Path) -> int | None:
    """Return the group's memory limit in bytes; without one, cgroup v1 gives a number beyond any machine's memory."""
    found = [_words(group / name) for name in ("memory.max", "memory.high", "memory.limit_in_bytes")]
    return min((int(words[0]) for words in found if words and words[0].isdecimal()), default=None)


def _words(path: Path) -> list[str]:
    return " ".join(_lines(path)).split()


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return []
