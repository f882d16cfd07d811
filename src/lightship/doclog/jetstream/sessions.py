"""The sessions of a log's writers, stored in its streams: each partition has one mark, a message that lists them.

A mark is stored before the first change of its session, and replaces the previous mark. A mark shares the fate of its
stream, so a stream that was restored from a backup is recognised (see `doclog/protocol/sessions.py`).
"""

from __future__ import annotations

import asyncio
import base64
import re
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from lightship.doclog.jetstream.client.connection import Connection
from lightship.doclog.jetstream.client.errors import NO_MESSAGE, ApiError, RetryError
from lightship.doclog.jetstream.client.kv import LAST, Got, Raw, Stored
from lightship.doclog.jetstream.streams import SESSIONS, mark_subject_of, pack, stream_of
from lightship.doclog.protocol.sessions import Session, digest, session_of

KEPT = 200  # sessions per partition; a reader that last read before the oldest reads the partition again

_listed = re.compile(rf"{SESSIONS}: *([0-9a-f:,]*)")


class Sessions:
    """Opens this process's sessions, and tracks all others'. Used in the connection's loop."""

    def __init__(self, connection: Connection) -> None:
        """Store marks through `connection`."""
        self._connection = connection
        self._known: dict[int, list[Session]] = {}
        self._opening: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.renew()

    def renew(self) -> None:
        """Begin new sessions after a lost connection, as the log may have been replaced meanwhile."""
        self._id = uuid.uuid4().hex[:12]
        self._opened: set[int] = set()

    async def learn(self) -> None:
        """Read the marks of all known partitions again."""
        await asyncio.gather(*map(self._learn, list(self._known)), return_exceptions=True)

    async def open(self, partition: int) -> None:
        """Store the mark of this process's session in `partition`, unless it exists; raises RetryError."""
        if partition in self._opened:
            return
        async with self._opening[partition]:
            while partition not in self._opened:
                opened = self._id
                await self._mark(partition, opened)
                if opened == self._id:
                    self._opened.add(partition)

    async def _mark(self, partition: int, opened: str) -> None:
        last, listed = await self._ask(partition)
        if not listed or listed[-1].id != opened:  # otherwise an earlier attempt was stored, but its answer was lost
            await self._store(partition, last, [*_texts(listed[1 - KEPT :]), opened])

    async def barrier(self, partition: int) -> int:
        """Store a mark that opens no session, and return its sequence; raises RetryError.

        It is stored by a majority, so its sequence is above everything acknowledged before.
        """
        async with self._opening[partition]:
            last, listed = await self._ask(partition)
            return await self._store(partition, last, [*_texts(listed), ""])

    async def _store(self, partition: int, last: int, listed: list[str]) -> int:
        """Store a mark that replaces the one at sequence `last`; return its sequence.

        Raises RetryError, also if another mark is newer or is being stored: at once that would be so again.
        """
        text = ",".join(listed) or ","
        subject, headers = mark_subject_of(self._connection.address.name, partition), {SESSIONS: text, LAST: str(last)}
        (answer,) = await self._connection.ask(subject, pack("", b""), headers)
        try:
            sequence = self._connection.decode(answer, Stored).seq
        except ApiError as error:
            raise RetryError(str(error)) from error
        self.seen(partition, sequence, text)
        return sequence

    def seen(self, partition: int, sequence: int, listed: str) -> None:
        """Record a mark that was read."""
        self._known[partition] = _sessions(sequence, listed)

    async def history(self, sequences: Mapping[int, int]) -> int:
        """Return a digest of the sessions of these entries (see DocumentLog)."""
        unknown = [partition for partition in sequences if partition not in self._known]
        await asyncio.gather(*map(self._learn, unknown))
        return digest({p: session_of(self._known[p], sequence) for p, sequence in sequences.items()})

    async def _learn(self, partition: int) -> None:
        async def attempt() -> None:
            _, self._known[partition] = await self._ask(partition)

        await self._connection.with_retries(attempt)

    async def _ask(self, partition: int) -> tuple[int, list[Session]]:
        """Return the sequence and the sessions of a partition's mark on the stream's leader; raises RetryError."""
        log = self._connection.address.name
        request = {"last_by_subj": mark_subject_of(log, partition)}
        try:
            got = await self._connection.api(f"STREAM.MSG.GET.{stream_of(log, partition)}", request, Got)
        except ApiError as error:
            if error.code in NO_MESSAGE:
                return 0, []
            raise RetryError(str(error)) from error
        return got.message.seq, _sessions(got.message.seq, listed_in(got.message))


def listed_in(message: Raw) -> str:
    """Return the sessions in a mark; "" if the message is not a mark."""
    found = _listed.search(base64.b64decode(message.hdrs).decode())
    return found[1] if found else ""


def _texts(sessions: Sequence[Session]) -> Iterator[str]:
    return (f"{session.start}:{session.id}" for session in sessions)


def _sessions(sequence: int, listed: str) -> list[Session]:
    """Parse the mark at `sequence`: `start:id` of each session, and the id of its own, if it opened one."""
    *earlier, own = listed.split(",")
    pairs = (each.partition(":") for each in earlier if each)
    found = [Session(int(start), name) for start, _, name in pairs]
    return [*found, Session(sequence, own)] if own else found
