"""Reading the streams of a log: pages from any copy, the end only from the leader."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

import msgspec
from nats.aio.msg import Msg

from lightship.core.errors import ConfigurationError, OutOfSpaceError, UnavailableError
from lightship.doclog.jetstream.client.connection import Connection
from lightship.doclog.jetstream.client.errors import NO_MESSAGE, ApiError, RetryError
from lightship.doclog.jetstream.client.kv import Got, KeyValue
from lightship.doclog.jetstream.sessions import Sessions, listed_in
from lightship.doclog.jetstream.streams import SESSIONS, Facts, Message, stream_of, subjects_of
from lightship.doclog.protocol.codec import decoded_size
from lightship.doclog.protocol.log import Span
from lightship.runtime.tasks import discard_exception

RECHECK_SECONDS = 1.0  # for which a leader's "nothing newer" is believed, when no wake-up was heard
PAGE_BYTES = 8 << 20  # of messages in one answer
READ_BYTES = 32 << 20  # of documents in one answer, unpacked


class _State(msgspec.Struct):
    last_seq: int


class Info(msgspec.Struct):
    """JetStream's answer about a stream."""

    state: _State


class _Tail:
    """How far a partition was read, and what is known of its end."""

    def __init__(self) -> None:
        self.after = -1  # where the last read ended
        self.told = -1  # the newest entry until there: behind it may be a mark
        self.head = -1  # the newest sequence that was heard of
        self.checked = float("-inf")  # when its leader was asked; monotonic


