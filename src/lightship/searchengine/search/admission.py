"""Where dear queries wait for a thread, and all queries are held to their deadline. See DESIGN.md."""

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
from lightship.runtime.limits import limits

OVERESTIMATE = 5.0  # `index/cost.py` expects up to 4.5 times what is measured (of excluded phrases): DESIGN.md
PARKED_SHARE = 4  # of so many queries under way, one may wait for its min_position
CHEAP_SECONDS = 0.002  # what costs less runs in the event loop: handing it to a thread would cost more than it gives

Result = TypeVar("Result")


class QueryExecutor:
    """Runs searches: cheap ones at once, dear ones in a few threads. It refuses what can't be answered in time."""

    def __init__(self, deadline: float = 2.0, longest: int = 500, threads: int = 0) -> None:
        """Answer within `deadline` seconds of a request's arrival; at most `longest` requests may be under way."""
        self._deadline, self._longest = deadline, longest
        self._searching = _Threads(threads or limits().threads, "search")
        # One: reading documents holds the interpreter, so another would gain nothing, and have the loop wait for two
        self._reading = _Threads(1, "read")
        self.parked = 0
        self.refused = 0

    @property
    def waiting(self) -> int:
        """The number of queries that are in a thread, or wait for one."""
        return self._searching.waiting + self._reading.waiting

    def admit(self, scope: Scope) -> float:
        """Return by when a request has to be answered (time.monotonic); raises UnavailableError when that can't be."""
        arrived = float(scope.get("lightship.arrived", 0.0)) or time.monotonic()
        if scope.get("lightship.ahead", 0) >= self._longest or self.waiting >= self._longest:
            raise self._refusal("too many queries wait already")
        if time.monotonic() > arrived + self._deadline:
            raise self._refusal(f"the query waited for more than {self._deadline:g} s")
        return arrived + self._deadline

    @contextlib.contextmanager
    def parking(self, scope: Scope) -> Iterator[None]:
        """Let a query wait for its min_position: it holds up no others. Raises UnavailableError when too many do."""
        if self.parked >= max(1, self._longest // PARKED_SHARE):
            raise self._refusal("too many queries wait for their min_position already: an indexer is behind or down")
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
        """Return what `search` returns, which takes about `cost` seconds of one core.

        Raises UnavailableError when it can't be there by `until`, InvalidInputError when it never could: both only when
        that is sure even if `cost` is far too much. What turns out to take too long is refused at the deadline.
        """
        if cost < CHEAP_SECONDS:
            return search()
        if cost / OVERESTIMATE > self._deadline:
            raise InvalidInputError("the query is too dear for this index: use rarer words, and fewer phrases")
        return await self._in(self._searching, search, cost, until)

    async def read(self, read: Callable[[], bool], cost: float, until: float) -> None:
        """Have `read` read the documents of an answer, in about `cost` seconds; it returns whether it has by `until`.

        Raises UnavailableError when it has not.
        """
        if not await self._in(self._reading, read, cost, until):
            raise self._late()

    async def _in(self, threads: _Threads, work: Callable[[], Result], cost: float, until: float) -> Result:
        if threads.earliest() + cost / OVERESTIMATE > until:
            raise self._refusal("too many dear queries wait already")
        done = threads.submit(work, cost)
        try:
            async with asyncio.timeout(until - time.monotonic()):
                return await asyncio.wrap_future(done)
        except TimeoutError:  # if it has not begun it is cancelled; otherwise a thread ends it, for nobody
            if done.done() and not done.cancelled():  # it was the loop that was late, on a machine that is overloaded
                return done.result()
            raise self._late() from None

    def _late(self) -> UnavailableError:
        return self._refusal(f"the query took more than {self._deadline:g} s")

    def _refusal(self, why: str) -> UnavailableError:
        self.refused += 1
        return UnavailableError(f"{why}: try again in a moment, or ask another replica")


class _Threads:
    """Threads, and how long what is in them, or waits for one, is expected to take; used by one event loop."""

    def __init__(self, count: int, name: str) -> None:
        self._count, self._pool = count, ThreadPoolExecutor(count, name)
        self._ahead = 0.0  # seconds
        self.waiting = 0

    def earliest(self) -> float:
        """Return when a thread will have time, in time.monotonic()'s seconds; in the past if one has."""
        return time.monotonic() + self._ahead / self._count if self.waiting >= self._count else -math.inf

    def submit(self, work: Callable[[], Result], cost: float) -> Future[Result]:
        """Have a thread do `work`."""
        self._ahead += cost
        self.waiting += 1
        loop, submitted = asyncio.get_running_loop(), self._pool.submit(work)
        submitted.add_done_callback(lambda _: loop.call_soon_threadsafe(self._done, cost))
        return submitted

    def _done(self, cost: float) -> None:
        self.waiting -= 1
        self._ahead = self._ahead - cost if self.waiting else 0.0
