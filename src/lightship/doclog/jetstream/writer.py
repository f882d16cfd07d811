"""Writes to the streams of a log: every message names the entry that it replaces, and is sent until it is decided."""

from __future__ import annotations

import asyncio
import base64
import itertools
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from struct import error as struct_error

from lightship.core.errors import InvalidDocumentError, LightshipError, TooLargeError
from lightship.core.model import partition_of
from lightship.doclog.jetstream.client.connection import Connection
from lightship.doclog.jetstream.client.errors import (
    IN_FLIGHT,
    NO_MESSAGE,
    WRONG_LAST_SEQUENCE,
    ApiError,
    RetryError,
)
from lightship.doclog.jetstream.client.kv import LAST, Got, Stored
from lightship.doclog.jetstream.sessions import Sessions
from lightship.doclog.jetstream.streams import DELETE, pack, stream_of, subject_of
from lightship.doclog.protocol.fence import Fence
from lightship.doclog.protocol.log import Position

KNOWN = 50_000  # recently put URLs whose sequences are cached: about 10 MB
WINDOW_MESSAGES, WINDOW_BYTES = 256, 8 << 20  # in flight per put
HEADER_BYTES = 200  # upper bound for this module's headers
NAME = "Lightship-Put"  # header with a unique name of each message

_WRONG_SEQUENCE = re.compile(r"wrong last sequence: (\d+)")


@dataclass(slots=True)
class Outgoing:
    """A message to be stored, and its state.

    `replaces` is the sequence that its URL's newest entry must have; `position` is set once it is stored. While some of
    its attempts are `unanswered`, one of those may have stored it.
    """

    url: str
    partition: int
    subject: str
    body: bytes
    headers: dict[str, str]
    fence: Fence
    replaces: int = 0
    unanswered: int = 0
    position: Position | None = None
    overtaken: bool = False
    maybe_stored: bool = False  # although it is overtaken now

    @property
    def is_decided(self) -> bool:
        """Whether it is stored, or never will be."""
        return self.overtaken or self.position is not None or self.fence.is_closed


