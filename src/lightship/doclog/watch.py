"""Whether another owner's lease has lapsed, as its watcher sees it: no clocks are compared, so none can be wrong.

This is how Chubby's and ZooKeeper's clients judge a session: by their own clock, from the last sign of life that they saw.
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


class Watches:
    """The leases that one process waits for. Safe to use from several threads."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._watched: dict[str, _Watch] = {}
        self._guard = threading.Lock()

    def has_lapsed(self, name: str, revision: object, seconds: float) -> bool:
        """Note that `name`, a lease of `seconds`, has `revision` now, which each renewal changes.

        True when polls have seen the same revision for all of `seconds`, with no gap of half of that between two.
        """
        now = time.monotonic()
        with self._guard:
            watch = self._watched.get(name)
            if watch is None or watch.revision != revision or now - watch.polled > seconds / 2:
                watch = _Watch(revision, now, now)
            self._watched[name] = watch._replace(polled=now)
        return now - watch.since > seconds
