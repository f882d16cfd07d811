"""Requests to NATS servers, answered by one or several messages through a shared inbox."""

from __future__ import annotations

import asyncio
import itertools

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error

from lightship.core.errors import words
from lightship.doclog.jetstream.client.errors import RetryError


class Requests:
    """The pending requests; used in one event loop."""

    def __init__(self) -> None:
        """Start without pending requests."""
        self._numbers = itertools.count()
        self._inbox = ""
        # By number: the future, and the messages received so far
        self._waiting: dict[str, tuple[asyncio.Future[list[Msg]], list[Msg] | None]] = {}

    async def use(self, client: Client) -> None:
        """Receive answers through `client`."""
        self._inbox = client.new_inbox()
        await client.subscribe(f"{self._inbox}.*", cb=self._receive)

    async def send(
        self, client: Client, subject: str, payload: bytes, headers: dict[str, str] | None, *, many: bool
    ) -> asyncio.Future[list[Msg]]:
        """Send a request; the future's result is one message, or with `many` all up to the one with a status.

        Raises RetryError if it can't be sent; so does the future if the connection is lost.
        """
        token = str(next(self._numbers))
        future: asyncio.Future[list[Msg]] = asyncio.get_running_loop().create_future()
        self._waiting[token] = future, [] if many else None
        future.add_done_callback(lambda _: self._waiting.pop(token, None))
        try:
            await client.publish(subject, payload, f"{self._inbox}.{token}", headers)
        except (Error, OSError) as error:
            future.cancel()
            raise RetryError(words(error)) from error
        return future

    async def _receive(self, message: Msg) -> None:
        future, parts = self._waiting.get(message.subject.rpartition(".")[2], (None, None))
        if future is None or future.done():
            return
        if parts is None:
            future.set_result([message])
            return
        parts.append(message)
        if message.headers and "Status" in message.headers:
            future.set_result(parts)

    def fail(self) -> None:
        """Fail all pending requests: the connection was lost."""
        for future, _ in list(self._waiting.values()):
            if not future.done():
                future.set_exception(RetryError("the connection was lost"))
        self._waiting.clear()
