"""Answers that are ready before they are sent: a listener writes one at once, in place of ASGI's two messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

WRITER = "lightship.writer"  # in a scope: the AnswerWriter of the request. Whoever changes answers must remove it


class AnswerWriter(Protocol):
    """Writes the answer to one request. `status` is that of the answer, once it is written."""

    status: int

    def write_whole(self, status: int, headers: bytes, body: bytes) -> bool:
        """Write an answer; False if that is impossible now. `headers` are lines, each with its end."""


class Whole:
    """An answer without parts to come, as an ASGI application."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes | None = None, kind: str = "") -> None:
        """Answer with `body`, of the media type `kind`. The values of `headers` have no control characters."""
        self.status_code, self.headers, self._body, self._kind = status, headers, body, kind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        writer: AnswerWriter | None = scope.get(WRITER)
        if writer is None or not writer.write_whole(self.status_code, self._head(), self._body or b""):
            response = Response(self._body, self.status_code, self.headers, self._kind or None)
            await response(scope, receive, send)

    def _head(self) -> bytes:
        lines = "".join([f"{name}: {value}\r\n" for name, value in self.headers.items()])
        if self._body is None:
            return lines.encode("latin-1")
        return f"{lines}content-length: {len(self._body)}\r\ncontent-type: {self._kind}\r\n".encode("latin-1")
