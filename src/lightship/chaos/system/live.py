"""Which hosts are in trouble, and so which replicas are live: a query to a live replica must never fail.

A replica is live when its program runs, is awake and its cable is in, and it has said that it is ready since the last time
that this was not so. A full disk and links that are cut between other hosts are no excuse.
"""

from __future__ import annotations

import time

from lightship.chaos.system.faults import Fault

EXCUSES = ("kill", "pause", "cut")
MARGIN = 0.2  # seconds that a fault takes hold before it is told, or goes on after its end


class Liveness:
    """What is broken now. Times are of `time.monotonic`."""

    def __init__(self, replicas: list[str]) -> None:
        """All is well."""
        self._disturbed = dict.fromkeys(replicas, 0.0)  # until when a replica was, inf: still is
        self._recovering: dict[str, float] = {}
        self.recoveries: list[float] = []

    def begin(self, fault: Fault) -> None:
        """Call this just before a fault begins."""
        if fault.host in self._disturbed and fault.kind in EXCUSES:
            self._disturbed[fault.host] = float("inf")
            self._recovering[fault.host] = float("inf")

    def end(self, fault: Fault) -> None:
        """Call this just after a fault ended."""
        if fault.host in self._disturbed and fault.kind in EXCUSES:
            self._disturbed[fault.host] = self._recovering[fault.host] = time.monotonic()

    def ready(self, replica: str, asked: float) -> None:
        """Note that a replica answered that it is ready when it was `asked`."""
        if self._recovering.get(replica, float("inf")) < asked:
            self._disturbed[replica] = time.monotonic()
            self.recoveries.append(time.monotonic() - self._recovering.pop(replica))

    def is_recovering(self, replica: str) -> bool:
        """Tell whether a replica is to be asked if it is ready."""
        return self._recovering.get(replica, float("inf")) < float("inf")

    def is_live(self, replica: str, since: float) -> bool:
        """Tell whether a replica has been live all the time from `since` to now."""
        return replica not in self._recovering and self._disturbed[replica] + MARGIN < since
