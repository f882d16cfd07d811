"""Writing to the streams of a log: every message is sent, with the same id, until it is acknowledged."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import Iterator
from struct import error as struct_error
from typing import NamedTuple

from nats.aio.msg import Msg

from lightship.doclog import Position
from lightship.doclog.jetstream.connection import ANSWER_SECONDS, Connection
from lightship.doclog.jetstream.streams import DELETE, pack, subject_of
from lightship.doclog.jetstream.table import Stored
from lightship.doclog.jetstream.trouble import Again, ApiError
from lightship.errors import InvalidDocumentError, TooLargeError
from lightship.model import partition_of

WINDOW_MESSAGES, WINDOW_BYTES = 256, 8 << 20  # under way at once in one put
HEADER_BYTES = 100  # at most, of ours


class Outgoing(NamedTuple):
    """A message to be stored."""

    url: str
    partition: int
    subject: str
    body: bytes
    headers: dict[str, str]


class Writer:
    """Stores messages; used in the connection's loop, but for `message`."""

    def __init__(self, connection: Connection, partitions: int) -> None:
        """Write through `connection`."""
        self._connection, self._partitions = connection, partitions
        self._prefix, self._numbers = uuid.uuid4().hex[:12], itertools.count()
        self._flying: dict[str, asyncio.Event] = {}

    def message(self, url: str, value: bytes) -> Outgoing:
        """Return the message that stores `value` (empty: a delete) under `url`.

        Raises InvalidDocumentError, and TooLargeError when the server takes no message of that size.
        """
        log, limit = self._connection.address.name, self._connection.max_payload
        try:
            partition = partition_of(url, self._partitions)
            subject, body = subject_of(log, partition, url), pack(url, value)
        except (UnicodeEncodeError, struct_error) as error:
            raise InvalidDocumentError(f"not a url: {url[:100]!r}: {error}") from error
        if len(body) + HEADER_BYTES > limit:
            raise TooLargeError(
                f"document {url[:100]} has {len(body)} bytes stored: max_payload of the log's NATS servers is {limit};"
                " set it to 8MB in all of them, or split the document"
            )
        number = {"Nats-Msg-Id": f"{self._prefix}{next(self._numbers):x}"}
        return Outgoing(url, partition, subject, body, number if value else number | DELETE)

    async def put(self, messages: list[Outgoing]) -> dict[str, Position]:
        """Store `messages`, of different urls; return the position of each url."""
        await self._claim(messages)
        stored: dict[str, Position] = {}
        try:
            for window in _windows(messages):
                stored |= await self._store(window)
        finally:
            for message in messages:
                self._flying.pop(message.url).set()
        return stored

    async def _claim(self, messages: list[Outgoing]) -> None:
        """Wait until no other put of one of these urls is under way: the older could be stored last."""
        while taken := next((self._flying[m.url] for m in messages if m.url in self._flying), None):
            await taken.wait()
        self._flying |= {message.url: asyncio.Event() for message in messages}

    async def _store(self, window: list[Outgoing]) -> dict[str, Position]:
        stored: dict[str, Position] = {}

        async def attempt() -> None:
            waiting = [message for message in window if message.url not in stored]
            sent = [(message, await self._connection.send(*message[2:])) for message in waiting]
            done, pending = await asyncio.wait([future for _, future in sent], timeout=ANSWER_SECONDS)
            for future in pending:
                future.cancel()
            trouble = [Again("no answer")] if pending else []
            for message, future in sent:
                if future in done:
                    try:
                        stored[message.url] = self._position(message, future.result())
                    except (Again, ApiError) as error:
                        trouble.append(Again(str(error)))
            if trouble:
                raise trouble[-1]

        await self._connection.patiently(attempt)
        return stored

    def _position(self, message: Outgoing, answer: list[Msg]) -> Position:
        return Position(message.partition, self._connection.decode(answer[0], Stored).seq)


def _windows(messages: list[Outgoing]) -> Iterator[list[Outgoing]]:
    """Cut `messages` into what is under way at once."""
    window: list[Outgoing] = []
    size = 0
    for message in messages:
        if window and (len(window) == WINDOW_MESSAGES or size + len(message.body) > WINDOW_BYTES):
            yield window
            window, size = [], 0
        window.append(message)
        size += len(message.body)
    if window:
        yield window
