"""The document log and the leases in one SQLite file, for the processes of one machine."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Mapping, Sequence

import apsw

from lightship.core.errors import InvalidDocumentError, OutOfSpaceError
from lightship.core.model import PARTITIONS, Change, partition_of_digest, url_digest
from lightship.doclog.protocol.codec import encode, until_damaged
from lightship.doclog.protocol.fence import Fence, newest, positions
from lightship.doclog.protocol.leases import Lease
from lightship.doclog.protocol.log import PATIENCE, Entry, Position, Span
from lightship.doclog.protocol.mailboxes import Letter
from lightship.doclog.protocol.sessions import Session, digest, session_of
from lightship.doclog.sqlite import rows as table
from lightship.doclog.sqlite.leases import SqliteLeases
from lightship.doclog.sqlite.mailboxes import SqliteMailboxes
from lightship.runtime.database import Database, has_table
from lightship.runtime.space import ENOUGH_BYTES, has_space

APPLICATION_ID = 0x4C73446C  # "LsDl" at byte 68 of the file
VERSION = 1

POLL_SECONDS = 0.01
PUT_ROWS = 1000  # per transaction; other writers get their turn between two
PRUNE_ROWS = 5000  # per transaction

SCHEMA = """
create table log (id text not null, partitions integer not null, head integer not null, time real not null);
create table docs (
    sequence integer primary key, partition integer not null, digest blob not null unique,
    url text not null, time real not null, value blob, checksum integer);
create index docs_partition on docs (partition, sequence);
create index docs_deleted on docs (partition, sequence) where value is null;
create table floors (partition integer primary key, sequence integer not null);
create table leases (name text primary key, owner text not null, epoch integer not null, expires real not null)
    without rowid;
"""
SESSIONS = (
    "create table if not exists sessions (start integer primary key, id text not null unique)"  # older files lack it
)

_Row = tuple[int, bytes, str, bytes | None]  # partition, digest, url, value


class _Seen(threading.local):
    """The head of the log when this thread's last wait returned."""

    head = -1  # so that a thread's first wait returns at once: what its last read saw is unknown


