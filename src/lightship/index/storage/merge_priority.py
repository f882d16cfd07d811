"""Lowers the scheduling priority of tantivy's merge threads, so that they do not delay commits and queries."""

from __future__ import annotations

import contextlib
import os

MERGE_THREADS = "merge_thread"  # prefix of tantivy's thread names
NICENESS = 10  # added to that of the process: a ninth of the time of a competing normal thread


def yield_in_merges() -> None:
    """Lower the priority of this process's merge threads; does nothing on systems other than Linux."""
    try:
        threads = os.listdir("/proc/self/task")
    except FileNotFoundError:
        return
    nice = min(os.getpriority(os.PRIO_PROCESS, 0) + NICENESS, 19)
    for thread in threads:
        with contextlib.suppress(OSError):  # it may have ended
            if _name(thread).startswith(MERGE_THREADS):
                os.setpriority(os.PRIO_PROCESS, int(thread), nice)


def _name(thread: str) -> str:
    with open(f"/proc/self/task/{thread}/comm") as file:
        return file.read()
