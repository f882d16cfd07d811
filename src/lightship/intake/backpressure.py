"""Back-pressure: bounds the requests and bytes in flight; the rest get 429 instead of filling the memory."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

from lightship.core.errors import TooManyRequestsError

MAX_REQUESTS = 256  # in flight: each waits for one sync of the log, which a group of them shares
MAX_BYTES = 128 << 20  # of bodies, from arrival until the log has them; parsed, they take several times as much


class InFlightLimit:
    """The total of all requests in flight; thread-safe."""

    def __init__(self, requests: int = MAX_REQUESTS, size: int = MAX_BYTES) -> None:
        """Allow `requests` requests and `size` bytes."""
        self._requests, self._size = requests, size
        self._guard = threading.Lock()
        self.requests = self.bytes = 0

    @contextlib.contextmanager
    def entered(self) -> Iterator[Reservation]:
        """Reserve a place for one request; raises TooManyRequestsError if none is free."""
        reservation = Reservation(self)
        self.take(1, 0)
        try:
            yield reservation
        finally:
            reservation.release()

    def take(self, requests: int, size: int) -> None:
        """Reserve the given amounts, or release them if negative; raises TooManyRequestsError if there is no room."""
        with self._guard:
            if requests > 0 and self.requests + requests > self._requests:
                raise TooManyRequestsError(f"too many requests in flight ({self.requests}); try again in a moment")
            if size > 0 and self.bytes + size > self._size:
                raise TooManyRequestsError(
                    f"too much data waiting for the document log ({self.bytes} bytes); try again in a moment"
                )
            self.requests += requests
            self.bytes += size


class Reservation:
    """The reservation of one request."""

    def __init__(self, limit: InFlightLimit) -> None:
        """Reserve no bytes yet."""
        self._in_flight = limit
        self._guard, self._holders = threading.Lock(), 1
        self.held = 0

    def hold_until_done(self, put: Future[Any]) -> None:
        """Keep the place until `put` has ended too: an answered request's changes are in memory while they wait."""
        with self._guard:
            self._holders += 1
        put.add_done_callback(lambda _: self.release())

    def release(self) -> None:
        """Let one holder go; the last one frees the place."""
        with self._guard:
            self._holders -= 1
            is_free = not self._holders
        if is_free:
            self._in_flight.take(-1, -self.held)

    def take(self, size: int) -> None:
        """Reserve `size` more bytes; raises TooManyRequestsError if there is no room."""
        self._in_flight.take(0, size)
        self.held += size
