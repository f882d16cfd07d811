"""Lets merges have only the processor time that nothing else wants: freshness and queries go before them."""

from __future__ import annotations

import contextlib
import os

MERGE_THREADS = "merge_thread"  # how tantivy's names begin
NICENESS = 10  # more than the process has: a ninth of the time of its other threads, when both want it


def yield_in_merges() -> None:
    """Lower the priority of the merge threads of this process; where threads have none of their own (not Linux), nothing changes."""
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
