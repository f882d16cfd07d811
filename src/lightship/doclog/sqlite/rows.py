"""Rows of the log's table `docs`: their columns, their checksum, and the entries in them."""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Iterable
from typing import Any

import apsw

from lightship.core.errors import DamagedError
from lightship.core.model import url_digest
from lightship.doclog.protocol.codec import decode, decoded_size
from lightship.doclog.protocol.log import Entry

READ_BYTES = 32 << 20  # of documents per read, to bound the memory of a reader

Stored = tuple[int, float, int, bytes, bytes, bytes | None, int | None]
"""Sequence, time, partition, digest, url, value and checksum, which is None for rows of releases without it."""

_READ = (
    # cast to bytes: a damaged bit may turn them into text that is not UTF-8
    "select sequence, time, partition, cast(digest as blob), cast(url as blob), cast(value as blob), {checksum} from docs"
    " where partition = ? and sequence > ? order by sequence limit ?"
)
_PUT = (
    "insert or replace into docs (sequence, time, partition, digest, url, value, checksum) values (?, ?, ?, ?, ?, ?, ?)"
)
_CHECKED = struct.Struct(">qdq16sq")

_CONTRADICTIONS = {
    "select 1 from log where head < (select max(sequence) from docs)": "its head is before its last entry",
    "select 1 from log where time < (select max(time) from docs)": "its time is before that of an entry",
    "select 1 from log, floors where sequence > head": "a floor is after its head",
}


def checksum(sequence: int, time: float, partition: int, digest: bytes, value: bytes | None) -> int:
    """Return the CRC-32 of a row. The url is covered by its digest, and a value has a checksum of its own."""
    return zlib.crc32(_CHECKED.pack(sequence, time, partition, digest, -1 if value is None else len(value)))


def put(db: apsw.Connection, rows: Iterable[tuple[int, float, int, bytes, str, bytes | None]]) -> None:
    """Store `rows` with their checksums, each in place of the row of its url."""
    _add_checksums(db)
    db.executemany(_PUT, [(*row, checksum(*row[:4], row[5])) for row in rows])


def _add_checksums(db: apsw.Connection) -> None:
    """Add the column to a file of an earlier release, each time: the file may have been replaced by an older one."""
    if not db.execute("select 1 from pragma_table_info('docs') where name = 'checksum'").get:
        db.execute("alter table docs add column checksum integer")


def read(db: apsw.Connection, partition: int, after: int, limit: int) -> list[Stored]:
    """Return the rows above `after`; fewer than `limit` if their documents would exceed READ_BYTES, but at least one."""
    given = (partition, after, limit)
    with contextlib.suppress(apsw.SQLError):
        return _bounded(db.execute(_READ.format(checksum="checksum"), given))
    return _bounded(db.execute(_READ.format(checksum="null"), given))  # a file of an earlier release


def entry(row: Stored) -> Entry:
    """Return the entry in a row; raises DamagedError."""
    sequence, stamp, partition, digest, encoded, value, expected = row
    try:
        url = encoded.decode()
        if digest != url_digest(url):
            raise DamagedError(f"an entry of the log, like {url[:100]!r}, has the digest of another url; put it again")
        if expected is not None and expected != checksum(sequence, stamp, partition, digest, value):
            raise DamagedError(f"the entry of {url[:100]} in the log is damaged (checksum mismatch); put it again")
        return Entry(sequence, float(stamp), url, None if value is None else decode(url, value))
    except DamagedError as error:
        error.sequence = sequence
        raise
    except (UnicodeDecodeError, TypeError, ValueError, AttributeError, struct.error) as error:
        damaged = DamagedError(f"an entry of the log, at {sequence}, is damaged ({error}); put its document again")
        damaged.sequence = sequence
        raise damaged from error


def contradictions(db: apsw.Connection) -> list[str]:
    """Return what contradicts itself in the positions of a log, in words."""
    return [words for sql, words in _CONTRADICTIONS.items() if db.execute(sql).get]


def _bounded(rows: Iterable[Any]) -> list[Stored]:
    kept: list[Stored] = []
    size = 0
    for row in rows:
        kept.append(row)
        size += decoded_size(row[5] or b"")
        if size > READ_BYTES:
            break
    return kept
