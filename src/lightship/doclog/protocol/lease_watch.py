"""Detects that another owner's lease has lapsed, without comparing clocks, so that none can be wrong.

Clients of Chubby and ZooKeeper judge sessions like this: by their own clock, from the last sign of life.
"""

from __future__ import annotations

import threading
import time
from typing import NamedTuple


class _Watch(NamedTuple):
    """A lease whose revision has been the same in all polls from `since` to `polled`; monotonic."""

    revision: object
    since: float
    polled: float


class LeaseWatches:
    """The leases for which one process waits. Thread-safe."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._watched: dict[str, _Watch] = {}
        self._guard = threading.Lock()

    def has_lapsed(self, name: str, revision: object, seconds: float) -> bool:
        """Record the current `revision` of the lease `name`, which changes with each renewal.

        True if polls have seen the same revision for `seconds`, its duration, with no gap of half of that.
        """
        now = time.monotonic()
        with self._guard:
            watch = self._watched.get(name)
            if watch is None or watch.revision != revision or now - watch.polled > seconds / 2:
                watch = _Watch(revision, now, now)
            self._watched[name] = watch._replace(polled=now)
        return now - watch.since > seconds
