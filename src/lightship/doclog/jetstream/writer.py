"""Writing to the streams of a log: every message names the entry that it replaces, and is sent until that is decided."""

from __future__ import annotations

import asyncio
import base64
import itertools
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from struct import error as struct_error

from nats.aio.msg import Msg

from lightship.doclog import Position
from lightship.doclog.fence import Fence
from lightship.doclog.jetstream.connection import ANSWER_SECONDS, Connection
from lightship.doclog.jetstream.streams import DELETE, pack, stream_of, subject_of
from lightship.doclog.jetstream.table import LAST, Got, Stored
from lightship.doclog.jetstream.trouble import NO_MESSAGE, WRONG_LAST_SEQUENCE, Again, ApiError
from lightship.errors import InvalidDocumentError, TooLargeError
from lightship.model import partition_of

WINDOW_MESSAGES, WINDOW_BYTES = 256, 8 << 20  # under way at once in one put
HEADER_BYTES = 200  # at most, of ours
NAME = "Lightship-Put"  # the header that tells one message from every other

_told = re.compile(r"wrong last sequence: (\d+)")


@dataclass(slots=True)
class Outgoing:
    """A message to be stored, and what is known of that so far.

    `replaces` is the sequence that its url's newest entry must have; `position` comes when it is stored. As long as some of its
    sendings are `unanswered`, one of those may have stored it.
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

    @property
    def is_decided(self) -> bool:
        """Tell whether it is stored, or never will be."""
        return self.overtaken or self.position is not None or self.fence.is_closed


class Writer:
    """Stores messages; used in the connection's loop, but for `message`."""

    def __init__(self, connection: Connection, partitions: int) -> None:
        """Write through `connection`."""
        self._connection, self._partitions = connection, partitions
        self._prefix, self._numbers = uuid.uuid4().hex[:12], itertools.count()
        self._flying: dict[str, asyncio.Event] = {}

    def message(self, url: str, value: bytes, fence: Fence) -> Outgoing:
        """Return the message that stores `value` (empty: a delete) under `url`, if `fence` lets it.

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
        name = {NAME: f"{self._prefix}{next(self._numbers):x}"}
        return Outgoing(url, partition, subject, body, name if value else name | DELETE, fence)

    async def put(self, messages: Sequence[Outgoing]) -> None:
        """Store `messages`, of different urls: afterwards each has a position, or is overtaken."""
        await self._claim(messages)
        try:
            for window in _windows(messages):
                await self._connection.patiently(lambda window=window: self._attempt(window))  # type: ignore[misc]
        finally:
            for message in messages:
                self._flying.pop(message.url).set()

    async def _claim(self, messages: Sequence[Outgoing]) -> None:
        """Wait until no other put of one of these urls is under way: the older could be stored last."""
        while taken := next((self._flying[m.url] for m in messages if m.url in self._flying), None):
            await taken.wait()
        self._flying |= {message.url: asyncio.Event() for message in messages}

    async def _attempt(self, window: Sequence[Outgoing]) -> None:
        """Send what is undecided until all is decided; raise Again when some of it has no answer."""
        while waiting := [message for message in window if not message.is_decided]:
            answers = await self._send(waiting)
            results = await asyncio.gather(*(self._decide(message, answer) for message, answer in answers))
            if trouble := [each for each in results if each]:
                raise trouble[-1]

    async def _send(self, messages: Sequence[Outgoing]) -> list[tuple[Outgoing, asyncio.Future[list[Msg]]]]:
        """Send `messages`, and return their answers; those that did not come in time are cancelled."""
        sent: list[tuple[Outgoing, asyncio.Future[list[Msg]]]] = []
        try:
            for message in messages:
                headers = message.headers | {LAST: str(message.replaces)}
                message.unanswered += 1
                sent.append((message, await self._connection.send(message.subject, message.body, headers)))
            await asyncio.wait([answer for _, answer in sent], timeout=ANSWER_SECONDS)
        finally:
            for _, answer in sent:
                answer.cancel()  # which does nothing to those that came
        return sent

    async def _decide(self, message: Outgoing, answer: asyncio.Future[list[Msg]]) -> Again | None:
        """Take up an answer; return the trouble when there is none, or none that helps."""
        try:
            if answer.cancelled():
                raise Again("no answer")
            stored = self._connection.decode(answer.result()[0], Stored)
            message.position = Position(message.partition, stored.seq)
        except Again as trouble:
            return trouble
        except ApiError as error:
            message.unanswered -= 1
            if error.code not in WRONG_LAST_SEQUENCE:
                return Again(str(error))
            try:
                await self._compare(message, str(error))
            except Again as trouble:
                return trouble
        return None

    async def _compare(self, message: Outgoing, refusal: str) -> None:
        """Decide about a message that replaces another entry than the newest: it goes on from there, or is overtaken."""
        told = _told.fullmatch(refusal)
        if message.unanswered or not told:
            sequence, name = await self._newest(message)
            if name == message.headers[NAME]:  # an earlier attempt was stored, and its answer lost
                message.position = Position(message.partition, sequence)
                return
        else:
            sequence = int(told[1])
        if sequence <= message.replaces:  # another message is being stored, or a leader knows less than the one before
            raise Again(refusal)
        message.replaces = sequence
        message.overtaken = not message.fence.lets(message.partition, sequence)

    async def _newest(self, message: Outgoing) -> tuple[int, str]:
        """Return sequence and name of the newest entry of a message's url, as the stream's leader has it."""
        stream = stream_of(self._connection.address.name, message.partition)
        try:
            got = await self._connection.api(f"STREAM.MSG.GET.{stream}", {"last_by_subj": message.subject}, Got)
        except ApiError as error:
            if error.code in NO_MESSAGE:
                return 0, ""
            raise Again(str(error)) from error
        headers = base64.b64decode(got.message.hdrs).decode()
        return got.message.seq, next(iter(re.findall(rf"{NAME}: *(\w+)", headers)), "")


def _windows(messages: Sequence[Outgoing]) -> Iterator[list[Outgoing]]:
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
