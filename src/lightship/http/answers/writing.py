"""Writes answers to a connection, each in one system call if it can be."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle


class AnswerTransport:
    """What uvicorn writes an answer to: sends the head together with the beginning of the body, in one system call.

    A client that gets the head alone wakes up in vain, and a small packet costs as much as the one that follows.
    """

    def __init__(self, transport: asyncio.Transport, cycle: RequestResponseCycle) -> None:
        """Write the answer of `cycle` to `transport`."""
        self._transport, self._cycle = transport, cycle
        self._head = b""
        self._waits = cycle.scope["method"] != "HEAD"  # for the head: a body follows at once, even an empty one
        self.close, self.is_closing = transport.close, transport.is_closing
        self.status = 0  # of the answer that `write_whole` wrote

    def write(self, data: bytes) -> None:
        """Write `data`, or keep it until the next call if it is the head."""
        if self._waits and self._cycle.response_started:
            self._head, self._waits = data, False
            return
        self._transport.write(self._head + data if self._head else data)
        self._head = b""

    def write_whole(self, status: int, headers: bytes, body: bytes) -> bool:
        """Write an answer as `RequestResponseCycle.send` does in two steps; False if it must do that: see `Whole`."""
        cycle = self._cycle
        if cycle.response_started or cycle.disconnected or cycle.flow.write_paused:
            return False
        cycle.response_started = cycle.response_complete = True
        every, closes = _lines(cycle.default_headers)
        last = b"\r\n" if closes or cycle.keep_alive else b"connection: close\r\n\r\n"
        cycle.keep_alive = cycle.keep_alive and not closes
        shown = b"" if cycle.scope["method"] == "HEAD" else body
        self._transport.write(b"".join((STATUS_LINE[status], every, headers, last, shown)))
        self.status = status
        cycle.message_event.set()
        if not cycle.keep_alive:
            self.close()
        cycle.on_response()
        return True


_Headers = list[tuple[bytes, bytes]]
_last: tuple[_Headers, bytes, bool] = ([], b"", False)


def _lines(headers: _Headers) -> tuple[bytes, bool]:
    """Return the lines of uvicorn's headers of every answer, a new list each second, and whether one says `close`."""
    global _last
    known, lines, closes = _last
    if known is not headers:
        lines = b"".join(b"%b: %b\r\n" % each for each in headers)
        closes = any(name.lower() == b"connection" and b"close" in value.lower() for name, value in headers)
        _last = (headers, lines, closes)
    return lines, closes
