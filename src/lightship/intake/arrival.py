"""A request that has arrived: what it may replace, and whether its sender still waits for the answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from types import TracebackType

from starlette.requests import ClientDisconnect, Request

from lightship.core.errors import OvertakenError, UnavailableError
from lightship.doclog import DocumentLog
from lightship.doclog.protocol.fence import FRESH_SECONDS

# Of the event loop, in which it reads all that the kernel has of a connection: a request and, behind it, the connection's
# end, if this process slept while the sender gave up
TURNS = 5


class Arrival:
    """A request whose head was read; its changes are stored under `fence`. As a context, once its body was read, it watches the sender.

    The fence is closed when the sender leaves.
    """

    def __init__(self, request: Request, log: DocumentLog) -> None:
        """Note what `log` holds now. Raises UnavailableError when the request may have been sent long ago.

        It was sent after its connection was made, or after the request before it was read (see LimitedProtocol).
        """
        self._log, self._request = log, request
        self._sent = request.scope.get("lightship.after", time.monotonic())
        if not self._is_young():
            raise UnavailableError(
                f"the request took more than {FRESH_SECONDS:g} s to come: send it again, if it still holds"
            )
        self.fence = log.fence()

    def _is_young(self) -> bool:
        return bool(time.monotonic() - self._sent <= FRESH_SECONDS)

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

        Raises ClientDisconnect when it does not, OvertakenError naming the urls `overtaken` when the request is too old for
        that, or has another one behind it, which hides whether the sender waits.
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
