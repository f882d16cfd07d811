"""A crawl that goes wrong never empties the index: when too many documents of a site would vanish, they are kept.

A document that is to go (its page is gone, moved, a login page, another's duplicate …) is *doomed* first. It goes when
enough other pages of the site were found well since the first of the doomed ones, and the least interval is over: then the site works, and what is
gone is gone. Else the site is *held*: its documents stay, and a warning names it.
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
from lightship.runtime.database import Database

logger = logging.getLogger(__name__)

DAY = 86_400.0  # seconds: what vanished is counted for a day at least, and for the longest interval
FEW = 5  # documents that may vanish from a small site, if as many were found well
WITNESSES = 10  # vanished pages, at most, for which others are looked at before their time
TOLD_FROM = 3  # vanished pages, unless all were looked at

_COUNTS = """
select
  (select count(*) from pages where site = ?1 and doomed >= ?2),
  (select count(*) from pages where site = ?1 and digest is not null and doomed is null and failures = 0 and fetched >= ?2),
  (select count(*) from pages where site = ?1 and digest is not null and doomed is null),
  (select count(*) from pages where site = ?1 and found < ?2 and (digest is not null or doomed >= ?2))
"""
_DOOMED = "select url, fetched, doomed from pages where site = ? and doomed is not null and digest is not null"
_WITNESSES = """
update pages set visit = ? where id in (
    select id from pages where site = ? and digest is not null and doomed is null and fetched < ? and visit > ?
    order by fetched desc limit ?)
"""


class Counts(NamedTuple):
    """Pages of a site since the first of its doomed ones: that vanish, that are well; all that are not doomed; all before."""

    vanished: int
    well: int
    others: int
    before: int

    def allow(self, share: float) -> bool:
        """Return whether those that vanish may."""
        few = min(FEW, self.well) if share else 0
        replaced = self.before > 0 and self.well >= (1 - share) * self.before and self.well > 0
        return self.vanished <= max(share * (self.vanished + self.well), few) or replaced


class DeletionGuard:
    """Decides which documents of which sites go. Used by the thread that writes the frontier."""

    def __init__(self, database: Database, settings: CrawlerSettings) -> None:
        """Decide by `settings`."""
        self._database, self._settings = database, settings
        self._grace = Pace.of(settings).least  # for more of the same to show itself, if the site broke just now
        self._window = max(Pace.of(settings).most, DAY)
        self._asked: dict[str, int] = {}
        self._well_again: dict[str, float] = {}  # when sites that were held were found well
        with database.access() as db:
            self._held = {str(site) for (site,) in db.execute("select site from sites where held is not null")}

    def judge(self, site: str) -> list[str]:
        """Return the doomed urls of `site` whose documents may be deleted now; the others stay, and it may be held."""
        with self._database.transaction() as db:
            now = time.time()
            since = (
                db.execute(
                    "select min(doomed) from pages where site = ? and doomed >= ?", (site, now - self._window)
                ).get
                or now
            )
            doomed: list[Any] = db.execute(_DOOMED, (site,)).fetchall()
            counts = Counts(*db.execute(_COUNTS, (site, since)).get)
            if not doomed or site in self._settings.accept:
                self.tell(db, site, "")
                return [url for url, _, _ in doomed]
            if counts.allow(self._settings.hold):
                return self._allowed(db, site, doomed)
            self._ask(db, site, counts, since)
            if counts.vanished >= TOLD_FROM or not counts.others:
                self.tell(db, site, self._reason(db, site, counts, since))
            return []

    def _allowed(self, db: apsw.Connection, site: str, doomed: Sequence[tuple[str, float, float]]) -> list[str]:
        """Return what may go of `doomed`; after a time in which the site was held, only what is looked at once more."""
        if site in self._held:
            self._well_again[site] = time.time()
            db.execute("update pages set visit = ? where site = ? and doomed is not null", (AT_ONCE, site))
            self.tell(db, site, "")
        seen, long = self._well_again.get(site, 0.0), time.time() - self._grace
        return [  # what another page has replaced (it was doomed after its own visit) need not wait
            url for url, fetched, since in doomed if fetched >= seen and (since <= long or since > fetched)
        ]  # fmt: skip

    def _ask(self, db: apsw.Connection, site: str, counts: Counts, since: float) -> None:
        """Have some other pages looked at, to see whether the site is well."""
        if db.execute("select exists (select 1 from pages where site = ? and visit = 0)", (site,)).get:
            return  # there are new pages, which will show it
        if counts.vanished <= WITNESSES and self._asked.get(site) != counts.vanished:
            self._asked[site] = counts.vanished
            db.execute(_WITNESSES, (AT_ONCE, site, since, AT_ONCE, 3 * counts.vanished))

    def _reason(self, db: apsw.Connection, site: str, counts: Counts, since: float) -> str:
        note = db.execute(
            "select note from pages where site = ? and doomed >= ? order by doomed desc", (site, since)
        ).get
        moment = datetime.fromtimestamp(since, UTC).isoformat(timespec="seconds")
        return (
            f"{counts.vanished} of its pages would vanish, and only {counts.well} were found well since {moment} (the last"
            f" one: {note}); its documents stay. If this is right, start the crawler with -accept={site}"
        )

    def tell(self, db: apsw.Connection, site: str, reason: str) -> None:
        """Hold `site` for `reason`, or, with an empty one, no longer."""
        held = db.execute("select held from sites where site = ?", (site,)).get
        if reason and not held:
            logger.warning("%s is held: %s", site, reason)
        if held and not reason:
            logger.info("%s is not held any more", site)
        if bool(held) != bool(reason):
            (self._held.add if reason else self._held.discard)(site)
            self._asked.pop(site, None)
            db.execute(
                "update sites set held = ?, held_since = ? where site = ?",
                (reason or None, time.time() if reason else None, site),
            )

    def well(self, site: str) -> None:
        """Tell that `site` gave a usable answer, and none of its documents is doomed."""
        if site in self._held:
            with self._database.transaction() as db:
                self.tell(db, site, "")

    def trouble(self, site: str, reason: str) -> None:
        """Hold `site` since it answers nothing usable; the first usable answer ends that."""
        with self._database.transaction() as db:
            if db.execute("select exists (select 1 from pages where site = ? and digest is not null)", (site,)).get:
                self.tell(db, site, f"{reason}; its documents stay")
