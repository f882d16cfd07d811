"""Discovery of new URLs: which ones are added to the frontier, and which are refused, and why."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import apsw

from lightship.core import urls
from lightship.crawler.frontier.entry import AT_ONCE, How, Kind, Link, State
from lightship.crawler.frontier.rescope import MAX_REFUSED, RETURN
from lightship.crawler.frontier.scope import Scope
from lightship.crawler.frontier.traps import Traps
from lightship.crawler.state.progress import count
from lightship.crawler.traps.form import leads_on
from lightship.crawler.traps.sessions import without_session

ROWS_PER_PAGE = 10  # known URLs per page of the budget, so that a site can't fill the disk with links

_KNOWN = "select url from pages where url in (select value from json_each(?))"
_ADD = (
    "insert or ignore into pages (url, site, depth, hops, kind, how, found_on, found, modified)"
    " values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_REFUSED = "select site, reason like 'rule:%', count(*) from refused group by 1, 2"
_REFUSE = "insert or ignore into refused values (?, ?, ?, ?, ?)"
# A page that a sitemap or feed reports as changed since its last visit is due, but only after the least interval
_DUE = (
    "update pages set modified = ?1, visit = min(visit, max(?2, fetched + ?3)) where url = ?4 and visit > 0"
    " and modified < ?1 and fetched < ?1"
)
_BESIDE = (How.LINK, How.ALTERNATE, How.FEED)
_LISTED = "update pages set how = ? where url = ? and how in (?, ?, ?)"
_READ_AS = "update pages set kind = ?, visit = ? where url = ? and kind = 0 and state not in (?, ?) and digest is null"


class Where(NamedTuple):
    """Where links were found: on the page, sitemap or feed `url` (None: none), `depth` links from a source."""

    url: str | None
    depth: int
    hops: int = 0


class Discovery:
    """Adds new URLs to the sites of a crawl; `sites` (site -> source) may grow meanwhile.

    `elsewhere` is called with links to other sites, and where they were found.
    """

    def __init__(
        self,
        scope: Scope,
        sites: dict[str, str],
        elsewhere: Callable[[apsw.Connection, Sequence[Link], Where], None],
    ) -> None:
        """Start empty; see `load`."""
        self._scope, self._sites, self._elsewhere = scope, sites, elsewhere
        self._known: dict[str, int] = {}  # number of URLs by site
        self._refused = Counter[tuple[str, bool]]()  # by site, and whether a rule refuses them
        self.traps = Traps()

    def load(self, db: apsw.Connection) -> None:
        """Load the state from the store."""
        self._known = counts(db, "select site, count(*) from pages where state <> 9 group by site")
        refused: list[Any] = db.execute(_REFUSED).fetchall()
        self._refused = Counter({(site, bool(ruled)): number for site, ruled, number in refused})
        pages: list[Any] = db.execute("select url, state, found_on from pages where kind = 0").fetchall()
        self.traps.load(pages)

    def join(self, db: apsw.Connection, site: str) -> None:
        """Load a site taken over from another crawler."""
        self._known |= counts(db, "select site, count(*) from pages where site = ? and state <> 9", site)
        pages: list[Any] = db.execute(
            "select url, state, found_on from pages where kind = 0 and site = ?", (site,)
        ).fetchall()
        self.traps.load(pages)

    def forget(self, site: str) -> None:
        """Forget a site handed over to another crawler."""
        self._known.pop(site, None)
        self._refused = Counter({key: number for key, number in self._refused.items() if key[0] != site})

    def add(self, db: apsw.Connection, links: Iterable[Link], where: Where) -> bool:
        """Add those of `links` that are new and not refused; True if they lead on from a page to something else."""
        own: list[Link] = []
        other: list[Link] = []
        for link in links:
            (own if urls.site(link.url) in self._sites else other).append(link)
        if other:
            self._elsewhere(db, other, where)
        known = {url for (url,) in db.execute(_KNOWN, (json.dumps([link.url for link in own]),))}
        led = False
        for link in own:
            if link.url in known:
                self._again(db, link, where)
            elif self._new(db, link, where):
                led |= where.url is not None and leads_on(where.url, link.url)
        return led

    def _again(self, db: apsw.Connection, link: Link, where: Where) -> None:
        if link.how is How.SITEMAP:
            self._listed(db, link, where)
        if link.modified:
            db.execute(_DUE, (link.modified, AT_ONCE, self._scope.pace(link.url).least, link.url))
        if link.kind is not Kind.PAGE:
            db.execute(_READ_AS, (link.kind, AT_ONCE, link.url, State.PAGE, State.NEW))

    def _listed(self, db: apsw.Connection, link: Link, where: Where) -> None:
        """Record that a sitemap lists a known page; one that was refused only because none did is allowed."""
        db.execute(_LISTED, (How.LISTED, link.url, *_BESIDE))
        if db.changes() and not self._scope.refusal(link.url, where.depth, How.SITEMAP):
            db.execute(f"{RETURN} and state = ?", (State.NEW, State.EXCLUDED, AT_ONCE, link.url, State.REFUSED))

    def _new(self, db: apsw.Connection, link: Link, where: Where) -> bool:
        """Add a page that is not known; return False if it is refused, or there is nothing new to visit."""
        clean, dropped = without_session(link.url)
        if dropped:
            self._refuse(db, link.url, f"trap: session id ({dropped}); crawled without it, as {clean}", where)
            return clean != link.url and self.add(db, [link._replace(url=clean)], where)
        site = urls.site(link.url)
        reason = self._against(link, where.depth, site)
        if reason:
            self._refuse(db, link.url, reason, where)
            return False
        moment = time.time()
        db.execute(_ADD, (
            link.url, site, where.depth, where.hops, link.kind, link.how, where.url, moment, link.modified,
        ))  # fmt: skip
        added = db.changes() > 0
        if added:
            self._known[site] = self._known.get(site, 0) + 1
            if link.kind is Kind.PAGE:
                self.traps.known(link.url)
                count(db, self._sites[site], found=1)
        return added

    def _against(self, link: Link, depth: int, site: str) -> str:
        """Return why a new URL is refused, or an empty string."""
        if link.url in self._scope.given or link.kind is not Kind.PAGE:
            return ""
        if reason := self._scope.refusal(link.url, depth, link.how):
            return reason
        if self._known.get(site, 0) >= self._scope.max_pages(site) * ROWS_PER_PAGE:
            return f"budget: {self._known[site]} URLs of {site} are known, {ROWS_PER_PAGE} times -max-pages"
        return self.traps.check(link.url)

    def cut(self, db: apsw.Connection, url: str, reason: str) -> None:
        """Count a known URL among those that were refused as a trap."""
        self._refuse(db, url, reason, Where(None, 0))

    def _refuse(self, db: apsw.Connection, url: str, reason: str, where: Where) -> None:
        site = urls.site(url)
        kind = site, reason.startswith("rule:")
        if self._refused[kind] < MAX_REFUSED:
            db.execute(_REFUSE, (url, site, reason, where.url, time.time()))
            self._refused[kind] += db.changes()


def counts(db: apsw.Connection, query: str, *bindings: str) -> dict[str, int]:
    """Return the rows of a query for (name, number) as a dictionary."""
    rows: list[Any] = db.execute(query, bindings).fetchall()
    return dict(rows)
