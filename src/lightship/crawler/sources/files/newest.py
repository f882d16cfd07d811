"""Finds the newest record of each URL in an archive, with a temporary database."""

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
    """Collects all records, then returns the URLs for which the record at a `place` (a unique number) is the newest."""

    def __enter__(self) -> Self:
        """Open the database, which is deleted at the end."""
        self._db = apsw.Connection("")
        self._db.execute(_SCHEMA)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Delete the database; raises OSError for its errors, usually a full disk."""
        self._db.close(True)
        if isinstance(error, apsw.Error):
            raise OSError(f"the temporary database failed: {error}") from error

    def answer(self, url: str, date: str, place: int, *, page: bool, digest: str | None) -> None:
        """Add the answer for `url` at `date`: a page, or that there is none."""
        self._db.execute("insert into pages values (?, ?, ?, ?)" + _NEWER, (url, date, place, page))
        if digest and page:
            self._db.execute("insert or ignore into payloads values (?, ?)", (digest, place))

    def revisit(self, url: str, date: str, digest: str) -> None:
        """Add that `url` had at `date` the same payload as another record."""
        self._db.execute("insert into revisits values (?, ?, ?)", (url, date, digest))

    def learned(self) -> None:
        """Finish adding records, before `urls` and `has` are called."""
        self._db.execute(_RESOLVE)
        self._db.execute("create index places on pages (place)")

    def urls(self, place: int) -> list[str]:
        """Return the URLs whose newest content is the record at `place`."""
        return [str(url) for (url,) in self._db.execute("select url from pages where place = ? and page", (place,))]

    def has(self, url: str) -> bool:
        """Whether `url` is a page."""
        return bool(self._db.execute("select 1 from pages where url = ? and page", (url,)).fetchone())
