"""The frontier: every known page, the outcome of its last visit, and the time of the next one.

A page is marked as visited only after the document log has stored its change, so a crash may repeat a visit but never
loses one. See DESIGN.md.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

import apsw

from lightship.config import CrawlerSettings
from lightship.core import urls
from lightship.crawler.frontier.canonical import CanonicalDoubt, resolve
from lightship.crawler.frontier.clock import BACK_SECONDS, reset_future_times
from lightship.crawler.frontier.discovery import Discovery, Where, counts
from lightship.crawler.frontier.duplicates import Folded, duplicate_note, fold
from lightship.crawler.frontier.entry import AT_ONCE, Entry, How, Kind, Link, Outcome, State
from lightship.crawler.frontier.rescope import RETURN, read_again, rescope
from lightship.crawler.frontier.revisit import Pace
from lightship.crawler.frontier.scope import Scope, longest
from lightship.crawler.state.journal import Journal
from lightship.crawler.state.progress import count
from lightship.crawler.state.store import is_changed
from lightship.crawler.state.titles import visit_again
from lightship.runtime.database import Database

VISITS_KEPT = 10  # per page, the latest
DAY = 86_400

ENTRY = (
    "url, site, depth, hops, state, visit, failures, etag, last_modified, digest, own, kind, fetched, interval,"
    " content, fingerprint, doomed"
)
_NEW = f"select {ENTRY} from pages where site = ? and visit = 0 order by depth, id limit ?"
_DUE = f"select {ENTRY} from pages where site = ? and visit > 0 and visit <= ? order by visit, depth, id limit ?"
_VISITED = (
    "update pages set state = ?, visit = ?, status = ?, failures = ?, etag = ?, last_modified = ?, digest = ?,"
    " target = iif(?, target, ?), fetched = ?, interval = ?, content = ?, fingerprint = ?, doomed = ?,"
    " note = iif(?, note, ?) where url = ?"
)
_DOUBTFUL = b"?"  # no document has this digest
_DOUBT = "update pages set digest = ?, etag = null, last_modified = null where url in (select value from json_each(?))"
_DISPLACED = "update pages set state = ?, target = ?, note = ?, doomed = iif(digest is null, null, ?) where url = ? and state = ?"
_REMEMBER = "insert or replace into visits select id, ?, ?, ?, ? from pages where url = ?"
_FORGET = (
    "delete from visits where page = (select id from pages where url = ?1) and time <= (select time from visits"
    " where page = (select id from pages where url = ?1) order by time desc limit 1 offset ?2)"
)

_ANY_DOOMED = "select exists (select 1 from pages where site = ? and doomed is not null and digest is not null)"
_GIVE = "update pages set how = ?, depth = 0, found_on = ? where url = ?"


class Others(Protocol):
    """A frontier's view of the other crawlers among which the hosts are partitioned."""

    def wants(self, url: str) -> bool:
        """Whether the host of a normal URL belongs to this crawler."""

    def lay_links(self, db: apsw.Connection, links: Sequence[Link], where: Where) -> None:
        """Queue links to other crawlers' hosts for their owners."""

    def lay_adopted(self, db: apsw.Connection, url: str, source: str) -> None:
        """Queue the news that the site of `url` joined the crawl, because `source` redirects to it."""


