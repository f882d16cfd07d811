"""Holds a shard's lease: only its holder indexes, and its epoch fences earlier holders."""

from __future__ import annotations

import logging
import os
import threading
import uuid
from collections.abc import Callable

from lightship.doclog import Lease, Leases
from lightship.errors import LightshipError
from lightship.files import write_atomically

logger = logging.getLogger("indexer")

LEASE_SECONDS = 15.0
POLL_SECONDS = 0.5


def owner_of(folder: str) -> str:
    """Return the name of the owner of `folder`, kept in it: a process that takes over a folder takes over its leases."""
    path = os.path.join(folder, "owner")
    if not os.path.exists(path):
        write_atomically(path, uuid.uuid4().hex.encode())
    with open(path) as file:
        return file.read().strip()


def acquire(leases: Leases, name: str, owner: str, stop: threading.Event) -> Lease | None:
    """Return the lease of `name` as soon as it is free; None when `stop` was set first."""
    waiting = False
    while not stop.is_set():
        lease = leases.acquire(name, owner, LEASE_SECONDS)
        if lease is not None:
            return lease
        if not waiting:
            logger.info("another indexer holds %s: standing by", name)
            waiting = True
        stop.wait(POLL_SECONDS)
    return None


def keep(leases: Leases, lease: Lease, stop: threading.Event, lost: Callable[[], None]) -> None:
    """Renew `lease` until `stop` is set, then release it; call `lost` when another owner took it."""
    while not stop.wait(LEASE_SECONDS / 3):
        try:
            if not leases.renew(lease, LEASE_SECONDS):
                lost()
                return
        except LightshipError as error:
            logger.warning("can't renew the lease of %s now: %s", lease.name, error)
    leases.release(lease)
