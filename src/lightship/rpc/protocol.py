"""HTTP/1.1 with limits: what comes before a body is bounded, and what is over it gets a clear answer.

What it uses of uvicorn's class beside ASGI is private: `tests/contract/test_uvicorn.py` tells what has changed of it.
"""

from __future__ import annotations

import asyncio
import time
from typing import ClassVar

import msgspec
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from lightship.rpc.connections import Connections, address_of
from lightship.rpc.messages import Problem

MAX_TARGET = 32 << 10  # bytes; a query string has a smaller limit of its own
MAX_HEAD = 128 << 10  # bytes of target and headers that may wait for the rest; uvicorn itself would keep any number
SLOW_SECONDS = 10.0  # within which a request's head has to be whole, and between two looks at how much of a body came
LEAST_BYTES = 10 << 10  # of a body between two looks; and of what is sent, when more lies ready
MAX_PIPELINED = 100  # requests that a client may send before it has the answer to the first
PROBES = frozenset({"/livez", "/readyz", "/metrics"})  # answered however many connections there are


class _OverLimitError(Exception):
    """Raised inside the parser's callback, to stop it."""


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with an answer to what is too long (414, 431), too slow (408), or too many connections (503).

    The connection is closed after it.
    """

    limits: ClassVar[Connections]  # of the listener: see `limited`
    _address = ""
    _over = False  # there was no room for the connection: only a probe is answered
    _unsent = 0  # bytes, at the last look
    _taken = False  # the client has taken most of what was to be sent, since the last look

    _refusal = "400 Bad Request", "this is not an HTTP/1.1 request"
    _in_head = False
    _head_bytes = 0
    _arriving = False  # a request has begun to come, and its end has not come yet
    _received = _received_before = 0
    _slow: asyncio.TimerHandle | None = None
    _made: float | None = None  # when the connection was, until its first request begins

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take up a connection."""
        self._made = time.monotonic()
        super().connection_made(transport)
        self._address = address_of(self.client[0]) if self.client else ""
        self._over = not self.limits.join(self, self._address)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up what did not come to its end."""
        self._unwatch()
        self.limits.leave(self)
        super().connection_lost(exc)

    def cut(self) -> None:
        """End the connection at once: another one needs its place."""
        self.transport.abort()

    def sweep(self) -> None:
        """End the connection if its client takes nothing of what was sent."""
        unsent = self.transport.get_write_buffer_size()
        if unsent and self._unsent and not self._taken and unsent > self._unsent - LEAST_BYTES:
            self.transport.abort()
        self._unsent, self._taken = unsent, False

    def resume_writing(self) -> None:
        """Take up that there is room again for what is to be sent."""
        self._taken = True
        super().resume_writing()

    def on_message_begin(self) -> None:
        """Count anew for each request."""
        if len(self.pipeline) >= MAX_PIPELINED:
            raise _OverLimitError
        if not getattr(self.cycle, "response_complete", True):
            self.cycle.scope["lightship.followed"] = True  # type: ignore[typeddict-unknown-key]
        super().on_message_begin()
        self._in_head, self._head_bytes, self._arriving = True, 0, True
        now = time.monotonic()
        self.scope["lightship.arrived"] = now  # type: ignore[typeddict-unknown-key]
        self.scope["lightship.after"] = self._made or now  # type: ignore[typeddict-unknown-key]
        self._made = None
        ahead = len(self.tasks) + self.limits.delayed - self.limits.parked
        self.scope["lightship.ahead"] = ahead  # type: ignore[typeddict-unknown-key]
        self.scope["lightship.connections"] = self.limits  # type: ignore[typeddict-unknown-key]

    def on_url(self, url: bytes) -> None:
        """Take up a piece of the target."""
        super().on_url(url)
        if len(self.url) > MAX_TARGET:
            self._refusal = "414 URI Too Long", f"address of more than {MAX_TARGET} bytes: search for fewer words"
            raise _OverLimitError

    def on_headers_complete(self) -> None:
        """Go on to the body, which the application bounds."""
        self._in_head = False
        if self._over:
            self.limits.leave(self)
            self._over = not self.limits.join(self, self._address)  # there may be room by now
        if self._over and self.url.partition(b"?")[0].decode("latin-1") not in PROBES:
            self._refusal = "503 Service Unavailable\r\nretry-after: 1", "too many connections: try again in a moment"
            raise _OverLimitError
        self.limits.works(self)
        super().on_headers_complete()
        self.cycle.keep_alive = self.cycle.keep_alive and not self._over

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Begin to answer when it is the turn of the client's address; a probe's is always."""

        def start() -> None:
            if not self.transport.is_closing():
                super(LimitedProtocol, self)._start_asgi_task(cycle, app)

        if cycle.scope["path"] in PROBES:
            start()
        else:
            self.limits.begin(self._address, start)

    def on_response_complete(self) -> None:
        """Wait for the next request, if none is there."""
        super().on_response_complete()
        if not self.pipeline and not self.transport.is_closing():
            self.limits.waits(self)

    def on_message_complete(self) -> None:
        """Take up the end of a request."""
        self._arriving = False
        super().on_message_complete()

    def _watch(self) -> None:
        self._slow, self._received_before = self.loop.call_later(SLOW_SECONDS, self._look), self._received

    def _unwatch(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None

    def _look(self) -> None:
        """Cut the connection if its head is not whole yet, or if too little of its body came since the last look."""
        self._slow = None
        waits_for_us = self.flow.read_paused or self._received - self._received_before >= LEAST_BYTES
        if not self._in_head and self._arriving and waits_for_us:
            self._watch()
        elif not self.transport.is_closing():
            if getattr(self.cycle, "response_started", False) and not self.cycle.response_complete:
                self.transport.abort()
                return
            self._refusal = "408 Request Timeout", f"the request did not arrive within {SLOW_SECONDS:g} s"
            self.send_400_response("")

    def data_received(self, data: bytes) -> None:
        """Take up what the client sent."""
        self._received += len(data)
        super().data_received(data)
        if not self._arriving:
            self._unwatch()
        elif self._slow is None:
            self._watch()
        if self._in_head:
            self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD and not self.transport.is_closing():
            self._refusal = "431 Request Header Fields Too Large", f"headers of more than {MAX_HEAD} bytes: send fewer"
            self.send_400_response("")

    def send_400_response(self, msg: str) -> None:
        """Answer what can't be read on with the reason for it, unless other answers have to come before."""
        if self.pipeline:
            self.pipeline[0][0].keep_alive = False  # the last of them
            return
        status, error = self._refusal
        body = msgspec.json.encode(Problem(error))
        head = (
            f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\nx-content-type-options: nosniff\r\n"
            f"content-length: {len(body)}\r\nconnection: close"
        )
        self.transport.write(f"{head}\r\n\r\n".encode() + body)
        self.transport.close()


def limited(connections: int = 1000, per_address: int = 0) -> type[LimitedProtocol]:
    """Return the protocol of one listener, which keeps so many connections: see `Connections`."""
    return type("Limited", (LimitedProtocol,), {"limits": Connections(connections, per_address)})
