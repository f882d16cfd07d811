"""Waits for free space instead of ending the program: work that a full disk interrupted is retried later."""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from lightship.core.errors import OutOfSpaceError
from lightship.runtime.files import is_no_space, space_errors

logger = logging.getLogger("space")

# With less, the work would fail again at once, and the indexer would take the lease from one with more space
ENOUGH_BYTES = 16 << 20
LOOK_SECONDS = 0.5

T = TypeVar("T")


@dataclass(frozen=True)
class Waiting:
    """What this process waits for: free space, `since` then (seconds since the epoch), because of `reason`."""

    since: float
    reason: str

    def __str__(self) -> str:
        """Say so in one line."""
        return f"waits for disk space since {datetime.fromtimestamp(self.since, UTC):%Y-%m-%d %H:%M:%SZ}: {self.reason}"


_waiting: dict[str, Waiting] = {}  # by folder


def waiting() -> Waiting | None:
    """Return what this process waits for; None if it does not wait. Callable from any thread."""
    return next(iter(list(_waiting.values())), None)


def retry_when_full(work: Callable[[], T], folder: str, stop: threading.Event) -> T | None:
    """Return the result of `work`, which writes to `folder`; None when `stop` was set first.

    After a full disk, `work` is called again once there is room. It must recover from what is on the disk alone, as
    after a kill.
    """
    while not stop.is_set():
        try:
            with space_errors(folder):
                return work()
        except OutOfSpaceError as error:
            reason = str(error)
        # Not in the except block: the error's traceback keeps alive what the work has opened
        wait_for_space(folder, stop, reason)
    return None


def wait_for_space(folder: str, stop: threading.Event, reason: str) -> None:
    """Log `reason`, report it by `waiting`, and return when the disk of `folder` has room, or `stop` is set."""
    logger.warning("%s; waiting for %d MiB of free space in %s", reason, ENOUGH_BYTES >> 20, folder)
    _waiting[folder] = Waiting(time.time(), reason)
    try:
        while not stop.wait(LOOK_SECONDS):
            if has_space(folder, ENOUGH_BYTES):
                logger.info("enough free space in %s; continuing", folder)
                return
    finally:
        del _waiting[folder]


def has_space(folder: str, size: int) -> bool:
    """Return True if `size` bytes can be written to `folder` now."""
    if shutil.disk_usage(folder).free < size:  # checked first, so that the probe does not use up the last free space
        return False
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:  # only a write shows whether a quota is full
            for _ in range(size >> 20):
                file.write(bytes(1 << 20))
    except OSError as error:
        if is_no_space(error):
            return False
        raise
    return True