class Frontier:
    """The pages of all websites of a crawl, within the limits of its settings."""

    def __init__(self, database: Database, settings: CrawlerSettings) -> None:
        """Use the open store `database`."""
        self._database, self._settings = database, settings
        self._pace = Pace.of(settings)
        self._latest = time.time()  # last time seen
        self._sites: dict[str, str] = {}
        self._put: dict[str, int] = {}  # documents in the log, by site
        self._spent: dict[str, tuple[int, int]] = {}  # (day, bytes fetched on it), by site
        self._doomed: set[str] = set()  # sites with doomed documents
        self._most = longest(settings)
        self.scope = Scope(settings)
        self.discovery = Discovery(self.scope, self._sites, self._lead_elsewhere)
        self._elsewhere: dict[str, str] = {}  # sites of the crawl that belong to another crawler, each with its source
        self.others: Others | None = None
        self._canonical_doubt = CanonicalDoubt()

    def begin(self, seeds: Collection[str], journal: Journal) -> None:
        """Crawl `seeds` (normal URLs, each a source), and the sites to which they are known to redirect.

        Requests that `journal` lists as begun but that have no outcome here are delayed by the least interval.
        """
        self.scope.give(seeds)
        with self._database.transaction() as db:
            self._follow_settings(db)
            for url, begun in journal.begun().items():
                db.execute(
                    "update pages set visit = max(visit, ?) where url = ? and fetched < ? and visit <= ?",
                    (begun + self._pace.least, url, begun, time.time()),
                )
            reset_future_times(db, self._latest, self._most)
            self._load_sites(db, seeds)
            self._follow_rules(db)
            for source in self.scope.sources:
                if urls.site(source.name) in self._sites:
                    self._give(db, Link(source.name, How.SOURCE), None)
                    for start in source.starts:
                        self._give(db, Link(start, How.START), source.name)
            self._put = counts(db, "select site, count(digest) from pages group by site")
            self._doomed = {str(site) for (site,) in db.execute(
                "select distinct site from pages where doomed is not null and digest is not null"
            )}  # fmt: skip
            for site, day, size in db.execute("select site, day, bytes from sites"):
                self._spent[site] = day, size
        journal.start()

    def _load_sites(self, db: apsw.Connection, seeds: Collection[str]) -> None:
        for site, source in db.execute("select site, source from sites").fetchall():
            if source in seeds:
                self._sites[str(site)] = str(source)
        for seed in seeds:
            if self.others is None or self.others.wants(seed):
                self._join(db, seed, seed)
            else:
                self._elsewhere[urls.site(seed)] = seed
        for site, source in db.execute("select substr(name, 11), value from settings where name like 'elsewhere/%'"):
            self._elsewhere[str(site)] = str(source)

    def _follow_settings(self, db: apsw.Connection) -> None:
        """After a change of the pace settings, limit the wait of pages that answered to their new first interval."""
        own = {source.name: source.pace for source in self.scope.sources if source.pace != self._pace}
        if is_changed(db, "pace", (self._pace, own) if own else self._pace):
            db.create_scalar_function("first_interval", self._first_interval, 1)
            db.execute(
                "update pages set interval = first_interval(url), visit = min(visit, max(?, fetched + first_interval(url)))"
                " where failures = 0 and visit > 0 and state <> ?", (AT_ONCE, State.REFUSED),
            )  # fmt: skip

    def _first_interval(self, *urls: object) -> float:
        return self.scope.pace(str(urls[0])).first

    def _follow_rules(self, db: apsw.Connection) -> None:
        """Apply the rules to the known pages, if they or the sources are others than at the last start."""
        self.scope.load(db)
        added = rescope(db, self.scope, self._sites) if is_changed(db, "rules", self.scope.key) else []
        read_again(db, self.scope, self._sites)
        self.discovery.load(db)
        for each in added:
            self.discovery.add(db, [Link(each.url, each.how)], Where(each.found_on, each.depth))

    @property
    def sites(self) -> Mapping[str, str]:
        """The sites within which links are followed, each with its source; grows when a source redirects elsewhere."""
        return MappingProxyType(self._sites)

    def due(self, site: str, now: float, limit: int, busy: Collection[str]) -> list[Entry]:
        """Return up to `limit` pages of `site` to visit now, new ones first, by depth; none of `busy` (URLs)."""
        if now < self._latest - BACK_SECONDS:
            with self._database.transaction() as db:
                reset_future_times(db, now, self._most)
            self._latest = now
        self._latest = max(self._latest, now)
        if self.is_spent(site, now):
            return []
        room = max(0, min(limit, self.scope.max_pages(site) - self._put.get(site, 0) - len(busy)))
        with self._database.access() as db:
            rows = db.execute(_NEW, (site, room + len(busy))).fetchall() if room else []
            fresh = [row for row in rows if row[0] not in busy][:room]
            rows = db.execute(_DUE, (site, now, limit + len(busy))).fetchall() if len(fresh) < limit else []
        return [entry_of(row) for row in fresh + [row for row in rows if row[0] not in busy]][:limit]

    def has_new(self, site: str) -> bool:
        """Whether pages of `site` are to be visited for the first time, now or after a pause that the site asked for."""
        if self.is_spent(site, time.time()) or self._put.get(site, 0) >= self.scope.max_pages(site):
            return False
        with self._database.access() as db:
            return bool(db.execute("select exists (select 1 from pages where site = ? and visit = 0)", (site,)).get)

    def is_spent(self, site: str, now: float) -> bool:
        """Whether today's byte budget of `site` is used up."""
        day, size = self._spent.get(site, (0, 0))
        return 0 < self._settings.max_site_bytes <= size and day == int(now // DAY)

    def interrupted(self, site: str) -> bool:
        """Whether a page of `site` waits for its first visit because an earlier attempt was interrupted."""
        with self._database.access() as db:
            return bool(db.execute(
                "select exists (select 1 from pages where site = ? and state = 0 and visit > 0)", (site,)
            ).get)  # fmt: skip

    def resume(self, site: str) -> float:
        """Return when `site` may be visited again, in seconds since the epoch."""
        with self._database.access() as db:
            return float(db.execute("select resume from sites where site = ?", (site,)).get or 0.0)

    def pause(self, site: str, until: float) -> None:
        """Record that `site` asked not to be visited before `until` (seconds since the epoch)."""
        with self._database.transaction() as db:
            db.execute("update sites set resume = ? where site = ?", (until, site))

    def listed(self, site: str, links: Sequence[Link]) -> None:
        """Add the sitemaps of `site`."""
        with self._database.transaction() as db:
            for link in links:
                if urls.site(link.url) in self._sites:
                    self.discovery.add(db, [link], Where(f"{site}/robots.txt" if link.how is How.ROBOTS else None, 0))

    def fold(self, outcomes: Sequence[Outcome]) -> Folded:
        """Return `outcomes` with duplicates folded; writes nothing."""
        with self._database.access() as db:
            return fold(db, outcomes, self._sites)

    def doubt(self, pages: Sequence[str]) -> None:
        """Mark `pages` (URLs) as doubtful: their changes are about to be sent to the log.

        If a crash follows, the next visits put or delete them once more.
        """
        if pages:
            with self._database.transaction() as db:
                db.execute(_DOUBT, (_DOUBTFUL, json.dumps(pages)))

    def discover(self, outcome: Outcome) -> None:
        """Add links of a page that is not settled yet."""
        with self._database.transaction() as db:
            self.discovery.add(db, outcome.links, Where(outcome.entry.url, outcome.entry.depth + 1))

    def settle(self, outcomes: Sequence[Outcome], displaced: Sequence[tuple[str, str]] = ()) -> None:
        """Record outcomes whose changes are in the log, and the links that they found."""
        with self._database.transaction() as db:
            for outcome in outcomes:
                self._visited(db, outcome)
                led = self._discover(db, outcome)
                self._count(db, outcome, leads_on=led)
            since = {outcome.entry.url: outcome.fetched for outcome in outcomes}
            for url, by in displaced:  # its representative was just visited
                db.execute(_DISPLACED, (State.DUPLICATE, by, duplicate_note(by), since[by], url, State.PAGE))
                self._doomed.add(urls.site(url))
            for outcome in outcomes:
                resolve(db, outcome, self._canonical_doubt)
                if outcome.alike:
                    entry = outcome.entry
                    visit_again(db, entry.site, entry.url, outcome.alike, state=State.PAGE, at=AT_ONCE)

    def _visited(self, db: apsw.Connection, outcome: Outcome) -> None:
        entry, kept = outcome.entry, outcome.kept
        digest = entry.digest if outcome.document is None else outcome.digest
        doomed = _doomed(outcome)
        if doomed and digest:
            self._doomed.add(entry.site)
        db.execute(_VISITED, (
            outcome.state, outcome.next_visit, outcome.status, outcome.failures, outcome.etag, outcome.last_modified,
            digest, kept, outcome.target, outcome.fetched, outcome.interval,
            entry.content if kept else outcome.content, entry.fingerprint if kept else outcome.fingerprint, doomed,
            kept and outcome.state is not State.FAILED, outcome.note, entry.url,
        ))  # fmt: skip
        db.execute(_REMEMBER, (outcome.fetched, outcome.status, outcome.state, outcome.note[:500], entry.url))
        if entry.fetched:
            db.execute(_FORGET, (entry.url, VISITS_KEPT))
        if outcome.size:
            db.execute("update sites set day = ?, bytes = ? where site = ?", (*self._spent[entry.site], entry.site))

    def spend(self, site: str, size: int) -> None:
        """Count bytes fetched from `site` today; they are stored together with the outcome of their visit."""
        today = int(time.time() // DAY)
        day, spent = self._spent.get(site, (0, 0))
        self._spent[site] = today, size + (spent if day == today else 0)

    def _discover(self, db: apsw.Connection, outcome: Outcome) -> bool:
        """Add the links of a page; True if they lead on to something else (see Discovery.add)."""
        entry = outcome.entry
        if outcome.note.startswith("trap:"):
            self.discovery.cut(db, entry.url, outcome.note)
        if outcome.target and outcome.state is not State.DUPLICATE:
            source = self.scope.source_of_root(entry.url)
            if source and outcome.state is State.MOVED:
                self.adopted(db, outcome.target, source)
                if self.others and not self.others.wants(outcome.target):
                    self.others.lay_adopted(db, outcome.target, source)
            how = How.REDIRECT if outcome.state is State.MOVED else How.CANONICAL
            target = Link(outcome.target, how, entry.kind)
            self.discovery.add(db, [target], Where(entry.url, entry.depth, entry.hops + 1))
        return self.discovery.add(db, outcome.links, Where(entry.url, entry.depth + 1))

    def _lead_elsewhere(self, db: apsw.Connection, links: Sequence[Link], where: Where) -> None:
        if self.others is not None:
            self.others.lay_links(db, [link for link in links if urls.site(link.url) in self._elsewhere], where)

    def add(self, db: apsw.Connection, link: Link, where: Where) -> None:
        """Add a link found by another crawler."""
        self.discovery.add(db, [link], where)

    def adopted(self, db: apsw.Connection, url: str, source: str) -> None:
        """Record that the site of `url` joined the crawl, as reported by another crawler."""
        if self.others is None or self.others.wants(url):
            self._adopt(db, url, source)
        else:
            self._elsewhere[urls.site(url)] = source
            db.execute("insert or replace into settings values (?, ?)", (f"elsewhere/{urls.site(url)}", source))

    def joined(self, db: apsw.Connection, site: str, source: str) -> None:
        """Start crawling `site`, handed over by another crawler; its pages are in the store."""
        self._elsewhere.pop(site, None)
        self._sites[site] = source
        self._put |= counts(db, "select site, count(digest) from pages where site = ?", site)
        if db.execute(_ANY_DOOMED, (site,)).get:
            self._doomed.add(site)
        self.scope.load(db)
        rescope(db, self.scope, {site: source}, handed_over=True)
        self.discovery.join(db, site)

    def left(self, site: str) -> None:
        """Stop crawling `site`: it was handed over to another crawler."""
        self._elsewhere[site] = self._sites.pop(site, "")
        self._put.pop(site, None)
        self._doomed.discard(site)
        self.discovery.forget(site)

    def _adopt(self, db: apsw.Connection, url: str, source: str) -> None:
        """Add the folder of `url`, to which `source` redirects, to the crawl, and its site if need be."""
        self._join(db, url, source)
        if self.scope.bring(url, source):
            site = urls.site(url)
            for each in rescope(db, self.scope, {site: self._sites[site]}):
                self.discovery.add(db, [Link(each.url, each.how)], Where(each.found_on, each.depth))
        self._give(db, Link(url, How.SOURCE), source)

    def _join(self, db: apsw.Connection, url: str, source: str) -> None:
        site = urls.site(url)
        if site not in self._sites:
            self._sites[site] = source
            db.execute(
                "insert into sites (site, source) values (?, ?) on conflict (site) do update set source = excluded.source",
                (site, source),
            )

    def _give(self, db: apsw.Connection, link: Link, source: str | None) -> None:
        """Add a URL that is fetched in any case: a source, what the `source` redirects to, or where else it starts."""
        db.execute("delete from refused where url = ?", (link.url,))
        db.execute(_GIVE, (link.how, source, link.url))
        db.execute(f"{RETURN} and state = ?", (State.NEW, State.EXCLUDED, AT_ONCE, link.url, State.REFUSED))
        self.discovery.add(db, [link], Where(source, 0))

    def _count(self, db: apsw.Connection, outcome: Outcome, *, leads_on: bool) -> None:
        entry = outcome.entry
        before, after = entry.state, outcome.state
        self._put[entry.site] = self._put.get(entry.site, 0) + (outcome.change is not None and entry.digest is None)
        if entry.kind is not Kind.PAGE:
            return
        if before is State.NEW and outcome.status:
            self.discovery.traps.visited(entry.url, after, outcome.document, leads_on=leads_on)
        count(
            db, self._sites[entry.site],
            fetched=(after not in (State.NEW, State.FAILED)) - (before not in (State.NEW, State.FAILED)),
            failed=(after is State.FAILED) - (before is State.FAILED),
            put=outcome.change is not None,
        )  # fmt: skip

    def doomed(self, sites: Collection[str]) -> set[str]:
        """Return those of `sites` that have doomed documents."""
        return self._doomed & set(sites)

    def deleted(self, site: str, gone: Sequence[str]) -> None:
        """Record that the log has the deletes of the URLs `gone` of `site`."""
        with self._database.transaction() as db:
            for url in gone:
                db.execute("update pages set digest = null where url = ? and doomed is not null", (url,))
            count(db, self._sites[site], deleted=len(gone))
            if not db.execute(_ANY_DOOMED, (site,)).get:
                self._doomed.discard(site)
            self._put[site] = self._put.get(site, 0) - len(gone)


def _doomed(outcome: Outcome) -> float | None:
    """Return the time since which the page's document is to be deleted; None if it is not."""
    entry = outcome.entry
    if outcome.kept:
        return entry.doomed
    if outcome.state is State.PAGE:
        return None
    if entry.digest is not None:
        return entry.doomed or outcome.fetched
    return entry.doomed


def entry_of(row: tuple[Any, ...]) -> Entry:
    """Return the entry in a row with the columns ENTRY."""
    entry = Entry(*row)
    return entry._replace(state=State(entry.state), own=bool(entry.own), kind=Kind(entry.kind))
