"""The frontier: every page known, what its last visit brought, and when to look at it again.

A page is written as visited only after the document log has stored its change, so a crash makes a visit happen
again, never be forgotten.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import IntEnum
from types import MappingProxyType
from typing import Any, NamedTuple

import apsw
import msgspec

from lightship.crawler import urls
from lightship.crawler.progress import count
from lightship.doclog.database import Database
from lightship.model import Change, Document

AT_ONCE = 1.0  # as the time of a visit: long due; 0 means never visited
ROWS_PER_PAGE = 10  # known urls for each page that may be fetched: a site can't fill the disk with links


class State(IntEnum):
    """What a page is."""

    NEW = 0
    PAGE = 1  # its document is in the log
    ALIAS = 2  # it names another url of the site as its canonical one
    MOVED = 3  # it redirects
    EXCLUDED = 4  # it must not be indexed, or holds no text
    GONE = 5
    FAILED = 6  # never an answer so far


class Entry(NamedTuple):
    """A page of the frontier. `digest` is that of the document last put, None when the log holds none.

    `hops` counts the redirects and canonical links that led here; an `own` page is indexed under its own url, since
    its canonical one could not be had.
    """

    url: str
    site: str
    depth: int
    hops: int
    state: State
    visit: float
    failures: int
    etag: str | None
    last_modified: str | None
    digest: bytes | None
    own: bool


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a visit to `entry` brought; `next_visit` is in seconds since the epoch.

    `digest` is that of the document that the log holds once `change` is put; `target` is where a MOVED page or an
    ALIAS points to. `failed` tells that the visit got no usable answer, `kept` that the page is as it was.
    """

    entry: Entry
    state: State
    next_visit: float
    status: int = 0
    failures: int = 0
    etag: str | None = None
    last_modified: str | None = None
    document: Document | None = None
    digest: bytes | None = None
    links: list[str] = []
    target: str | None = None
    failed: bool = False
    note: str = ""

    @property
    def kept(self) -> bool:
        """Whether the page stays what it was: the visit failed, or found it not modified."""
        return self.failed or self.status == 304

    @property
    def change(self) -> Change | None:
        """The change to put into the log, if anything changed."""
        if self.digest == self.entry.digest:
            return None
        return Change.delete(self.entry.url) if self.document is None else Change.put(self.document)


_ENTRY = "url, site, depth, hops, state, visit, failures, etag, last_modified, digest, own"
_NEW = f"select {_ENTRY} from pages where site = ? and visit = 0 order by depth, id limit ?"
_DUE = f"select {_ENTRY} from pages where site = ? and visit > 0 and visit <= ? order by visit, depth, id limit ?"
_VISITED = (
    "update pages set state = ?, visit = ?, status = ?, failures = ?, etag = ?, last_modified = ?, digest = ?,"
    " target = iif(?, target, ?) where url = ?"
)
_FOUND = "insert or ignore into pages (url, site, depth, hops) values (?, ?, ?, ?)"

# Does what a page points to, step by step, end at a page that is in the log, or may yet be?
_ALIVE = """
with recursive chain (url, target, state) as (
    select url, target, state from pages where url = ?
    union select p.url, p.target, p.state from pages p join chain c on p.url = c.target)
select exists (select 1 from chain where state in (?, ?))"""
# No: then the pages that name it as their canonical one are indexed under their own urls.
_RELEASE = """
with recursive pointing (url) as (
    select ? union select p.url from pages p join pointing on p.target = pointing.url)
update pages set own = 1, visit = ?, etag = null, last_modified = null
where state = ? and own = 0 and url in (select url from pointing)"""
_RETURN = "update pages set own = 0, visit = ?, etag = null, last_modified = null where target = ? and own = 1"


