"""The crawl of one site: which page is next, when the site may be asked again, and how many requests at once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time

from lightship.config import CrawlerSettings
from lightship.crawler.frontier import Entry, Frontier, Outcome
from lightship.crawler.robots import Robots
from lightship.crawler.visit import Visitor

logger = logging.getLogger(__name__)

REST_SECONDS = 0.5  # between two looks for pages that have become due
DOWN_AFTER = 3  # failures in a row: then the site counts as down
MAX_PAUSE = 300.0  # seconds between two tries of a site that is down
DOWN_STATUS = frozenset({0, 429, 503})


class SiteCrawl:
    """Visits the pages of `site` that are due and queues what came of it. `slots` are shared by all sites."""

    def __init__(
        self, site: str, *, settings: CrawlerSettings, frontier: Frontier, robots: Robots, visitor: Visitor,
        slots: asyncio.Semaphore, outcomes: asyncio.Queue[Outcome | None],
    ) -> None:  # fmt: skip
        """Prepare; `run` does the work."""
        self.site = site
        self.idle = False  # nothing is left to do now: no new page, none under way
        self._settings = settings
        self._frontier = frontier
        self._robots = robots
        self._visitor = visitor
        self._slots = slots
        self._own_slots = asyncio.Semaphore(settings.per_host)
        self._outcomes = outcomes
        self._busy: set[str] = set()
        self._wake = asyncio.Event()
        self._next_start = 0.0
        self._failures = 0

    async def run(self) -> None:
        """Visit pages until cancelled; visits under way are cancelled with it."""
        async with asyncio.TaskGroup() as visits:
            while True:
                entries = self._frontier.due(self.site, time.time(), 2 * self._settings.per_host, self._busy)
                for entry in entries:
                    self._busy.add(entry.url)
                for entry in entries:
                    await self._own_slots.acquire()
                    await self._pace()
                    visits.create_task(self._visit(entry))
                if not entries:
                    await self._rest()

    def settled(self, url: str) -> None:
        """Tell that what came of the visit to `url` is in the frontier."""
        self._busy.discard(url)
        self._wake.set()

    async def _rest(self) -> None:
        self.idle = not self._busy
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), REST_SECONDS)
        self.idle = False

    async def _pace(self) -> None:
        """Wait until the site may be sent another request."""
        rules = await self._robots.rules(self.site)
        now = time.monotonic()
        wait = self._next_start - now
        self._next_start = max(now, self._next_start) + max(self._settings.delay, rules.delay)
        if wait > 0:
            self.idle = self._failures >= DOWN_AFTER
            await asyncio.sleep(wait)
            self.idle = False

    async def _visit(self, entry: Entry) -> None:
        try:
            async with self._slots:
                rules = await self._robots.rules(self.site)
                outcome = await self._visitor.visit(entry, rules)
        finally:
            self._own_slots.release()
        self._note(outcome)
        await self._outcomes.put(outcome)

    def _note(self, outcome: Outcome) -> None:
        """Leave a site that does not answer alone for a while, each time longer."""
        if not outcome.failed or outcome.status not in DOWN_STATUS:
            self._failures = 0
            return
        self._failures += 1
        if self._failures >= DOWN_AFTER:
            pause = min(2.0 ** (self._failures - DOWN_AFTER + 1), MAX_PAUSE)
            self._next_start = max(self._next_start, time.monotonic() + pause)
            logger.warning("%s: %d failures in a row: waiting %g s", self.site, self._failures, pause)
