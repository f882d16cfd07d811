"""A server that says exactly the bytes that a test wants, when it wants them, and counts who connects."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

Handler = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


def says(*pieces: bytes | float, end: bool = True) -> Handler:
    """Return what writes `pieces` (bytes; seconds to wait), then ends the connection, or leaves it open."""

    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            if isinstance(piece, bytes):
                writer.write(piece)
                await writer.drain()
            else:
                await asyncio.sleep(piece)
        if not end:
            await asyncio.sleep(60)

    return answer


class RawServer:
    """Reads the head of a request on each connection and lets `handler` answer; runs in the test's own event loop."""

    def __init__(self, handler: Handler, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self.handler = handler
        self.heads: list[bytes] = []
        self.connections = 0
        self.port = 0
        self._host = host
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def url(self, path: str = "/") -> str:
        """Return the url of `path`."""
        return f"{'https' if self._tls else 'http'}://{self._host}:{self.port}{path}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, self._host, self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self.connections += 1
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                await self.handler(self.heads[-1], writer)
        except asyncio.CancelledError:
            pass  # the test is over; a stream's callback would report a cancelled handler as an error
        finally:
            self._tasks.discard(task)
            writer.transport.abort() if self._tls else writer.close()
