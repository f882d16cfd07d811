"""Admission control: expensive queries run in a bounded thread pool; every query has a deadline. See DESIGN.md."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from starlette.types import Scope

from lightship.core.errors import InvalidInputError, UnavailableError
from lightship.http.connections import Connections

OVERESTIMATE = 5.0  # `index/cost.py` estimates up to 4.5 times the measured cost (of excluded phrases): DESIGN.md
PARKED_SHARE = 4  # a quarter as many queries as may be in flight may wait for their min_position
CHEAP_SECONDS = 0.002  # cheaper queries run in the event loop: handing them to a thread would cost more than it saves

Result = TypeVar("Result")


class QueryExecutor:
    """Runs cheap searches at once and expensive ones in a few threads. Refuses those that can't be answered in time."""

    def __init__(self, deadline: float = 2.0, longest: int = 500, threads: int = 1) -> None:
        """Answer within `deadline` seconds of a request's arrival; at most `longest` requests may be in flight.

        Expensive searches run in so many `threads`.
        """
        self._deadline, self._longest = deadline, longest
        self._searching = _Threads(threads, "search")
        # One thread: reading documents holds the GIL, so a second one would gain nothing, and delay the loop
        self._reading = _Threads(1, "read")
        self.parked = 0
        self.refused = 0

    @property
    def waiting(self) -> int:
        """The number of queries that run in a thread, or wait for one."""
        return self._searching.waiting + self._reading.waiting

    def admit(self, scope: Scope) -> float:
        """Return the deadline of a request (time.monotonic); raises UnavailableError if overloaded or too late."""
        arrived = float(scope.get("lightship.arrived", 0.0)) or time.monotonic()
        if scope.get("lightship.ahead", 0) >= self._longest or self.waiting >= self._longest:
            raise self._refusal("too many queries in flight")
        if time.monotonic() > arrived + self._deadline:
            raise self._refusal(f"query timed out: it waited longer than {self._deadline:g} s")
        return arrived + self._deadline

    @contextlib.contextmanager
    def parking(self, scope: Scope) -> Iterator[None]:
        """Let a query wait for its min_position without counting as busy; raises UnavailableError if too many do."""
        if self.parked >= max(1, self._longest // PARKED_SHARE):
            raise self._refusal("too many queries are waiting for min_position: an indexer is behind or down")
        connections: Connections | None = scope.get("lightship.connections")
        self.parked += 1
        if connections:
            connections.parked += 1
        try:
            yield
        finally:
            self.parked -= 1
            if connections:
                connections.parked -= 1

    async def run(self, search: Callable[[], Result], cost: float, until: float) -> Result:
        """Return the result of `search`, which takes about `cost` seconds of one core.

        Raises UnavailableError if it can't be ready by `until`, InvalidInputError if it never could be: in both cases
        only if that is certain even when `cost` is much too high. A search that turns out to be too slow is refused at
        its deadline.
        """
        if cost < CHEAP_SECONDS:
            return search()
        if cost / OVERESTIMATE > self._deadline:
            raise InvalidInputError("query too expensive for this index; use rarer words or fewer phrases")
        return await self._in(self._searching, search, cost, until)

    async def read(self, read: Callable[[], bool], cost: float, until: float) -> None:
        """Read the documents of an answer in a thread in about `cost` seconds; `read` returns False if it was too slow.

        Raises UnavailableError if they are not read by `until`.
        """
        if not await self._in(self._reading, read, cost, until):
            raise self._late()

    async def _in(self, threads: _Threads, work: Callable[[], Result], cost: float, until: float) -> Result:
        if threads.earliest() + cost / OVERESTIMATE > until:
            raise self._refusal("too many expensive queries are waiting")
        done = threads.submit(work, cost)
        try:
            async with asyncio.timeout(until - time.monotonic()):
                return await asyncio.wrap_future(done)
        except TimeoutError:  # work that has not begun is cancelled; otherwise its result is discarded
            if (
                done.done() and not done.cancelled()
            ):  # on an overloaded machine: it ended in time, but the loop was late
                return done.result()
            raise self._late() from None

    def _late(self) -> UnavailableError:
        return self._refusal(f"query timed out after {self._deadline:g} s")

    def _refusal(self, why: str) -> UnavailableError:
        self.refused += 1
        return UnavailableError(f"{why}; try again in a moment, or use another replica")


class _Threads:
    """A thread pool and the expected cost of the work that runs in it or waits for it; for use in one event loop."""

    def __init__(self, count: int, name: str) -> None:
        self._count, self._pool = count, ThreadPoolExecutor(count, name)
        self._ahead = 0.0  # seconds of work submitted and not done
        self.waiting = 0

    def earliest(self) -> float:
        """Return when a thread is expected to be free (time.monotonic); -inf if one is free now."""
        return time.monotonic() + self._ahead / self._count if self.waiting >= self._count else -math.inf

    def submit(self, work: Callable[[], Result], cost: float) -> Future[Result]:
        """Run `work` in a thread."""
        self._ahead += cost
        self.waiting += 1
        loop, submitted = asyncio.get_running_loop(), self._pool.submit(work)
        submitted.add_done_callback(lambda _: loop.call_soon_threadsafe(self._done, cost))
        return submitted

    def _done(self, cost: float) -> None:
        self.waiting -= 1
        self._ahead = self._ahead - cost if self.waiting else 0.0
