"""The document log and the leases on NATS JetStream: one stream per partition, and a key-value bucket."""

from __future__ import annotations

import asyncio
import logging
import ssl
import struct
import threading
import time
from collections.abc import Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from lightship.core.errors import DamagedError, UnavailableError
from lightship.core.model import MAX_DOCUMENT_BYTES, Change
from lightship.doclog.jetstream.client.address import parse_address
from lightship.doclog.jetstream.client.connection import Connection
from lightship.doclog.jetstream.client.kv import KeyValue
from lightship.doclog.jetstream.leases import KeyValueLeases
from lightship.doclog.jetstream.mailboxes import JetStreamMailboxes
from lightship.doclog.jetstream.pruning import prune
from lightship.doclog.jetstream.reader import RECHECK_SECONDS, Reader
from lightship.doclog.jetstream.sessions import Sessions
from lightship.doclog.jetstream.streams import Message, open_streams, unpack
from lightship.doclog.jetstream.writer import Outgoing, Writer
from lightship.doclog.protocol.codec import decode, encode, until_damaged
from lightship.doclog.protocol.fence import Fence, newest, positions
from lightship.doclog.protocol.leases import Lease
from lightship.doclog.protocol.log import PATIENCE, Entry, Position, Span
from lightship.doclog.protocol.mailboxes import Letter
from lightship.runtime.tasks import discard_exception

logger = logging.getLogger("log")

LEASE_SECONDS = 2.0  # timeout for lease operations: the holder retries soon, or is stopping

T = TypeVar("T")

_wake_up = msgspec.json.Decoder(list[tuple[int, int]])


class _Seen(threading.local):
    """The number of notifications when this thread's last wait returned."""

    news = -1  # so that a thread's first wait returns at once: what its last read saw is unknown


