"""Protects the index from a failed crawl: if too many documents of a site would be deleted, they are kept.

A document to be deleted (its page is gone, moved, a login page, a duplicate …) is *doomed* first. It is deleted once
the least interval is over and enough other pages of the site have been found intact since the first one was doomed:
then the site works, and the page is really gone. Otherwise the site is *held*: its documents stay, and a warning names
it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import apsw

from lightship.config import CrawlerSettings
from lightship.crawler.frontier.entry import AT_ONCE
from lightship.crawler.frontier.revisit import Pace
from lightship.crawler.frontier.scope import longest
from lightship.runtime.database import Database

logger = logging.getLogger(__name__)

DAY = 86_400.0  # seconds: vanished pages are counted for at least a day, and for the longest interval
FEW = 5  # documents that may vanish from a small site, if as many were found intact
WITNESSES = 10  # up to this many vanished pages make other pages be visited early
HOLD_FROM = 3  # vanished pages, unless all pages have been visited

_COUNTS = """
select
  (select count(*) from pages where site = ?1 and doomed >= ?2 and state <> 9),
  (select count(*) from pages where site = ?1 and digest is not null and doomed is null and failures = 0 and fetched >= ?2),
  (select count(*) from pages where site = ?1 and digest is not null and doomed is null),
  (select count(*) from pages where site = ?1 and found < ?2 and state <> 9 and (digest is not null or doomed >= ?2))
"""
_DOOMED = (
    "select url, fetched, doomed from pages where site = ? and doomed is not null and digest is not null and state <> 9"
)
_RULED = "select url, note from pages where site = ? and state = 9 and digest is not null"  # see State.REFUSED
_KEPT = "select count(*) from pages where site = ? and state <> 9 and digest is not null"
_WITNESSES = """
update pages set visit = ? where id in (
    select id from pages where site = ? and digest is not null and doomed is null and fetched < ? and visit > ?
    order by fetched desc limit ?)
