"""Which replicas are live: a query to a live replica must never fail.

A replica is live if it is running, not paused and connected to the network, and has reported itself ready since it last
was not. A full disk, or cut links between other hosts, are no excuse.
"""

from __future__ import annotations

import time

from lightship.chaos.system.faults import Fault

EXCUSES = ("kill", "pause", "cut")
MARGIN = 0.2  # seconds for which a fault may act before its recorded start or after its recorded end


class Liveness:
    """Tracks which replicas are live. Times are of `time.monotonic`."""

    def __init__(self, replicas: list[str]) -> None:
        """At first all `replicas` are live."""
        self._disturbed = dict.fromkeys(replicas, 0.0)  # end of the last disturbance; inf while it lasts
        self._recovering: dict[str, float] = {}
        self.recoveries: list[float] = []

    def begin(self, fault: Fault) -> None:
        """Record a fault; to be called just before it begins."""
        if fault.host in self._disturbed and fault.kind in EXCUSES:
            self._disturbed[fault.host] = float("inf")
            self._recovering[fault.host] = float("inf")

    def end(self, fault: Fault) -> None:
        """Record the end of a fault; to be called just after it."""
        if fault.host in self._disturbed and fault.kind in EXCUSES:
            self._disturbed[fault.host] = self._recovering[fault.host] = time.monotonic()

    def ready(self, replica: str, asked: float) -> None:
        """Record that a replica reported itself ready to a request sent at `asked`."""
        if self._recovering.get(replica, float("inf")) < asked:
            self._disturbed[replica] = time.monotonic()
            self.recoveries.append(time.monotonic() - self._recovering.pop(replica))

    def is_recovering(self, replica: str) -> bool:
        """Whether a replica's fault is over, but it has not reported itself ready."""
        return self._recovering.get(replica, float("inf")) < float("inf")

    def is_live(self, replica: str, since: float) -> bool:
        """Whether a replica has been live without interruption since `since`."""
        return replica not in self._recovering and self._disturbed[replica] + MARGIN < since
