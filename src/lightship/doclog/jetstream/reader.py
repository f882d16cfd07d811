"""Reads the streams of a log: pages from any replica, the end only from the leader."""

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

RECHECK_SECONDS = 1.0  # for which a leader's "nothing newer" is trusted without a wake-up
PAGE_BYTES = 8 << 20  # of messages per page
READ_BYTES = 32 << 20  # of decompressed documents per read


class _State(msgspec.Struct):
    last_seq: int


class Info(msgspec.Struct):
    """JetStream's description of a stream."""

    state: _State


class _Tail:
    """How far a partition has been read, and what is known about its end."""

    def __init__(self) -> None:
        self.after = -1  # where the last read ended
        self.last_entry = -1  # the newest entry up to there, which a mark may follow
        self.head = -1  # the newest known sequence
        self.checked = float("-inf")  # when its leader was asked; monotonic


class Reader:
    """Reads messages; used in the connection's loop, except `idle`."""

    def __init__(self, connection: Connection, kv: KeyValue, facts: Facts, sessions: Sessions) -> None:
        """Read through `connection`; pass marks to `sessions`."""
        self._stalled: dict[
            tuple[int, int, int], asyncio.Task[list[Message]]
        ] = {}  # reads that timed out but continue, by their parameters
        self._identity: asyncio.Task[None] | None = None
        self._connection, self._kv, self._facts, self._sessions = connection, kv, facts, sessions
        self._log = connection.address.name
        self._tails = [_Tail() for _ in range(facts.partitions)]

    def heard(self, partition: int, sequence: int) -> None:
        """Record a notification that `sequence` is stored."""
        tail = self._tails[partition]
        tail.head = max(tail.head, sequence)

    def heads(self) -> list[int]:
        """Return the newest known sequence of each partition; from any thread."""
        return [tail.head for tail in self._tails]

    async def learn(self) -> None:
        """Ask all leaders for their heads; those that do not answer are ignored."""

        async def ask(partition: int) -> None:
            with contextlib.suppress(RetryError, ApiError, OutOfSpaceError):
                self.heard(partition, await self._ask_head(partition))

        await asyncio.gather(*map(ask, range(self._facts.partitions)))

    def doubt(self) -> None:
        """Distrust the known ends: wake-ups may have been lost."""
        for tail in self._tails:
            tail.checked = float("-inf")

    def idle(self, partition: int, after: int) -> bool:
        """Whether nothing newer than `after`, where the last read ended, is known; from any thread."""
        tail = self._tails[partition]
        return (
            after == tail.last_entry and tail.after >= tail.head and time.monotonic() - tail.checked < RECHECK_SECONDS
        )

    async def read(self, partition: int, after: int, limit: int, patience: float) -> list[Message]:
        """Return messages above `after`; none only if the leader has none.

        Raises UnavailableError if that takes more than `patience` seconds.
        """
        deadline = time.monotonic() + patience
        tail, last_entry = self._tails[partition], after
        passed = tail.after if after == tail.last_entry else after  # a page may hold a mark only: read on behind it
        while True:
            asked = partition, passed, limit + 1  # there is at most one mark
            if asked not in self._stalled and passed == tail.after >= tail.head:
                await self._recheck(_until(deadline))
                if self.idle(partition, last_entry):
                    return []
            page = await self._wait_for(asked, _until(deadline))
            entries = self._without_marks(partition, page)
            last_entry = entries[:limit][-1].sequence if entries else last_entry
            passed = last_entry if len(entries) > limit else page[-1].sequence if page else passed
            tail.after, tail.last_entry = passed, last_entry
            if entries or not page:
                return entries[:limit]
            if not _until(deadline):  # one mark after the other
                raise self._silent(partition)

    def _without_marks(self, partition: int, page: list[Message]) -> list[Message]:
        for message in page:
            if message.sessions:
                self._sessions.seen(partition, message.sequence, message.sessions)
        return [message for message in page if not message.sessions]

    async def _wait_for(self, asked: tuple[int, int, int], patience: float) -> list[Message]:
        """Return the page `asked`; a read that times out continues in the background, and a later call gets its result.

        An empty result is not kept: it says nothing about a later moment, when a shard may have a new leader.
        """
        task = self._stalled.pop(asked, None)
        if task is not None and task.done() and not task.exception() and not task.result():
            task = None
        is_known = task is not None  # to be slow: only check it
        if task is None:
            task = asyncio.create_task(self._connection.with_retries(lambda: self._read(*asked)))
            task.add_done_callback(discard_exception)
        await asyncio.wait([task], timeout=0 if is_known else patience)
        if task.done():
            return task.result()
        self._stalled = {key: other for key, other in self._stalled.items() if not other.done()}
        self._stalled[asked] = task
        raise self._silent(asked[0])

    def _silent(self, partition: int) -> UnavailableError:
        return UnavailableError(f"partition {partition} of the log {self._connection.address} does not answer")

    async def _read(self, partition: int, after: int, limit: int) -> list[Message]:
        page = await self._page(partition, after, limit)
        if page:
            return page
        asked = time.monotonic()
        first = await self._next(partition, after)
        if first is None:
            if self._tails[partition].head > after:
                raise RetryError("the leader lacks stored messages: it was just elected, or is cut off")
            self._tails[partition].checked = asked
            return []
        return await self._page(partition, after, limit) or [first]  # a lagging replica answered: make some progress

    async def _page(self, partition: int, after: int, limit: int) -> list[Message]:
        """Return the messages above `after` on any of the stream's replicas: all of them, or their beginning."""
        request = {
            "seq": after + 1, "next_by_subj": subjects_of(self._log, partition),
            "batch": limit, "max_bytes": PAGE_BYTES,
        }  # fmt: skip
        subject = f"$JS.API.DIRECT.GET.{stream_of(self._log, partition)}"
        *found, end = await self._connection.ask(subject, msgspec.json.encode(request), many=True)
        headers = end.headers or {}
        status = headers.get("Status")
        if status not in ("204", "404"):
            raise RetryError(f"the replicas of a stream do not answer ({status})")
        if status == "404":
            return []
        messages = [_message(message) for message in found]
        before = [0, *(message.sequence for message in messages)]
        if before != [int((message.headers or {})["Nats-Last-Sequence"]) for message in (*found, end)]:
            raise RetryError("a message was lost in transit")
        return _bounded(messages)

    async def _next(self, partition: int, after: int) -> Message | None:
        """Return the first message above `after` on the stream's leader."""
        stream = stream_of(self._log, partition)
        request = {"seq": after + 1, "next_by_subj": subjects_of(self._log, partition)}
        try:
            got = await self._connection.api(f"STREAM.MSG.GET.{stream}", request, Got)
        except ApiError as error:
            if error.code in NO_MESSAGE:
                return None
            raise RetryError(f"{stream}: {error}") from error  # a missing stream is an error, not an end
        sessions = listed_in(got.message)
        return Message(
            got.message.seq, got.message.time, msgspec.json.decode(f'"{got.message.data}"', type=bytes), sessions
        )

    async def _recheck(self, patience: float) -> None:
        """Ask the leaders of all partitions whose last check is too old, concurrently.

        Those that do not answer within `patience` seconds stay unchecked.
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
            task.add_done_callback(discard_exception)  # one that is just being answered is no longer cancelled
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
        """Check in the background that the log is still the same; raise ConfigurationError if the last check failed."""
        if self._identity is not None:
            if not self._identity.done():
                return
            error = self._identity.exception()
            if isinstance(error, ConfigurationError):
                raise error
        self._identity = asyncio.create_task(self._check_identity())
        self._identity.add_done_callback(discard_exception)

    async def _check_identity(self) -> None:
        row = await self._kv.get("log")
        if not row.revision or msgspec.json.decode(row.data, type=Facts).id != self._facts.id:
            raise ConfigurationError(f"the log {self._connection.address} was recreated; restart this program")

    async def span(self, partition: int) -> Span:
        """Return the extent of `partition`, with the current id of the log."""
        facts, floor, head = await asyncio.gather(
            self._kv.get("log"), self._kv.get(f"floor/{partition}"), self.head(partition)
        )
        self.heard(partition, head)
        log_id = msgspec.json.decode(facts.data, type=Facts).id if facts.revision else ""
        return Span(log_id, int(floor.data or b"0"), head)

    async def head(self, partition: int) -> int:
        """Return the newest sequence assigned by the leader of `partition`."""

        async def attempt() -> int:
            try:
                return await self._ask_head(partition)
            except ApiError as error:
                raise RetryError(str(error)) from error

        return await self._connection.with_retries(attempt)

    async def _ask_head(self, partition: int) -> int:
        name = f"STREAM.INFO.{stream_of(self._log, partition)}"
        return (await self._connection.api(name, {}, Info)).state.last_seq


def _until(deadline: float) -> float:
    """Return the seconds that are left."""
    return max(0.0, deadline - time.monotonic())


def _message(message: Msg) -> Message:
    headers: Any = message.headers
    return Message(int(headers["Nats-Sequence"]), headers["Nats-Time-Stamp"], message.data, headers.get(SESSIONS, ""))


def _bounded(messages: list[Message]) -> list[Message]:
    """Return the first `messages` whose documents fit into READ_BYTES; at least one."""
    size = 0
    for count, message in enumerate(messages, 1):
        size += decoded_size(message.data[2 + int.from_bytes(message.data[:2]) :])
        if size > READ_BYTES:
            return messages[:count]
    return messages