class Reader:
    """Reads messages; used in the connection's loop, but for `idle`."""

    def __init__(self, connection: Connection, kv: KeyValue, facts: Facts, sessions: Sessions) -> None:
        """Read through `connection`; marks go to `sessions`."""
        self._stalled: dict[
            tuple[int, int, int], asyncio.Task[list[Message]]
        ] = {}  # what took too long, by what is asked
        self._identity: asyncio.Task[None] | None = None
        self._connection, self._kv, self._facts, self._sessions = connection, kv, facts, sessions
        self._log = connection.address.name
        self._tails = [_Tail() for _ in range(facts.partitions)]

    def heard(self, partition: int, sequence: int) -> None:
        """Note that something is stored."""
        tail = self._tails[partition]
        tail.head = max(tail.head, sequence)

    def heads(self) -> list[int]:
        """Return the newest sequence of each partition that was heard of; from any thread."""
        return [tail.head for tail in self._tails]

    async def learn(self) -> None:
        """Hear how far all leaders that answer have come."""

        async def ask(partition: int) -> None:
            with contextlib.suppress(RetryError, ApiError, OutOfSpaceError):
                self.heard(partition, await self._ask_head(partition))

        await asyncio.gather(*map(ask, range(self._facts.partitions)))

    def doubt(self) -> None:
        """Believe nothing that was known of the ends: wake-ups may be lost."""
        for tail in self._tails:
            tail.checked = float("-inf")

    def idle(self, partition: int, after: int) -> bool:
        """Tell whether nothing newer than `after`, where the last read ended, is known; from any thread."""
        tail = self._tails[partition]
        return after == tail.told and tail.after >= tail.head and time.monotonic() - tail.checked < RECHECK_SECONDS

    async def read(self, partition: int, after: int, limit: int, patience: float) -> list[Message]:
        """Return messages above `after`; none only when the leader has none.

        Raises UnavailableError when that takes more than `patience` seconds.
        """
        tail, told = self._tails[partition], after
        while True:
            if after == tail.told:
                after = tail.after
            asked = partition, after, limit + 1  # there is one mark at most
            if asked not in self._stalled and after == tail.after >= tail.head:
                await self._recheck(patience)
                if self.idle(partition, told):
                    return []
            page = await self._wait_for(asked, patience)
            entries = self._without_marks(partition, page)
            told = entries[:limit][-1].sequence if entries else told
            tail.after, tail.told = told if len(entries) > limit else page[-1].sequence if page else after, told
            if entries or not page:
                return entries[:limit]

    def _without_marks(self, partition: int, page: list[Message]) -> list[Message]:
        for message in page:
            if message.sessions:
                self._sessions.seen(partition, message.sequence, message.sessions)
        return [message for message in page if not message.sessions]

    async def _wait_for(self, asked: tuple[int, int, int], patience: float) -> list[Message]:
        """Return the page that is `asked` for; what takes too long goes on beside, and a later call gets it.

        Not so an empty page: that nothing was newer then says nothing of now, when a shard may begin to be led again.
        """
        task = self._stalled.pop(asked, None)
        if task is not None and task.done() and not task.exception() and not task.result():
            task = None
        is_known = task is not None  # to take long: it is only looked at
        if task is None:
            task = asyncio.create_task(self._connection.patiently(lambda: self._read(*asked)))
            task.add_done_callback(discard_exception)
        await asyncio.wait([task], timeout=0 if is_known else patience)
        if task.done():
            return task.result()
        self._stalled = {key: other for key, other in self._stalled.items() if not other.done()}
        self._stalled[asked] = task
        raise UnavailableError(f"partition {asked[0]} of the log {self._connection.address} does not answer now")

    async def _read(self, partition: int, after: int, limit: int) -> list[Message]:
        page = await self._page(partition, after, limit)
        if page:
            return page
        asked = time.monotonic()
        first = await self._next(partition, after)
        if first is None:
            if self._tails[partition].head > after:
                raise RetryError("its leader knows less than was stored: it was elected just now, or is cut off")
            self._tails[partition].checked = asked
            return []
        return await self._page(partition, after, limit) or [first]  # a copy that lags answered: go on slowly

    async def _page(self, partition: int, after: int, limit: int) -> list[Message]:
        """Return what one of the stream's copies has above `after`: the beginning of the truth, or all of it."""
        request = {
            "seq": after + 1, "next_by_subj": subjects_of(self._log, partition),
            "batch": limit, "max_bytes": PAGE_BYTES,
        }  # fmt: skip
        subject = f"$JS.API.DIRECT.GET.{stream_of(self._log, partition)}"
        *found, end = await self._connection.ask(subject, msgspec.json.encode(request), many=True)
        headers = end.headers or {}
        status = headers.get("Status")
        if status not in ("204", "404"):
            raise RetryError(f"the copies of a stream do not answer ({status})")
        if status == "404":
            return []
        messages = [_message(message) for message in found]
        before = [0, *(message.sequence for message in messages)]
        if before != [int((message.headers or {})["Nats-Last-Sequence"]) for message in (*found, end)]:
            raise RetryError("a message was lost on the way")
        return _bounded(messages)

    async def _next(self, partition: int, after: int) -> Message | None:
        """Return the first message above `after` that the stream's leader has."""
        stream = stream_of(self._log, partition)
        request = {"seq": after + 1, "next_by_subj": subjects_of(self._log, partition)}
        try:
            got = await self._connection.api(f"STREAM.MSG.GET.{stream}", request, Got)
        except ApiError as error:
            if error.code in NO_MESSAGE:
                return None
            raise RetryError(f"{stream}: {error}") from error  # a stream that is missing is trouble, not an end
        sessions = listed_in(got.message)
        return Message(
            got.message.seq, got.message.time, msgspec.json.decode(f'"{got.message.data}"', type=bytes), sessions
        )

    async def _recheck(self, patience: float) -> None:
        """Ask the leaders of all partitions that are thought idle, for too long already, in one go.

        Those that don't answer, for `patience` seconds at most, stay unchecked.
        """
        now, stalled = time.monotonic(), {partition for partition, _, _ in self._stalled}
        asking = {
            asyncio.create_task(self._next(partition, tail.after)): partition
            for partition, tail in enumerate(self._tails)
            if tail.after >= tail.head and tail.after >= 0 and now - tail.checked >= RECHECK_SECONDS
            if partition not in stalled
        }
        if not asking:
            return
        answered, late = await asyncio.wait(asking, timeout=patience)
        for task in late:
            task.add_done_callback(discard_exception)  # one whose answer comes at this moment is not cancelled any more
            task.cancel()
        for task in answered:
            if task.exception() is None:
                self._note_end(asking[task], task.result(), now)
        self._watch_identity()

    def _note_end(self, partition: int, newer: Message | None, asked: float) -> None:
        if newer is None and self._tails[partition].after >= self._tails[partition].head:
            self._tails[partition].checked = asked
        elif newer is not None:
            self.heard(partition, newer.sequence)

    def _watch_identity(self) -> None:
        """Look beside whether the log is still the same; raise ConfigurationError when it was another one."""
        if self._identity is not None:
            if not self._identity.done():
                return
            trouble = self._identity.exception()
            if isinstance(trouble, ConfigurationError):
                raise trouble
        self._identity = asyncio.create_task(self._check_identity())
        self._identity.add_done_callback(discard_exception)

    async def _check_identity(self) -> None:
        row = await self._kv.get("log")
        if not row.revision or msgspec.json.decode(row.data, type=Facts).id != self._facts.id:
            raise ConfigurationError(f"the log {self._connection.address} was made anew: start this program again")

    async def span(self, partition: int) -> Span:
        """Return the extent of `partition`, with the id that the log has now."""
        facts, floor, head = await asyncio.gather(
            self._kv.get("log"), self._kv.get(f"floor/{partition}"), self.head(partition)
        )
        self.heard(partition, head)
        log_id = msgspec.json.decode(facts.data, type=Facts).id if facts.revision else ""
        return Span(log_id, int(floor.data or b"0"), head)

    async def head(self, partition: int) -> int:
        """Return the newest sequence that the leader of `partition` has given out."""

        async def attempt() -> int:
            try:
                return await self._ask_head(partition)
            except ApiError as error:
                raise RetryError(str(error)) from error

        return await self._connection.patiently(attempt)

    async def _ask_head(self, partition: int) -> int:
        name = f"STREAM.INFO.{stream_of(self._log, partition)}"
        return (await self._connection.api(name, {}, Info)).state.last_seq


def _message(message: Msg) -> Message:
    headers: Any = message.headers
    return Message(int(headers["Nats-Sequence"]), headers["Nats-Time-Stamp"], message.data, headers.get(SESSIONS, ""))


def _bounded(messages: list[Message]) -> list[Message]:
    """Return the first of `messages`, until their documents fill READ_BYTES; at least one."""
    size = 0
    for count, message in enumerate(messages, 1):
        size += decoded_size(message.data[2 + int.from_bytes(message.data[:2]) :])
        if size > READ_BYTES:
            return messages[:count]
    return messages
