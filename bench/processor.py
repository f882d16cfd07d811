"""The processor time of other programs (Linux)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Process(NamedTuple):
    """A process that runs: its id, those of its parent and of its group, and the seconds of processor time it has used.

    With the time of its children that have ended.
    """

    id: int
    parent: int
    group: int
    seconds: float


def processes() -> Iterator[Process]:
    """Yield all processes."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it may have ended
            after_name = path.read_text().rpartition(")")[2].split()  # proc_pid_stat(5)
            ticks = sum(map(int, after_name[11:15]))  # utime, stime, cutime, cstime
            yield Process(
                int(path.parent.name), int(after_name[1]), int(after_name[2]), ticks / os.sysconf("SC_CLK_TCK")
            )
