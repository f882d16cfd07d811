"""Mailboxes in the log's SQLite file."""

from __future__ import annotations

from collections.abc import Sequence

from lightship.doclog.protocol.mailboxes import Letter
from lightship.runtime.database import Database, has_table

_LETTERS = (  # files of the first version lack it
    "create table if not exists letters (sequence integer primary key autoincrement, box text not null, body blob not null);"
    "create index if not exists letters_box on letters (box, sequence)"
)


class SqliteMailboxes:
    """Durable mailboxes (see Mailboxes)."""

    def __init__(self, database: Database) -> None:
        """Keep the letters in `database`."""
        self._database = database

    def send(self, box: str, bodies: Sequence[bytes]) -> None:
        """Send letters to `box` (see Mailboxes)."""
        with self._database.transaction() as db:
            db.execute(_LETTERS)
            db.executemany("insert into letters (box, body) values (?, ?)", [(box, body) for body in bodies])

    def receive(self, box: str, limit: int = 100) -> list[Letter]:
        """Return the oldest letters of `box` (see Mailboxes)."""
        with self._database.access() as db:
            if not has_table(db, "letters"):
                return []
            rows = db.execute(
                "select sequence, body from letters where box = ? order by sequence limit ?", (box, limit)
            ).fetchall()
        return self._database.checked(rows, list[Letter])

    def remove(self, box: str, upto: int) -> None:
        """Remove letters of `box` (see Mailboxes)."""
        with self._database.transaction() as db:
            db.execute(_LETTERS)
            db.execute("delete from letters where box = ? and sequence <= ?", (box, upto))
