"""How much the intake holds at once: what has no room is told so at once, instead of filling the memory."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from lightship.core.errors import TooManyRequestsError

MAX_REQUESTS = 256  # under way at once: each waits for one sync of the log, which a group of them shares
MAX_BYTES = 128 << 20  # of bodies, from their arrival until the log has them; as documents they take a few times that


class InFlightLimit:
    """What all requests under way hold together; for several threads."""

    def __init__(self, requests: int = MAX_REQUESTS, size: int = MAX_BYTES) -> None:
        """Take `requests` at once, and `size` bytes in all."""
        self._requests, self._size = requests, size
        self._guard = threading.Lock()
        self.requests = self.bytes = 0

    @contextlib.contextmanager
    def entered(self) -> Iterator[Reservation]:
        """Hold the place of one request; raises TooManyRequestsError when there is none."""
        reservation = Reservation(self)
        self.take(1, 0)
        try:
            yield reservation
        finally:
            self.take(-1, -reservation.held)

    def take(self, requests: int, size: int) -> None:
        """Take that much, or give it back when it is below 0; raises TooManyRequestsError when there is no room."""
        with self._guard:
            if requests > 0 and self.requests + requests > self._requests:
                raise TooManyRequestsError(f"{self.requests} requests are under way: try again in a moment")
            if size > 0 and self.bytes + size > self._size:
                raise TooManyRequestsError(f"{self.bytes} bytes wait for the document log: try again in a moment")
            self.requests += requests
            self.bytes += size


class Reservation:
    """What one request holds of a room."""

    def __init__(self, limit: InFlightLimit) -> None:
        """Hold nothing yet."""
        self._in_flight = limit
        self.held = 0

    def take(self, size: int) -> None:
        """Hold `size` more bytes; raises TooManyRequestsError when there is no room for them."""
        self._in_flight.take(0, size)
        self.held += size