class SqliteLog:
    """A document log, with its leases, in the file `path`; created with its folders if it does not exist.

    Raises what Database raises. Methods raise UnavailableError if the file can't be used (any more), and
    OutOfSpaceError if the disk is full; then that call's current transaction is rolled back.
    """

    def __init__(self, path: str) -> None:
        """Open or create the log."""
        self._database = Database(path, APPLICATION_ID, VERSION, _create)
        self._leases, self._letters = SqliteLeases(self._database), SqliteMailboxes(self._database)
        self._session = uuid.uuid4().hex[:12]
        self._seen = _Seen()
        self._checked = self._database.checked
        with self._database.access() as db:
            self.partitions = self._checked(db.execute("select partitions from log").get, int)

    def fence(self) -> Fence:
        """Return the fence of a request that arrives now (see DocumentLog)."""
        return Fence(self._heads())

    def put(self, changes: Sequence[Change], fences: Sequence[Fence] = ()) -> list[Position]:
        """Store `changes` durably (see DocumentLog); all are encoded before the first is stored."""
        fenced = [(self._row(change), fence) for change, fence in newest(changes, fences, self._heads)]
        stored: dict[str, Position] = {}
        for start in range(0, len(fenced), PUT_ROWS):
            stored |= self._store(fenced[start : start + PUT_ROWS])
        return positions(changes, stored)

    def check_room(self) -> None:
        """Write beside the file (see DocumentLog): a small transaction would find room in a WAL that a put left."""
        folder = os.path.dirname(self._database.path)
        if not has_space(folder, ENOUGH_BYTES):
            raise OutOfSpaceError(f"less than {ENOUGH_BYTES >> 20} MiB of free space in {folder}; free some")

    def _row(self, change: Change) -> _Row:
        value = None if change.document is None else encode(change.document)
        try:
            digest = url_digest(change.url)
            return partition_of_digest(digest, self.partitions), digest, change.url, value
        except UnicodeEncodeError as error:
            raise InvalidDocumentError(f"not a URL: {change.url[:100]!r}: {error}") from error

    def _store(self, fenced: list[tuple[_Row, Fence]]) -> dict[str, Position]:
        """Store the rows that their fences allow, in one transaction."""
        with self._database.transaction() as db:
            rows = [row for row, fence in fenced if fence.lets(row[0], self._sequence(db, row[1]))]
            advanced = db.execute(
                # a text would count as 0
                "update log set head = head + ?, time = max(time, ?)"
                " where typeof(head) = 'integer' and typeof(time) in ('real', 'integer') returning head, time",
                (len(rows), time.time()),
            ).fetchone()
            head, stamp = self._checked(advanced, tuple[int, float])
            if rows:
                self._open_session(db, head - len(rows))
            numbered = list(enumerate(rows, head - len(rows) + 1))
            table.put(db, [(sequence, stamp, *row) for sequence, row in numbered])
        return {url: Position(partition, sequence) for sequence, (partition, _, url, _) in numbered}

    def _sequence(self, db: apsw.Connection, digest: bytes) -> int:
        """Return the sequence of the newest change of a URL; 0 if there is none."""
        found = db.execute("select sequence from docs where digest = ?", (digest,)).get
        return 0 if found is None else self._checked(found, int)

    def _open_session(self, db: apsw.Connection, start: int) -> None:
        """Record where this log's session begins, each time: the file may have been replaced by an older one."""
        db.execute(SESSIONS)
        if not db.execute("select 1 from sessions where id = ?", (self._session,)).get:
            db.execute("insert or replace into sessions values (?, ?)", (start, self._session))

    def barriers(self, partitions: Sequence[int]) -> dict[int, int]:
        """Return the head for each partition: in a file, everything stored is visible."""
        return dict.fromkeys(partitions, self._head())

    def history(self, sequences: Mapping[int, int]) -> int:
        """Return a digest of the sessions of these entries (see DocumentLog)."""
        with self._database.access() as db:
            rows = db.execute("select start, id from sessions order by start") if has_table(db, "sessions") else ()
            sessions = self._checked(list(rows), list[Session])
        return digest({p: session_of(sessions, sequence) for p, sequence in sequences.items()})

    def was_replaced(self, sequences: Mapping[int, int], history: int) -> bool:
        """Whether the file has another history now (see DocumentLog): it was overwritten."""
        return self.history(sequences) != history

    @property
    def puts_at_once(self) -> int:
        """One: a file has one writer at a time."""
        return 1

    def read(self, partition: int, after: int, limit: int = 500, patience: float = PATIENCE) -> list[Entry]:
        """Return entries above `after` (see DocumentLog); fewer than `limit` if they would exceed READ_BYTES."""
        with self._database.access() as db:
            rows = table.read(db, partition, after, limit)
        return until_damaged(table.entry, rows)

    def wait(self, seconds: float) -> None:
        """Return once the head has moved since this thread's last wait, or after `seconds`."""
        deadline = time.monotonic() + seconds
        while (head := self._head()) == self._seen.head:
            left = deadline - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(POLL_SECONDS, left))
        self._seen.head = head

    def _head(self) -> int:
        with self._database.access() as db:
            return self._checked(db.execute("select head from log").get, int)

    def _heads(self) -> list[int]:
        return [self._head()] * self.partitions

    def span(self, partition: int) -> Span:
        """Return the extent of `partition`; its head is that of the whole log."""
        with self._database.access() as db:
            floor = "coalesce((select sequence from floors where partition = ?), 0)"
            return self._checked(db.execute(f"select id, {floor}, head from log", (partition,)).fetchone(), Span)

    def shrink(self) -> None:
        """Empty this thread's page cache, which grows to 64 MB (see DocumentLog)."""
        with self._database.access() as db:
            db.pragma("shrink_memory")

    def hurry(self) -> None:
        """Do nothing: a file does not wait."""

    def prune(self, partition: int, upto: int) -> int:
        """Prune deletes (see DocumentLog); a partition's newest entry always stays, so no floor is above it."""
        with self._database.transaction() as db:
            newest: int = db.execute("select max(sequence) from docs where partition = ?", (partition,)).get or 0
            floor = max(0, min(upto, newest))
            db.execute(
                "insert into floors values (?, ?)"
                " on conflict (partition) do update set sequence = max(sequence, excluded.sequence)",
                (partition, floor),
            )
        pruned = 0
        while count := self._forget(partition, min(floor, newest - 1)):
            pruned += count
        return pruned

    def _forget(self, partition: int, upto: int) -> int:
        with self._database.transaction() as db:
            db.execute(
                "delete from docs where sequence in (select sequence from docs"
                " where partition = ? and value is null and sequence <= ? limit ?)",
                (partition, upto, PRUNE_ROWS),
            )
            return db.changes()

    def vacuum_into(self, path: str) -> None:
        """Write a snapshot of the log to a new file; others can put and read meanwhile."""
        with self._database.access() as db:
            db.execute("vacuum into ?", (path,))

    def contradictions(self) -> list[str]:
        """Return what contradicts itself in the positions of the log, in words."""
        with self._database.access() as db:
            return table.contradictions(db)

    def acquire(self, name: str, owner: str, seconds: float) -> Lease | None:
        """Acquire `name` (see Leases); another's lease has lapsed if this log saw it unchanged that long."""
        return self._leases.acquire(name, owner, seconds)

    def renew(self, lease: Lease, seconds: float) -> bool:
        """Renew `lease` for `seconds` from now, even if it lapsed but was not taken; False if it was lost."""
        return self._leases.renew(lease, seconds)

    def release(self, lease: Lease) -> None:
        """Release `lease` if it is still held; its epoch is kept."""
        self._leases.release(lease)

    def order(self, name: str, *, renew: bool = False) -> int:
        """Return the number of `name` (see Leases)."""
        return self._leases.order(name, renew=renew)

    def send(self, box: str, bodies: Sequence[bytes]) -> None:
        """Send letters to `box` (see Mailboxes)."""
        self._letters.send(box, bodies)

    def receive(self, box: str, limit: int = 100) -> list[Letter]:
        """Return the oldest letters of `box` (see Mailboxes)."""
        return self._letters.receive(box, limit)

    def remove(self, box: str, upto: int) -> None:
        """Remove letters of `box` (see Mailboxes)."""
        self._letters.remove(box, upto)

    def close(self) -> None:
        """Close the connections of all threads."""
        self._database.close()


def _create(db: apsw.Connection) -> None:
    db.execute(SCHEMA)
    db.execute("insert into log values (?, ?, 0, 0)", (uuid.uuid4().hex, PARTITIONS))
