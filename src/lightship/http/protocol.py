"""HTTP/1.1 with limits: request heads are bounded in size and time, and whatever exceeds a limit gets a clear answer.

It relies on private parts of uvicorn's protocol class: `tests/contract/test_uvicorn.py` fails when they change.
"""

from __future__ import annotations

import asyncio
import time
from typing import ClassVar

import msgspec
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from lightship.http.answers.whole import WRITER
from lightship.http.answers.writing import AnswerTransport
from lightship.http.connections import Connections, address_of
from lightship.http.problem import Problem

MAX_TARGET = 32 << 10  # bytes; a query string has a smaller limit of its own
MAX_HEAD = 128 << 10  # bytes of target and headers that are buffered; uvicorn itself has no limit
SLOW_SECONDS = 10.0  # time limit for a request head, and the interval at which the progress of a body is checked
LEAST_BYTES = 10 << 10  # that a client must send, or take of a pending response, per interval
MAX_PIPELINED = 100  # requests that a client may send before it has the answer to the first
PROBES = frozenset({"/livez", "/readyz", "/metrics"})  # answered regardless of the number of connections


class _OverLimitError(Exception):
    """Raised in a callback of the parser to stop parsing."""


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with limits: 414 and 431 for too long, 408 for too slow, 503 for too many connections.

    The connection is closed after such an answer.
    """

    limits: ClassVar[Connections]  # of the listener: see `limited`
    _address = ""
    _over = False  # over the limit of connections: only probes are answered
    _unsent = 0  # bytes, at the last sweep
    _taken = False  # the client has drained the write buffer since the last sweep

    _refusal = "400 Bad Request", "not a valid HTTP/1.1 request"
    _in_head = False
    _head_bytes = 0
    _arriving = False  # part of a request has arrived, but not its end
    _received = _received_before = 0
    _slow: asyncio.TimerHandle | None = None
    _running: RequestResponseCycle | None = None  # the request that was started last
    _made: float | None = None  # when the connection was made; None once its first request has begun

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Register a new connection."""
        self._made = time.monotonic()
        super().connection_made(transport)
        self._address = address_of(self.client[0]) if self.client else ""
        self._over = not self.limits.join(self, self._address)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Release the connection, and abandon an incomplete request."""
        self._unwatch()
        self.limits.leave(self)
        super().connection_lost(exc)  # which tells only the last request that has arrived
        if self._running is not None:
            self._running.disconnected = True
            self._running.message_event.set()

    def cut(self) -> None:
        """Close the connection at once to make room for another one."""
        self.transport.abort()

    def sweep(self) -> None:
        """Close the connection if its client does not read what was sent."""
        unsent = self.transport.get_write_buffer_size()
        if unsent and self._unsent and not self._taken and unsent > self._unsent - LEAST_BYTES:
            self.transport.abort()
        self._unsent, self._taken = unsent, False

    def resume_writing(self) -> None:
        """Note that the client has drained the write buffer."""
        self._taken = True
        super().resume_writing()

    def on_message_begin(self) -> None:
        """Begin a request: reset the counters, and note what the application needs about its arrival."""
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
        """Add a piece of the request target."""
        super().on_url(url)
        if len(self.url) > MAX_TARGET:
            self._refusal = "414 URI Too Long", f"url longer than {MAX_TARGET} bytes; search for fewer words"
            raise _OverLimitError

    def on_headers_complete(self) -> None:
        """Accept or refuse the request; the application bounds the body."""
        self._in_head = False
        if self._over:
            self.limits.leave(self)
            self._over = not self.limits.join(self, self._address)  # there may be room by now
        if self._over and self.url.partition(b"?")[0].decode("latin-1") not in PROBES:
            self._refusal = "503 Service Unavailable\r\nretry-after: 1", "too many connections; try again in a moment"
            raise _OverLimitError
        self.limits.works(self)
        super().on_headers_complete()
        self.cycle.keep_alive = self.cycle.keep_alive and not self._over

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Start the request when it is its client address's turn; a probe starts at once."""

        def start() -> None:
            if not self.transport.is_closing():
                self._running = cycle
                writer = AnswerTransport(self.transport, cycle)
                cycle.transport = writer  # type: ignore[assignment]
                cycle.scope[WRITER] = writer  # type: ignore[literal-required]
                super(LimitedProtocol, self)._start_asgi_task(cycle, app)

        if cycle.scope["path"] in PROBES:
            start()
        else:
            self.limits.begin(self._address, start)

    def on_response_complete(self) -> None:
        """Mark the connection as idle, unless another request is already pipelined."""
        super().on_response_complete()
        if not self.pipeline and not self.transport.is_closing():
            self.limits.waits(self)

    def on_message_complete(self) -> None:
        """Note the end of a request."""
        self._arriving = False
        super().on_message_complete()

    def _watch(self) -> None:
        self._slow, self._received_before = self.loop.call_later(SLOW_SECONDS, self._look), self._received

    def _unwatch(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None

    def _look(self) -> None:
        """Close the connection if the head is still incomplete, or if too little of the body has arrived."""
        self._slow = None
        waits_for_us = self.flow.read_paused or self._received - self._received_before >= LEAST_BYTES
        if not self._in_head and self._arriving and waits_for_us:
            self._watch()
        elif not self.transport.is_closing():
            if getattr(self.cycle, "response_started", False) and not self.cycle.response_complete:
                self.transport.abort()
                return
            self._refusal = "408 Request Timeout", f"request not received within {SLOW_SECONDS:g} s"
            self.send_400_response("")

    def data_received(self, data: bytes) -> None:
        """Receive `data`, and watch its pace and the size of the head."""
        self._received += len(data)
        super().data_received(data)
        if not self._arriving:
            self._unwatch()
        elif self._slow is None:
            self._watch()
        if self._in_head:
            self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD and not self.transport.is_closing():
            self._refusal = "431 Request Header Fields Too Large", f"request headers larger than {MAX_HEAD} bytes"
            self.send_400_response("")

    def send_400_response(self, msg: str) -> None:
        """Answer with the reason for which reading stopped, unless earlier answers are still pending."""
        if self.pipeline:
            self.pipeline[0][0].keep_alive = False  # the last of the pending requests
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
    """Return the protocol class of one listener with its own limits of connections: see `Connections`."""
    return type("Limited", (LimitedProtocol,), {"limits": Connections(connections, per_address)})