class Writer:
    """Stores messages; used in the connection's loop, except `message`."""

    def __init__(self, connection: Connection, partitions: int, sessions: Sessions) -> None:
        """Write through `connection`, in `sessions`."""
        self._connection, self._partitions, self._sessions = connection, partitions, sessions
        self._prefix, self._numbers = uuid.uuid4().hex[:12], itertools.count()
        self._flying: dict[str, asyncio.Event] = {}
        self._known: dict[str, int] = {}  # sequence of each subject's newest entry, as far as this process knows

    def message(self, url: str, value: bytes, fence: Fence) -> Outgoing:
        """Return a message that stores `value` (empty: a delete) under `url`, if `fence` allows it.

        Raises InvalidDocumentError, and TooLargeError if the server does not accept messages of that size.
        """
        log, limit = self._connection.address.name, self._connection.max_payload
        try:
            partition = partition_of(url, self._partitions)
            subject, body = subject_of(log, partition, url), pack(url, value)
        except (UnicodeEncodeError, struct_error) as error:
            raise InvalidDocumentError(f"not a URL: {url[:100]!r}: {error}") from error
        if len(body) + HEADER_BYTES > limit:
            raise TooLargeError(
                f"document {url[:100]} has {len(body)} bytes stored: max_payload of the log's NATS servers is {limit};"
                " set it to 8MB in all of them, or split the document"
            )
        name = {NAME: f"{self._prefix}{next(self._numbers):x}"}
        return Outgoing(url, partition, subject, body, name if value else name | DELETE, fence)

    async def put(self, messages: Sequence[Outgoing]) -> None:
        """Store `messages` of different URLs: afterwards each has a position, or is overtaken."""
        await self._claim(messages)
        for message in messages:
            known = self._known.get(message.subject, 0)
            message.replaces = known if message.fence.lets(message.partition, known) else 0
        try:
            for window in _windows(messages):
                await self._connection.with_retries(lambda window=window: self._attempt(window))  # type: ignore[misc]
        finally:
            for message in messages:
                self._flying.pop(message.url).set()

    async def _claim(self, messages: Sequence[Outgoing]) -> None:
        """Wait until no other put of one of these URLs is in flight: the older one could be stored last."""
        while taken := next((self._flying[m.url] for m in messages if m.url in self._flying), None):
            await taken.wait()
        self._flying |= {message.url: asyncio.Event() for message in messages}

    async def _attempt(self, window: Sequence[Outgoing]) -> None:
        """Decide all undecided messages concurrently; raise RetryError if some have no answer.

        Raises OutOfSpaceError if the disk is full, but only after all have ended: none may continue in the background.
        """
        trying = (self._decide(message) for message in window if not message.is_decided)
        errors = [each for each in await asyncio.gather(*trying) if each]
        if errors:
            raise next((each for each in errors if not isinstance(each, RetryError)), errors[-1])

    async def _decide(self, message: Outgoing) -> RetryError | LightshipError | None:
        """Send a message until it is stored or overtaken; return the error if there is no (conclusive) answer."""
        try:
            while not message.is_decided:
                await self._sessions.open(message.partition)
                await self._send(message)
        except (RetryError, LightshipError) as error:
            return error
        return None

    async def _send(self, message: Outgoing) -> None:
        message.unanswered += 1
        (answer,) = await self._connection.ask(
            message.subject, message.body, message.headers | {LAST: str(message.replaces)}
        )
        try:
            stored = self._connection.decode(answer, Stored)
        except ApiError as error:
            if error.code not in (WRONG_LAST_SEQUENCE, IN_FLIGHT):
                raise RetryError(str(error)) from error
            message.unanswered -= 1  # it is refused before it is proposed to the others: this attempt stores nothing
            await self._compare(message, str(error))
        else:
            self._store(message, stored.seq)

    def _store(self, message: Outgoing, sequence: int) -> None:
        """Record where a message is stored."""
        message.position = Position(message.partition, sequence)
        self._known.pop(message.subject, None)
        self._known[message.subject] = sequence
        if len(self._known) > KNOWN:
            del self._known[next(iter(self._known))]

    async def _compare(self, message: Outgoing, refusal: str) -> None:
        """Decide a message that does not replace the newest entry: it replaces that one next, or is overtaken."""
        found = _WRONG_SEQUENCE.fullmatch(
            refusal
        )  # otherwise a message is being stored under this URL, perhaps this very one
        sequence = int(found[1]) if found else 0
        if message.unanswered or not found or not message.fence.knew(message.partition, sequence):
            sequence, name = await self._newest(message)
            if name == message.headers[NAME]:  # an earlier attempt was stored, but its answer was lost
                self._store(message, sequence)
                return
        before, message.replaces = message.replaces, sequence
        if sequence == before or 0 < sequence < before:
            raise RetryError(refusal)  # another message is being stored, or a new leader lacks messages
        if message.unanswered and not message.fence.knew(message.partition, sequence):
            message.overtaken = message.maybe_stored = True  # perhaps stored, then replaced: do not store it twice
        else:
            message.overtaken = not message.fence.lets(message.partition, sequence)

    async def _newest(self, message: Outgoing) -> tuple[int, str]:
        """Return sequence and name of the newest entry of a message's URL on the stream's leader."""
        stream = stream_of(self._connection.address.name, message.partition)
        try:
            got = await self._connection.api(f"STREAM.MSG.GET.{stream}", {"last_by_subj": message.subject}, Got)
        except ApiError as error:
            if error.code in NO_MESSAGE:
                return 0, ""
            raise RetryError(str(error)) from error
        headers = base64.b64decode(got.message.hdrs).decode()
        return got.message.seq, next(iter(re.findall(rf"{NAME}: *(\w+)", headers)), "")


def _windows(messages: Sequence[Outgoing]) -> Iterator[list[Outgoing]]:
    """Split `messages` into windows that are in flight together."""
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
