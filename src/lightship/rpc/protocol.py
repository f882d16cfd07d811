"""HTTP/1.1 with limits: what comes before a body is bounded, and what is over it gets a clear answer."""

from __future__ import annotations

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lightship.rpc.messages import Problem

MAX_TARGET = 32 << 10  # bytes; a query string has a smaller limit of its own
MAX_HEAD = 128 << 10  # bytes of target and headers that may wait for the rest; uvicorn itself would keep any number


class _OverLimitError(Exception):
    """Raised inside the parser's callback, to stop it."""


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with an answer of 414 or 431 to what is too long, after which the connection is closed."""

    _refusal = "400 Bad Request", "this is not an HTTP/1.1 request"
    _in_head = False
    _head_bytes = 0

    def on_message_begin(self) -> None:
        """Count anew for each request."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0

    def on_url(self, url: bytes) -> None:
        """Take up a piece of the target."""
        super().on_url(url)
        if len(self.url) > MAX_TARGET:
            self._refusal = "414 URI Too Long", f"address of more than {MAX_TARGET} bytes: search for fewer words"
            raise _OverLimitError

    def on_headers_complete(self) -> None:
        """Go on to the body, which the application bounds."""
        self._in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Take up what the client sent."""
        super().data_received(data)
        self._head_bytes += len(data) if self._in_head else 0
        if self._head_bytes > MAX_HEAD and not self.transport.is_closing():
            self._refusal = "431 Request Header Fields Too Large", f"headers of more than {MAX_HEAD} bytes: send fewer"
            self.send_400_response("")

    def send_400_response(self, msg: str) -> None:
        """Answer what can't be read on with the reason for it."""
        status, error = self._refusal
        body = msgspec.json.encode(Problem(error))
        head = (
            f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close"
        )
        self.transport.write(f"{head}\r\n\r\n".encode() + body)
        self.transport.close()
