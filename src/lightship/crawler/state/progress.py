"""The crawler's progress: counters per source, which other programs can read while it runs."""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

import apsw

from lightship.crawler.state.store import FILE
from lightship.runtime.database import Database


class Progress(NamedTuple):
    """Counts over all sources, and whether the first pass over the active sources is complete (`idle`).

    `found` are the known URLs, `fetched` those that gave an answer, `failed` those without a usable one so far; `put`
    and `deleted` are all changes appended to the document log. Because of `max_pages`, some found pages may never be
    fetched.
    """

    found: int = 0
    fetched: int = 0
    failed: int = 0
    put: int = 0
    deleted: int = 0
    idle: bool = False


class Remarks(NamedTuple):
    """What a crawler has noticed since its start.

    `left_out` are values that did not fit their declared field, by field; `pages` are those whose text is not whole, by
    the kind of reason: cut, scripts, empty.
    """

    left_out: Counter[str]
    pages: Counter[str]

    @classmethod
    def none(cls) -> Remarks:
        """Return remarks of which there are none yet."""
        return cls(Counter(), Counter())


class Waiting(NamedTuple):
    """Pages that were never fetched because their sites keep failing, and the number of these sites."""

    sites: int = 0
    pages: int = 0

    def __str__(self) -> str:
        """Return it in words."""
        pages = f"{self.pages} page{'s' * (self.pages != 1)} of {self.sites} site{'s' * (self.sites != 1)}"
        verb, who = "waits" if self.pages == 1 else "wait", "it keeps" if self.sites == 1 else "they keep"
        return f"{pages} {verb}, because {who} failing"


_COLUMNS = ("found", "fetched", "failed", "put", "deleted")
_SUMS = ", ".join(f"total({name})" for name in _COLUMNS)
_SELECT = f"select {_SUMS}, total(active) > 0 and total(active) = total(active and idle) from sources"

# A site that fails is paused, longer each time
_WAITING = (
    "select count(distinct site), count(*) from pages where state = 0 and site in ("
    " select site from sites join sources on name = source where active and resume > ?1 and coalesce(?2, name) = name)"
)

# SQLite takes the other columns from the row with the maximum
_CUTS = (
    "select site, count(*), reason, url, max(time) from refused where reason like 'trap:%' and site = coalesce(?, site)"
    " and reason not like 'trap: session id%' group by site"
)


def read_progress(data_folder: str) -> Progress:
    """Return the progress of the crawler with this data folder; zeros if there is nothing to read yet."""
    path = os.path.join(data_folder, FILE)
    try:
        with contextlib.closing(apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)) as db:
            db.set_busy_timeout(100)
            found, fetched, failed, put, deleted, idle = db.execute(_SELECT).get
            return Progress(int(found), int(fetched), int(failed), int(put), int(deleted), bool(idle))
    except apsw.Error:
        return Progress()


def read_waiting(data_folder: str) -> Waiting:
    """Return what waits for failing sites, for the crawler with this data folder; zeros if there is nothing to read."""
    path = os.path.join(data_folder, FILE)
    try:
        with contextlib.closing(apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)) as db:
            db.set_busy_timeout(100)
            return waiting(db)
    except apsw.Error:
        return Waiting()


def waiting(db: apsw.Connection, source: str | None = None) -> Waiting:
    """Return what waits for failing sites of `source`, or of all active sources."""
    return Waiting(*db.execute(_WAITING, (time.time(), source)).get)


class Cut(NamedTuple):
    """What was cut off a site as endless: the number of refused URLs, and the latest with its reason."""

    site: str
    urls: int
    reason: str
    example: str


def cuts(db: apsw.Connection, site: str | None = None) -> list[Cut]:
    """Return what was cut off `site`, or off each site."""
    return [Cut(*row[:4]) for row in db.execute(_CUTS, (site,))]


def activate(database: Database, sources: Iterable[str]) -> None:
    """Make `sources` the active ones; none of them is idle yet."""
    with database.transaction() as db:
        db.execute("update sources set active = 0, idle = 0")
        db.executemany(
            "insert into sources (name, active) values (?, 1) on conflict (name) do update set active = 1",
            [(name,) for name in set(sources)],
        )


def set_idle(database: Database, source: str, *, idle: bool = True) -> None:
    """Record that the first pass over `source` is complete, or is not after all."""
    with database.transaction() as db:
        db.execute("update sources set idle = ? where name = ?", (idle, source))


def count(
    db: apsw.Connection,
    source: str,
    *,
    found: int = 0,
    fetched: int = 0,
    failed: int = 0,
    put: int = 0,
    deleted: int = 0,
) -> None:
    """Add to the counters of `source`, within the caller's transaction."""
    db.execute(
        "update sources set found = found + ?, fetched = fetched + ?, failed = failed + ?, put = put + ?,"
        " deleted = deleted + ? where name = ?",
        (found, fetched, failed, put, deleted, source),
    )


def tally(db: apsw.Connection, site: str) -> dict[str, int]:
    """Return the number of pages of `site` that count as found, fetched (by their state: neither new nor failed) and failed."""
    row: Any = db.execute(
        "select count(*), count(iif(state in (0, 6), null, 1)), count(iif(state = 6, 1, null)) from pages"
        " where site = ? and kind = 0", (site,),
    ).fetchall()[0]  # fmt: skip
    return dict(zip(("found", "fetched", "failed"), map(int, row), strict=True))
