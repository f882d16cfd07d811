"""Work that a full disk interrupts goes on when there is room again: a program does not end because of that."""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
from collections.abc import Callable
from typing import TypeVar

from lightship.core.errors import OutOfSpaceError
from lightship.runtime.files import is_no_space, space_errors

logger = logging.getLogger("space")

# With less it would be interrupted again at once, and an indexer take the lease from one that has more
ENOUGH_BYTES = 16 << 20
LOOK_SECONDS = 0.5

T = TypeVar("T")


def go_on(work: Callable[[], T], folder: str, stop: threading.Event) -> T | None:
    """Return what `work` returns, which writes to `folder`; None when `stop` was set first.

    Whenever the disk was full it is done once more, when there is room again. So it has to go on as after a kill: from what is on
    the disk, with nothing of what was in memory.
    """
    while not stop.is_set():
        try:
            with space_errors(folder):
                return work()
        except OutOfSpaceError as error:
            trouble = str(error)
        # Not where it is caught: the error's traceback keeps alive what the work has opened
        wait_for_space(folder, stop, trouble)
    return None


def wait_for_space(folder: str, stop: threading.Event, trouble: str) -> None:
    """Tell `trouble`, and return when the disk of `folder` has room, or `stop` is set."""
    logger.warning("%s; waiting for room of %d MiB in %s", trouble, ENOUGH_BYTES >> 20, folder)
    while not stop.wait(LOOK_SECONDS):
        if has_space(folder, ENOUGH_BYTES):
            logger.info("there is room in %s again: going on", folder)
            return


def has_space(folder: str, size: int) -> bool:
    """Tell whether so many bytes can be written to `folder` now."""
    if shutil.disk_usage(folder).free < size:  # before it is tried: others need what little there is
        return False
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:  # quotas are told nowhere else
            for _ in range(size >> 20):
                file.write(bytes(1 << 20))
    except OSError as error:
        if is_no_space(error):
            return False
        raise
    return True
