"""A request that has arrived: what it may replace, and whether its sender still waits for the answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from types import TracebackType

from starlette.requests import ClientDisconnect, Request

from lightship.doclog import DocumentLog
from lightship.doclog.fence import FRESH_SECONDS
from lightship.errors import OvertakenError

# Of the event loop, in which it reads all that the kernel has of a connection: a request and, behind it, the connection's
# end, if this process slept while the sender gave up
TURNS = 5


class Arrival:
    """A request whose body was read; its changes are stored under `fence`, which is closed when the sender leaves."""

    def __init__(self, request: Request, log: DocumentLog) -> None:
        """Note what `log` holds now. Use it as a context."""
        self._log, self._receive = log, request.receive
        self._came, self.fence = time.monotonic(), log.fence()

    async def __aenter__(self) -> Arrival:
        """Begin to watch the sender; raises ClientDisconnect when it has left already."""
        self._gone = asyncio.create_task(self._until_gone())
        try:
            await self._check()
        except BaseException:
            self._gone.cancel()
            raise
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Store nothing any more."""
        self._gone.cancel()
        self.fence.close()

    async def renew(self, overtaken: Collection[str]) -> None:
        """Let the request replace what came before now, since its sender is seen to wait for it after that.

        Raises ClientDisconnect when it does not, OvertakenError naming the urls `overtaken` when the request is too old for that.
        """
        if time.monotonic() - self._came > FRESH_SECONDS:
            raise OvertakenError(list(overtaken))
        self.fence = self._log.fence()
        await self._check()

    async def _check(self) -> None:
        for _ in range(TURNS):
            await asyncio.sleep(0)
        if self._gone.done():
            raise ClientDisconnect

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.fence.close()
