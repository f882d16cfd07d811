"""Which record of an archive is the newest of each url, kept in a temporary database."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import apsw

_SCHEMA = """
create table pages (url text primary key, date text not null, place integer not null, page integer not null)
    without rowid;
create table payloads (digest text primary key, place integer not null) without rowid;
create table revisits (url text not null, date text not null, digest text not null);
begin
"""
_NEWER = (
    " on conflict (url) do update set date = excluded.date, place = excluded.place, page = excluded.page"
    " where excluded.date >= pages.date"
)
_RESOLVE = (
    "insert into pages select url, date, payloads.place, 1 from revisits join payloads using (digest)"
    " where true order by date" + _NEWER
)


class Newest:
    """Learns all records, then tells of each `place` (a number that tells records apart) which urls it is newest of."""

    def __enter__(self) -> Self:
        """Open the database, which is deleted in the end."""
        self._db = apsw.Connection("")
        self._db.execute(_SCHEMA)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Delete the database; raises OSError for what went wrong with it: it has no room, as a rule."""
        self._db.close(True)
        if isinstance(error, apsw.Error):
            raise OSError(f"the temporary database failed: {error}") from error

    def answer(self, url: str, date: str, place: int, *, page: bool, digest: str | None) -> None:
        """Learn that `url` was answered at `date`, with a page or with the news that there is none."""
        self._db.execute("insert into pages values (?, ?, ?, ?)" + _NEWER, (url, date, place, page))
        if digest and page:
            self._db.execute("insert or ignore into payloads values (?, ?)", (digest, place))

    def revisit(self, url: str, date: str, digest: str) -> None:
        """Learn that `url` had at `date` the payload that another record holds."""
        self._db.execute("insert into revisits values (?, ?, ?)", (url, date, digest))

    def learned(self) -> None:
        """Tell that all records are known now."""
        self._db.execute(_RESOLVE)
        self._db.execute("create index places on pages (place)")

    def urls(self, place: int) -> list[str]:
        """Return the urls whose newest content is the record at `place`."""
        return [str(url) for (url,) in self._db.execute("select url from pages where place = ? and page", (place,))]

    def has(self, url: str) -> bool:
        """Return whether `url` is a page."""
        return bool(self._db.execute("select 1 from pages where url = ? and page", (url,)).fetchone())
