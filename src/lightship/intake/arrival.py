"""A received request: which changes it may replace, and whether its sender is still waiting for the answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from types import TracebackType

from starlette.requests import ClientDisconnect, Request

from lightship.core.errors import OvertakenError, UnavailableError
from lightship.doclog import DocumentLog
from lightship.doclog.protocol.fence import FRESH_SECONDS

# Iterations of the event loop in which it reads all that the kernel has buffered of a connection: a request and, if
# this process was suspended while the sender gave up, the connection's end
TURNS = 5


class Arrival:
    """A request whose head has been read; its changes are stored under `fence`.

    As a context, after the body has been read, it watches the sender, and closes the fence if that disconnects.
    """

    def __init__(self, request: Request, log: DocumentLog) -> None:
        """Take a fence of `log`. Raises UnavailableError if the request may have been sent long ago.

        It was sent after its connection was opened, or after the preceding request was read (see LimitedProtocol).
        """
        self._log, self._request = log, request
        self._sent = request.scope.get("lightship.after", time.monotonic())
        if not self._is_young():
            raise UnavailableError(
                f"the request took more than {FRESH_SECONDS:g} s to arrive; send it again if it is still valid"
            )
        self.fence = log.fence()

    def _is_young(self) -> bool:
        return bool(time.monotonic() - self._sent <= FRESH_SECONDS)

    async def __aenter__(self) -> Arrival:
        """Start watching the sender; raises ClientDisconnect if it has disconnected already."""
        self._gone = asyncio.create_task(self._until_gone())
        try:
            await self._check()
        except BaseException:
            self._gone.cancel()
            raise
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Close the fence, so that nothing more is stored."""
        self._gone.cancel()
        self.fence.close()

    async def renew(self, overtaken: Collection[str]) -> None:
        """Renew the fence, so that the request may replace all earlier changes: its sender is still waiting.

        Raises ClientDisconnect if it is not, OvertakenError naming the URLs `overtaken` if the request is too old, or
        is followed by another one on its connection, which hides whether the sender is waiting.
        """
        if not self._is_young() or self._request.scope.get("lightship.followed"):
            raise OvertakenError(list(overtaken))
        self.fence = self._log.fence()
        await self._check()

    async def _check(self) -> None:
        for _ in range(TURNS):
            await asyncio.sleep(0)
        if self._gone.done():
            raise ClientDisconnect

    async def _until_gone(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self.fence.close()
