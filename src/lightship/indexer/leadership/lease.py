"""Acquires and renews a shard's lease: only its holder publishes, and its epoch fences earlier holders.

A leader that can't reach the log to renew continues: no other indexer can acquire the lease there either, and if one
has, searchengines refuse the lower epoch. Stopping by its own clock would only make replicas stale.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable

from lightship.core.errors import LightshipError
from lightship.doclog import Lease, Leases
from lightship.runtime.files import write_atomically
from lightship.runtime.tasks import keep_in_thread

logger = logging.getLogger("indexer")

POLL_SECONDS = 0.25
_TICK = 0.05


def owner_of(folder: str) -> str:
    """Return the owner name stored in `folder`: a process that takes over a folder takes over its leases."""
    path = os.path.join(folder, "owner")
    with contextlib.suppress(FileNotFoundError, ValueError), open(path, encoding="ascii") as file:
        return uuid.UUID(file.read().strip()).hex
    owner = uuid.uuid4().hex
    write_atomically(path, owner.encode())
    return owner


def forget_owner(folder: str) -> None:
    """Use a new owner name: of two processes with copies of one folder, the one that lost the lease must wait."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(folder, "owner"))


def acquire(
    leases: Leases, name: str, owner: str, seconds: float, *, stop: threading.Event, waiting: Callable[[], None]
) -> Lease | None:
    """Return the lease of `name` as soon as it is free; None if `stop` was set first.

    `waiting` is called once if another owner holds it. Errors of the log are logged, and retried.
    """
    logged, waits = "", False
    while not stop.is_set():
        try:
            lease = leases.acquire(name, owner, seconds)
            if lease is not None:
                return lease
            if not waits:
                waiting()
            waits, logged = True, ""
        except LightshipError as error:
            if str(error) != logged:
                logger.warning("can't acquire the lease of %s: %s; retrying", name, error)
            logged = str(error)
        stop.wait(POLL_SECONDS)
    return None


class LeaseKeeper:
    """Renews a lease in its own thread until it is released or lost."""

    def __init__(
        self, leases: Leases, lease: Lease, seconds: float, stop: threading.Event, ended: threading.Event
    ) -> None:
        """Renew a lease of `seconds`; set `ended` as soon as `stop` is set or the lease is lost."""
        self._leases, self._lease, self._seconds = leases, lease, seconds
        self._stop, self._ended = stop, ended
        self._doubt, self._given_up = threading.Event(), threading.Event()
        self.lost = False
        self._thread = keep_in_thread("lease", self._run, self._given_up, again_most=seconds / 3)

    def doubt(self) -> None:
        """Check the lease at once, because a searchengine knows a newer epoch. Callable from any thread."""
        self._doubt.set()

    def release(self) -> None:
        """Release the lease, unless it is lost, so that a standby takes over at once."""
        self._given_up.set()
        self._thread.join()
        if self.lost:
            return
        try:
            self._leases.release(self._lease)
        except LightshipError as error:
            logger.warning("can't release the lease of %s: %s; it will expire", self._lease.name, error)

    def _run(self) -> None:
        due = time.monotonic() + self._seconds / 3
        while not self.lost and not self._given_up.wait(min(_TICK, self._seconds / 10)):
            if self._stop.is_set():
                self._ended.set()
            if self._doubt.is_set() or time.monotonic() >= due:
                self._doubt.clear()
                self._renew()
                due = time.monotonic() + self._seconds / 3
        self._ended.set()

    def _renew(self) -> None:
        try:
            self.lost = not self._leases.renew(self._lease, self._seconds)
        except LightshipError as error:
            logger.warning("can't renew the lease of %s: %s; retrying", self._lease.name, error)
