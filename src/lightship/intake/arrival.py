"""A received request: which changes it may replace, and whether its sender is still waiting for the answer."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Collection

from starlette.requests import ClientDisconnect, Request

from lightship.core.errors import OvertakenError, UnavailableError
from lightship.doclog import DocumentLog
from lightship.doclog.protocol.fence import FRESH_SECONDS
from lightship.doclog.protocol.log import PATIENCE

ANSWER_SECONDS = PATIENCE  # after which a request is answered, however many wait for the log before it

# Iterations of the event loop in which it reads all that the kernel has buffered of a connection: a request and, if
# this process was suspended while the sender gave up, the connection's end
TURNS = 5


class Arrival:
    """A request whose head has been read; its changes are stored under `fence`.

    After the body has been read, store its changes in the context `answering`.
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

    @contextlib.asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """Watch the sender and the time; afterwards the fence is closed, so that nothing more is stored.

        Raises ClientDisconnect if the sender has disconnected already, UnavailableError after ANSWER_SECONDS, wherever
        the request waits.
        """
        self._gone = asyncio.create_task(self._until_gone())
        try:
            async with asyncio.timeout(ANSWER_SECONDS) as limit:
                await self._check()
                yield
        except TimeoutError:
            if not limit.expired():
                raise
            raise UnavailableError(
                f"the document log did not store this within {ANSWER_SECONDS:g} s; send it again if it is still valid"
            ) from None
        finally:
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
