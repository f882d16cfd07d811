"""A fair queue of jobs of many sites for few places: sites take turns, and none can occupy all places."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

SLOW_SECONDS = 0.5  # of CPU time; a page that takes more makes its site slow
SLOW_FOR = 10.0  # times the page's CPU time, for which its site counts as slow


class _Waiting(NamedTuple, Generic[T]):
    site: str
    slow: bool  # the site counts as slow
    job: T


class FairQueue(Generic[T]):
    """Jobs of sites, for `places` threads.

    One site can occupy all places but one, and so can all slow sites together; with a single place, any site can.
    """

    def __init__(self, places: int) -> None:
        """Start empty."""
        self._most = max(1, places - 1)
        self._waiting: dict[str, deque[T]] = {}  # in the order of the sites' turns
        self._busy: Counter[str] = Counter()
        self._slow: dict[str, float] = {}  # time.monotonic() until which a site counts as slow
        self._changed = threading.Condition()
        self._closed = False

    def put(self, site: str, job: T) -> None:
        """Queue a job of `site`."""
        with self._changed:
            self._waiting.setdefault(site, deque()).append(job)
            self._changed.notify()

    def take(self) -> _Waiting[T] | None:
        """Wait for the next job that may start now; None if the queue is closed."""
        with self._changed:
            while not self._closed:
                site = self._next()
                if site is not None:
                    jobs = self._waiting.pop(site)
                    job = jobs.popleft()
                    if jobs:
                        self._waiting[site] = jobs
                    self._busy[site] += 1
                    return _Waiting(site, site in self._slow, job)
                self._changed.wait()
        return None

    def done(self, site: str, seconds: float) -> None:
        """Record that a job of `site` is done, and took `seconds` of CPU time."""
        with self._changed:
            self._busy[site] -= 1
            if seconds > SLOW_SECONDS:
                until = time.monotonic() + SLOW_FOR * seconds
                self._slow[site] = max(self._slow.get(site, 0.0), until)
            if not self._busy[site]:
                del self._busy[site]
            self._changed.notify_all()

    def close(self) -> list[T]:
        """Close the queue; return the jobs that were waiting."""
        with self._changed:
            self._closed = True
            left = [job for jobs in self._waiting.values() for job in jobs]
            self._waiting.clear()
            self._changed.notify_all()
        return left

    def _next(self) -> str | None:
        now = time.monotonic()
        self._slow = {site: until for site, until in self._slow.items() if until > now}
        slow = sum(self._busy[site] for site in self._slow)
        for site in self._waiting:
            if self._busy[site] < self._most and (site not in self._slow or slow < self._most):
                return site
        return None