class JetStreamLog:
    """The document log at `url` (see `address`), with its leases; created if it does not exist.

    Methods raise UnavailableError if the servers do not answer for PATIENCE seconds, OutOfSpaceError if their disk is
    full, ConfigurationError if they deny it.
    """

    def __init__(self, url: str, tls: ssl.SSLContext | None = None) -> None:
        """Open or create the log. Raises ConfigurationError, UnavailableError, IncompatibleIndexError."""
        self._seen = _Seen()
        self._news, self._changed = 0, threading.Condition()
        self._connection = connection = Connection(parse_address(url), tls)
        try:
            self._kv = KeyValue(connection)
            facts = connection.run(open_streams(connection, self._kv))
            self.partitions: int = facts.partitions
            self._leases = KeyValueLeases(self._kv)
            self._mail = JetStreamMailboxes(connection)
            self._sessions = Sessions(connection)
            self._reader = Reader(connection, self._kv, facts, self._sessions)
            self._writer = Writer(connection, facts.partitions, self._sessions)
            self._wake_subject = f"{connection.address.name}.wake"
            connection.run(self._listen())
        except BaseException:
            connection.close()
            raise
        if connection.max_payload < MAX_DOCUMENT_BYTES:
            logger.warning(
                "the log %s accepts messages of at most %d bytes, so larger documents are refused; set max_payload to"
                " 8MB on its servers", connection.address, connection.max_payload,
            )  # fmt: skip

    @property
    def puts_at_once(self) -> int:
        """Several: a partition that is electing a leader delays only the puts to it."""
        return 8

    async def _listen(self) -> None:
        await self._connection.listen(self._wake_subject, self._wake, self._connected)
        self._connected()

    def _connected(self) -> None:
        """Distrust what is known, since wake-ups may have been lost; called in the loop."""
        self._reader.doubt()
        self._sessions.renew()
        self._learning = asyncio.gather(self._reader.learn(), self._sessions.learn(), return_exceptions=True)
        self._learning.add_done_callback(discard_exception)
        self._announce()

    def _wake(self, data: bytes) -> None:
        """Record a put by this or another process; called in the loop."""
        for partition, sequence in _wake_up.decode(data):
            self._reader.heard(partition, sequence)
        self._announce()

    def _announce(self) -> None:
        with self._changed:
            self._news += 1
            self._changed.notify_all()

    def fence(self) -> Fence:
        """Return the fence of a request that arrives now (see DocumentLog)."""
        return Fence(self._reader.heads())

    def put(self, changes: Sequence[Change], fences: Sequence[Fence] = ()) -> list[Position]:
        """Store `changes` durably (see DocumentLog); all are encoded before the first is stored."""
        messages = [
            self._writer.message(change.url, b"" if change.document is None else encode(change.document), fence)
            for change, fence in newest(changes, fences, self._reader.heads)
        ]
        self._connection.run(self._put(messages))
        stored = {message.url: message.position for message in messages if message.position}
        return positions(changes, stored, [message.url for message in messages if message.maybe_stored])

    def check_room(self) -> None:
        """Store a message that is no entry (see DocumentLog)."""
        self.barriers([0])

    async def _put(self, messages: Sequence[Outgoing]) -> None:
        try:
            await self._writer.put(messages)
        finally:
            for message in messages:
                self._reader.heard(message.partition, message.replaces)
            stored = sorted(message.position for message in messages if message.position)
            if stored:
                await self._wake_up(dict(stored))

    async def _wake_up(self, heads: dict[int, int]) -> None:
        """Wake all readers, also in other processes; `heads` are the newest sequences by partition."""
        await self._connection.publish(self._wake_subject, msgspec.json.encode(list(heads.items())))
        for partition, sequence in heads.items():
            self._reader.heard(partition, sequence)
        self._announce()

    def read(self, partition: int, after: int, limit: int = 500, patience: float = PATIENCE) -> list[Entry]:
        """Return entries above `after` (see DocumentLog); fewer than `limit` if they would exceed READ_BYTES."""
        if self._reader.idle(partition, after):
            self._connection.check_open()
            return []
        page = self._connection.run(self._reader.read(partition, after, limit, patience))
        return until_damaged(_entry, page)

    def wait(self, seconds: float) -> None:
        """Return after a notification since this thread's last wait, after `seconds`, or when leaders must be asked."""
        deadline = time.monotonic() + min(seconds, RECHECK_SECONDS)
        with self._changed:
            while self._news == self._seen.news:
                self._connection.check_open()
                left = deadline - time.monotonic()
                if left <= 0:
                    return
                self._changed.wait(left)
            self._seen.news = self._news
        self._connection.check_open()

    def span(self, partition: int) -> Span:
        """Return the extent of `partition`."""
        return self._connection.run(self._reader.span(partition))

    def barriers(self, partitions: Sequence[int]) -> dict[int, int]:
        """Return sequences at or above everything acknowledged before (see DocumentLog), of messages stored now."""

        async def store(partition: int) -> int:
            sequence = await self._connection.with_retries(lambda: self._sessions.barrier(partition))
            self._reader.heard(partition, sequence)
            return sequence

        async def store_all() -> list[int]:
            return await asyncio.gather(*map(store, partitions))

        return dict(zip(partitions, self._connection.run(store_all()), strict=True))

    def history(self, sequences: Mapping[int, int]) -> int:
        """Return a digest of the sessions of these entries (see DocumentLog)."""
        return self._connection.run(self._sessions.history(sequences))

    def was_replaced(self, sequences: Mapping[int, int], history: int) -> bool:
        """Return False: NATS can't tell for sure, as a mark may be replaced before it is read."""
        return False

    def prune(self, partition: int, upto: int) -> int:
        """Prune deletes (see DocumentLog); a partition's newest entry always stays, so no floor is above it."""
        return self._connection.run(prune(self._connection, self._kv, self._reader, partition, upto))

    def acquire(self, name: str, owner: str, seconds: float) -> Lease | None:
        """Acquire `name` (see Leases); another's lease has lapsed if this log saw it unchanged that long."""
        return self._promptly(self._leases.acquire(name, owner, seconds), max(LEASE_SECONDS, seconds / 2))

    def renew(self, lease: Lease, seconds: float) -> bool:
        """Renew `lease` for `seconds` from now, even if it lapsed but was not taken; False if it was lost."""
        return self._promptly(self._leases.renew(lease, seconds), max(LEASE_SECONDS, seconds / 2))

    def release(self, lease: Lease) -> None:
        """Release `lease` if it is still held; its epoch is kept."""
        self._promptly(self._leases.release(lease), LEASE_SECONDS)

    def _promptly(self, coroutine: Coroutine[Any, Any, T], seconds: float) -> T:
        """Return the result of `coroutine`; raise UnavailableError if it takes longer than `seconds`."""
        try:
            return self._connection.run(asyncio.wait_for(coroutine, seconds))
        except TimeoutError as error:
            raise UnavailableError(f"the log {self._connection.address} did not answer for {seconds:g} s") from error

    def order(self, name: str, *, renew: bool = False) -> int:
        """Return the number of `name` (see Leases)."""
        return self._connection.run(self._leases.order(name, renew=renew))

    def send(self, box: str, bodies: Sequence[bytes]) -> None:
        """Send letters to `box` (see Mailboxes)."""
        self._connection.run(self._mail.send(box, bodies))

    def receive(self, box: str, limit: int = 100) -> list[Letter]:
        """Return the oldest letters of `box` (see Mailboxes)."""
        return self._connection.run(self._mail.receive(box, limit))

    def remove(self, box: str, upto: int) -> None:
        """Remove letters of `box` (see Mailboxes)."""
        self._connection.run(self._mail.remove(box, upto))

    def shrink(self) -> None:
        """Do nothing: the connection keeps nothing (see DocumentLog)."""

    def hurry(self) -> None:
        """Reduce all timeouts to HURRY_SECONDS from now on (see DocumentLog)."""
        self._connection.hurry()

    def close(self) -> None:
        """Close the connection; waiting calls raise."""
        self._connection.close()
        self._announce()


def _entry(message: Message) -> Entry:
    """Return the entry in a message; raises DamagedError."""
    try:
        url, value = unpack(message.data)
        stamp = datetime.fromisoformat(message.time).timestamp()
        return Entry(message.sequence, stamp, url, decode(url, value) if value else None)
    except DamagedError as error:
        error.sequence = message.sequence
        raise
    except (UnicodeDecodeError, struct.error) as error:
        damaged = DamagedError(f"message {message.sequence} is damaged in the log ({error}); put its document again")
        damaged.sequence = message.sequence
        raise damaged from error
