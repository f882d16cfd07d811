"""A client that watches a query, and what it has not read yet."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator

from lightship.core.position import Reached
from lightship.searchengine.watch.events import BEAT, BEGIN, TOO_SLOW, reached
from lightship.searchengine.watch.standing import StandingQuery

MOST_BYTES = 1 << 20  # of events that wait for one client to read them
BEAT_SECONDS = 10.0  # between two signs of life; proxies close connections that are quiet for longer


class Watcher:
    """The events for one client; for use in one event loop."""

    def __init__(self, standing: StandingQuery) -> None:
        """Wait for what the query `standing` finds."""
        self.standing = standing
        self._events, self._bytes, self._wake = deque[bytes](), 0, asyncio.Event()
        self._position: bytes | None = None  # that it is not told yet
        self._closed, self._slow = False, False

    def tell(self, events: bytes) -> None:
        """Send events; a client that does not read them is closed."""
        if self._bytes + len(events) > MOST_BYTES:
            self._slow = True
            self.close()
            return
        self._events.append(events)
        self._bytes += len(events)
        self._position = None
        self._wake.set()

    def pass_to(self, position: Reached, text: bytes = b"") -> None:
        """Note that nothing else happened until `position`, which is `text` as it is sent; told with the next sign of life."""
        self._position = text or reached(position)

    def close(self) -> None:
        """End the stream, once what waits is read."""
        self._closed = True
        self._wake.set()

    async def stream(self, seconds: float) -> AsyncIterator[bytes]:
        """Yield what is sent, for at most `seconds`."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        yield BEGIN
        while not self._closed and loop.time() < until:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0 if self._position and not self._told else BEAT_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
            yield self._take() or BEAT
        yield self._take() + TOO_SLOW * self._slow

    def _take(self) -> bytes:
        """Return what waits, and the position if that has changed since."""
        found = b"".join(self._events) + (self._position or b"")
        self._events.clear()
        self._bytes, self._position, self._told = 0, None, True
        return found

    _told = False