class Frontier:
    """The pages of all websites. `max_pages` bounds the documents of each site."""

    def __init__(self, database: Database, max_pages: int) -> None:
        """Use the open store `database`."""
        self._database = database
        self._max_pages = max_pages
        self._sites: dict[str, str] = {}
        self._put: dict[str, int] = {}  # documents in the log, of each site
        self._known: dict[str, int] = {}  # urls, of each site

    def begin(self, seeds: Collection[str], latest: float) -> None:
        """Crawl `seeds` (normal urls, each a source), and the sites that they were found to redirect to.

        No page that answered waits longer than until `latest`, in seconds since the epoch.
        """
        with self._database.transaction() as db:
            db.execute("update pages set visit = ?1 where visit > ?1 and failures = 0", (latest,))
            for seed in seeds:
                self._adopt(db, seed, seed)
            for site, source in db.execute("select site, source from sites").fetchall():
                if source in seeds:
                    self._sites.setdefault(str(site), str(source))
            for site, known, put in db.execute("select site, count(*), count(digest) from pages group by site"):
                self._known[site], self._put[site] = known, put

    @property
    def sites(self) -> Mapping[str, str]:
        """The sites within which links are followed, each with its source; grows when a source redirects elsewhere."""
        return MappingProxyType(self._sites)

    def due(self, site: str, now: float, limit: int, busy: Collection[str]) -> list[Entry]:
        """Return up to `limit` pages of `site` to visit now, new ones first, by depth; none of `busy` (urls)."""
        room = max(0, min(limit, self._max_pages - self._put.get(site, 0) - len(busy)))
        with self._database.access() as db:
            rows = db.execute(_NEW, (site, room + len(busy))).fetchall() if room else []
            fresh = [row for row in rows if row[0] not in busy][:room]
            rows = db.execute(_DUE, (site, now, limit + len(busy))).fetchall() if len(fresh) < limit else []
        return [_entry(row) for row in fresh + [row for row in rows if row[0] not in busy]][:limit]

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Remember what visits brought, whose changes are in the log, and the links that they found."""
        with self._database.transaction() as db:
            for outcome in outcomes:
                entry = outcome.entry
                db.execute(_VISITED, (
                    outcome.state, outcome.next_visit, outcome.status, outcome.failures, outcome.etag,
                    outcome.last_modified, outcome.digest, outcome.kept, outcome.target, entry.url,
                ))  # fmt: skip
                self._discover(db, outcome)
                self._count(db, outcome)
            for outcome in outcomes:
                self._resolve(db, outcome)

    def _discover(self, db: apsw.Connection, outcome: Outcome) -> None:
        entry = outcome.entry
        if outcome.target:
            if entry.depth == 0 and outcome.state is State.MOVED:
                self._adopt(db, outcome.target, self._sites[entry.site])
            self._add(db, [outcome.target], entry.depth, entry.hops + 1)
        self._add(db, outcome.links, entry.depth + 1, 0)

    def _adopt(self, db: apsw.Connection, url: str, source: str) -> None:
        """Crawl the site of `url` too: it is a source, or a source's own page redirects to it."""
        site = urls.site(url)
        if site not in self._sites:
            self._sites[site] = source
            db.execute("insert or replace into sites values (?, ?)", (site, source))
        self._add(db, [url], 0, 0)

    def _add(self, db: apsw.Connection, links: Iterable[str], depth: int, hops: int) -> None:
        for link in links:
            site = urls.site(link)
            if site not in self._sites or self._known.get(site, 0) >= self._max_pages * ROWS_PER_PAGE:
                continue
            db.execute(_FOUND, (link, site, depth, hops))
            if db.changes():
                self._known[site] = self._known.get(site, 0) + 1
                count(db, self._sites[site], found=1)

    def _count(self, db: apsw.Connection, outcome: Outcome) -> None:
        entry, change = outcome.entry, outcome.change
        before, after = entry.state, outcome.state
        deleted = change is not None and change.document is None
        self._put[entry.site] = self._put.get(entry.site, 0) + (outcome.digest is not None) - (entry.digest is not None)
        count(
            db, self._sites[entry.site],
            fetched=(after not in (State.NEW, State.FAILED)) - (before not in (State.NEW, State.FAILED)),
            failed=(after is State.FAILED) - (before is State.FAILED),
            put=change is not None and not deleted, deleted=deleted,
        )  # fmt: skip

    def _resolve(self, db: apsw.Connection, outcome: Outcome) -> None:
        """Keep each page indexed under one url: its canonical one if that can be had, else its own."""
        url = outcome.entry.url
        if outcome.state is outcome.entry.state and (outcome.kept or outcome.state is State.PAGE):
            return
        if outcome.state is State.PAGE:
            db.execute(_RETURN, (AT_ONCE, url))
        elif not db.execute(_ALIVE, (url, State.NEW, State.PAGE)).get:
            db.execute(_RELEASE, (url, AT_ONCE, State.ALIAS))


def _entry(row: tuple[Any, ...]) -> Entry:
    entry = Entry(*row)
    return entry._replace(state=State(entry.state), own=bool(entry.own))
