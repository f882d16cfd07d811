"""The processor time of other programs (Linux)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from pathlib import Path


def processor_seconds(groups: Collection[int]) -> float:
    """Return the processor time that the processes which run in the process groups `groups` have used so far."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it may have ended
            after_name = path.read_text().rpartition(")")[2].split()
            if int(after_name[2]) in groups:
                ticks += int(after_name[11]) + int(after_name[12])  # utime and stime: proc_pid_stat(5)
    return ticks / os.sysconf("SC_CLK_TCK")
