"""Graceful shutdown without failed queries: report not ready until load balancers have noticed, then close the port."""

from __future__ import annotations

import logging
import signal
import time
from types import FrameType

import uvicorn
from starlette.datastructures import State

logger = logging.getLogger("searchengine")

_CLOSE = (b"connection", b"close")


class DrainingServer(uvicorn.Server):
    """uvicorn's server that drains on SIGTERM or SIGHUP before it stops; SIGINT or a second signal stops it at once.

    While it drains, `state.draining` is True, all requests are answered, and each answer closes its connection, so that
    clients with persistent connections move to another replica.
    """

    def __init__(self, config: uvicorn.Config, state: State, seconds: float) -> None:
        """Drain for `seconds`; 0: stop at once."""
        super().__init__(config)
        self._state, self._seconds = state, seconds
        self._end = 0.0
        state.draining = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        if sig in (signal.SIGTERM, signal.SIGHUP) and self._seconds and not self._state.draining:
            logger.info("draining for %g s: /readyz returns 503, queries are still answered", self._seconds)
            self._end = time.monotonic() + self._seconds
            self._state.draining = True
        else:
            self._state.draining = True
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """Return True when it is time to stop; uvicorn calls this ten times a second."""
        if self._state.draining and time.monotonic() >= self._end:
            self.should_exit = True
        stops = await super().on_tick(counter)
        if self._state.draining and _CLOSE not in self.server_state.default_headers:
            self.server_state.default_headers = [*self.server_state.default_headers, _CLOSE]
        return stops