"""


class Counts(NamedTuple):
    """Pages of a site since the first one was doomed: vanished, found intact, not doomed at all, and known before."""

    vanished: int
    well: int
    others: int
    before: int

    def allow(self, share: float) -> bool:
        """Whether the vanished pages may be deleted."""
        few = min(FEW, self.well) if share else 0
        replaced = self.before > 0 and self.well >= (1 - share) * self.before and self.well > 0
        return self.vanished <= max(share * (self.vanished + self.well), few) or replaced


def may_leave(leaving: int, kept: int, hold: float) -> bool:
    """Whether the rules may take `leaving` documents of a site away, if `kept` stay."""
    return leaving <= max(hold * (leaving + kept), min(FEW, kept) if hold else 0)


def too_many_leave(site: str, leaving: int, kept: int, latest: str) -> str:
    """Return why the documents that rules refuse are kept for now."""
    return (
        f"the rules refuse {leaving} of its {leaving + kept} documents (latest: {latest}), more than -hold allows; they are"
        f" kept. If that is meant, start the crawler with -accept={site}"
    )


class DeletionGuard:
    """Decides which doomed documents are deleted. Used by the thread that writes the frontier."""

    def __init__(self, database: Database, settings: CrawlerSettings) -> None:
        """Load the held sites from `database`."""
        self._database, self._settings = database, settings
        self._grace = Pace.of(settings).least  # in which more failures would show if the site has just broken
        self._window = max(longest(settings), DAY)
        self._asked: dict[str, int] = {}
        self._well_again: dict[str, float] = {}  # when held sites were released
        with database.access() as db:
            self._held = {str(site) for (site,) in db.execute("select site from sites where held is not null")}

    def judge(self, site: str) -> list[str]:
        """Return the doomed URLs of `site` whose documents may be deleted now; holds or releases the site."""
        with self._database.transaction() as db:
            now = time.time()
            since = (
                db.execute(
                    "select min(doomed) from pages where site = ? and doomed >= ? and state <> 9",
                    (site, now - self._window),
                ).get
                or now
            )
            doomed: list[Any] = db.execute(_DOOMED, (site,)).fetchall()
            ruled, too_many = self._ruled(db, site)
            counts = Counts(*db.execute(_COUNTS, (site, since)).get)
            if not doomed or site in self._settings.accept:
                self._set_held(db, site, too_many)
                return [*ruled, *(url for url, _, _ in doomed)]
            if counts.allow(self._settings.hold):
                return [*ruled, *self._allowed(db, site, doomed, too_many)]
            self._ask(db, site, counts, since)
            if counts.vanished >= HOLD_FROM or not counts.others:
                self._set_held(db, site, self._reason(db, site, counts, since))
            return ruled

    def _ruled(self, db: apsw.Connection, site: str) -> tuple[list[str], str]:
        """Return the documents of `site` that a rule refuses, if they may be deleted, otherwise why they may not.

        Unlike a page that vanished, a rule needs no other pages to confirm it; but one wrong glob must not empty the index.
        """
        rows: list[Any] = db.execute(_RULED, (site,)).fetchall()
        kept = int(db.execute(_KEPT, (site,)).get)
        if not rows or site in self._settings.accept or may_leave(len(rows), kept, self._settings.hold):
            return [url for url, _ in rows], ""
        return [], too_many_leave(site, len(rows), kept, rows[-1][1])

    def _allowed(
        self, db: apsw.Connection, site: str, doomed: Sequence[tuple[str, float, float]], held: str
    ) -> list[str]:
        """Return those of `doomed` that may be deleted; after a hold, only those that have been visited once more.

        The site remains `held` for that reason, if it is not empty.
        """
        if site in self._held and not held:
            self._well_again[site] = time.time()
            db.execute("update pages set visit = ? where site = ? and doomed is not null", (AT_ONCE, site))
            self._set_held(db, site, "")
        seen, long = self._well_again.get(site, 0.0), time.time() - self._grace
        return [  # one replaced by another page (doomed after its own visit) need not wait
            url for url, fetched, since in doomed if fetched >= seen and (since <= long or since > fetched)
        ]  # fmt: skip

    def _ask(self, db: apsw.Connection, site: str, counts: Counts, since: float) -> None:
        """Schedule early visits to some other pages, to find out whether the site works."""
        if db.execute("select exists (select 1 from pages where site = ? and visit = 0)", (site,)).get:
            return  # new pages will show it
        if counts.vanished <= WITNESSES and self._asked.get(site) != counts.vanished:
            self._asked[site] = counts.vanished
            db.execute(_WITNESSES, (AT_ONCE, site, since, AT_ONCE, 3 * counts.vanished))

    def _reason(self, db: apsw.Connection, site: str, counts: Counts, since: float) -> str:
        note = db.execute(
            "select note from pages where site = ? and doomed >= ? order by doomed desc", (site, since)
        ).get
        moment = datetime.fromtimestamp(since, UTC).isoformat(timespec="seconds")
        return (
            f"{counts.vanished} of its pages would be deleted, and only {counts.well} were found intact since {moment} (latest:"
            f" {note}); its documents are kept. If the pages are really gone, start the crawler with -accept={site}"
        )

    def _set_held(self, db: apsw.Connection, site: str, reason: str) -> None:
        """Hold `site` for `reason`, or release it if that is empty."""
        held = db.execute("select held from sites where site = ?", (site,)).get
        if reason and not held:
            logger.warning("%s is held: %s", site, reason)
        if held and not reason:
            logger.info("%s is no longer held", site)
        if bool(held) != bool(reason):
            (self._held.add if reason else self._held.discard)(site)
            self._asked.pop(site, None)
            db.execute(
                "update sites set held = ?, held_since = ? where site = ?",
                (reason or None, time.time() if reason else None, site),
            )

    def release(self, site: str) -> None:
        """Release `site`: it gave a usable answer, and none of its documents is doomed."""
        if site in self._held:
            with self._database.transaction() as db:
                self._set_held(db, site, "")

    def hold(self, site: str, reason: str) -> None:
        """Hold `site` because it gives no usable answer; the first usable answer releases it."""
        with self._database.transaction() as db:
            if db.execute("select exists (select 1 from pages where site = ? and digest is not null)", (site,)).get:
                self._set_held(db, site, f"{reason}; its documents are kept")
