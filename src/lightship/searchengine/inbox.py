"""How a worker gets its connections: the program accepts them, and passes their sockets on (unix(7), SCM_RIGHTS)."""

from __future__ import annotations

import asyncio
import os
import socket
from types import FrameType
from typing import cast

import uvicorn
from starlette.datastructures import State
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lightship.http.draining import DrainingServer

TAKE_AT_ONCE = 32  # connections in one iteration of the event loop, which has other things to do


class Inbox:
    """The connections that a worker is given. It must say when each is closed."""

    def __init__(self, number: int, channel: socket.socket, closed: memoryview) -> None:
        """Receive from `channel`; `closed` counts the closed connections of each worker, of which this is `number`."""
        self.number, self.channel, self._closed = number, channel, closed
        channel.setblocking(False)

    def take(self) -> socket.socket | None:
        """Return the next connection, or None if there is none yet; raises EOFError when the program has ended."""
        try:
            message, files, _, _ = socket.recv_fds(self.channel, 1, 1)
        except BlockingIOError:
            return None
        if not message:
            raise EOFError
        if not files:  # this process can't open another file, and the system has closed the connection
            self.closed()
            return None
        return socket.socket(fileno=files[0])

    def closed(self) -> None:
        """Count a closed connection."""
        self._closed[self.number] += 1


class InboxServer(DrainingServer):
    """A server of the connections in an inbox. It ends at once when the program has ended."""

    def __init__(self, config: uvicorn.Config, state: State, seconds: float, inbox: Inbox) -> None:
        """Drain for `seconds`."""
        super().__init__(config, state, seconds)
        self._inbox, self._tasks = inbox, set[asyncio.Task[None]]()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Handle a signal; a terminal sends Ctrl-C to all processes, and the program passes its own on: one counts."""
        if not self.should_exit:
            super().handle_exit(sig, frame)
            self.force_exit = False  # set if the second signal interrupted the handler of the first

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, and take connections."""
        await super().startup(sockets=[])
        self._kind = _counted(cast("type[HttpToolsProtocol]", self.config.http_protocol_class), self._inbox)
        asyncio.get_running_loop().add_reader(self._inbox.channel, self._take)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, and finish the requests in flight."""
        asyncio.get_running_loop().remove_reader(self._inbox.channel)
        self._inbox.channel.close()
        await super().shutdown(sockets)

    def _take(self) -> None:
        for _ in range(TAKE_AT_ONCE):
            try:
                connection = self._inbox.take()
            except EOFError:  # the program was killed, and so is this process
                os._exit(1)
            if connection is None:
                return
            task = asyncio.get_running_loop().create_task(self._open(connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _open(self, connection: socket.socket) -> None:
        """Serve a connection, as uvicorn does those that it accepts itself."""
        protocol = self._protocol()
        try:
            loop = asyncio.get_running_loop()
            await loop.connect_accepted_socket(lambda: protocol, connection, ssl=self.config.ssl)
        except OSError:  # it is gone already, or its TLS handshake failed
            connection.close()
            if protocol.transport is None:
                self._inbox.closed()

    def _protocol(self) -> HttpToolsProtocol:
        return self._kind(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)


def _counted(kind: type[HttpToolsProtocol], inbox: Inbox) -> type[HttpToolsProtocol]:
    """Return `kind`, telling `inbox` when a connection is closed."""

    def connection_lost(self: HttpToolsProtocol, exc: Exception | None) -> None:
        inbox.closed()
        kind.connection_lost(self, exc)

    return type("Counted", (kind,), {"connection_lost": connection_lost})
