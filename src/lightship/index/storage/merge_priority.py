"""Lowers the scheduling priority of tantivy's threads that would delay commits and queries."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

MERGE_THREADS = "merge_thread"  # prefix of tantivy's thread names
NICENESS = 10  # added to that of the process: a ninth of the time of a competing normal thread


def yield_in_merges() -> None:
    """Lower the priority of this process's merge threads; does nothing on systems other than Linux."""
    try:
        threads = os.listdir("/proc/self/task")
    except FileNotFoundError:
        return
    nice = _nice()
    for thread in threads:
        with contextlib.suppress(OSError):  # it may have ended
            if _name(thread).startswith(MERGE_THREADS):
                os.setpriority(os.PRIO_PROCESS, int(thread), nice)


def yield_in_this_thread() -> None:
    """Lower the priority of this thread and of those that it starts; does nothing on systems other than Linux."""
    if sys.platform == "linux":  # elsewhere, a priority is that of a process
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _nice())


def _nice() -> int:
    return min(os.getpriority(os.PRIO_PROCESS, os.getpid()) + NICENESS, 19)


def _name(thread: str) -> str:
    with open(f"/proc/self/task/{thread}/comm") as file:
        return file.read()
