"""The crawl of one site: the next page, the time of the next request, and the number of concurrent requests."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import NamedTuple

from lightship.config import CrawlerSettings
from lightship.crawler.fetching.robots import Robots
from lightship.crawler.fetching.rules import Rules
from lightship.crawler.fetching.visit import Visitor
from lightship.crawler.frontier.deletion_guard import DeletionGuard
from lightship.crawler.frontier.entry import Entry, How, Kind, Link, Outcome
from lightship.crawler.frontier.frontier import Frontier
from lightship.crawler.state.journal import Journal

logger = logging.getLogger(__name__)

# Pages of a site in flight or not yet in the frontier; limited, as their outcomes may reveal a trap
MAX_UNSETTLED = 100
REST_SECONDS = 0.5  # between two checks for due pages
DOWN_AFTER = 3  # consecutive failures after which a site counts as down
MAX_PAUSE = 300.0  # seconds between two attempts on a site that is down
BYTES_A_SECOND = 10 << 20  # per site, on average: large answers take the event loop's time from all sites
REMEMBERED_PAUSE = 5.0  # seconds; a longer pause requested by a site survives a restart, and any of a site that is down


class Means(NamedTuple):
    """Resources shared by the crawls of all sites."""

    settings: CrawlerSettings
    frontier: Frontier
    journal: Journal
    guard: DeletionGuard
    robots: Robots
    visitor: Visitor
    slots: asyncio.Semaphore
    outcomes: asyncio.Queue[Outcome | None]


class SiteCrawl:
    """Visits the due pages of `site` and queues the outcomes."""

    def __init__(self, site: str, means: Means) -> None:
        """Prepare; `run` does the work."""
        self.site = site
        self.idle = False  # no new pages, and none in flight
        self._means = means
        self._own_slots = asyncio.Semaphore(means.settings.per_host)
        self._busy: set[str] = set()
        self._wake = asyncio.Event()
        self._next_start = 0.0
        self._failures = 0
        self._paused = 0.0  # when the site was last left alone, because it is down
        self._rules: Rules | None = None

    async def run(self) -> None:
        """Visit pages until cancelled; visits in flight are cancelled too."""
        means = self._means
        self._next_start = time.monotonic() + max(0.0, means.frontier.resume(self.site) - time.time())
        async with asyncio.TaskGroup() as visits:
            while True:
                entries = self._due()
                for entry in entries:
                    self._busy.add(entry.url)
                for entry in entries:
                    await self._own_slots.acquire()
                    await self._pace()
                    if means.frontier.is_spent(self.site, time.time()):  # by other visits meanwhile
                        self._own_slots.release()
                        self._busy.discard(entry.url)
                        continue
                    visits.create_task(self._visit(entry))
                if not entries:
                    await self._rest()

    @property
    def is_down(self) -> bool:
        """Whether the site fails again and again."""
        return self._failures >= DOWN_AFTER

    def _due(self) -> list[Entry]:
        count = min(2 * self._means.settings.per_host, MAX_UNSETTLED - len(self._busy))
        return self._means.frontier.due(self.site, time.time(), count, self._busy) if count > 0 else []

    def settled(self, url: str) -> None:
        """Record that the outcome of the visit to `url` is in the frontier."""
        self._busy.discard(url)
        self._means.journal.end(url)
        self._wake.set()

    async def _rest(self) -> None:
        self.idle = not self._busy and not self._means.frontier.interrupted(self.site)
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REST_SECONDS):  # wait_for of Python 3.11 may swallow a cancellation
                await self._wake.wait()
        self.idle = False

    async def _current_rules(self) -> Rules:
        """Return the site's rules; if they are new, add its sitemaps."""
        rules = await self._means.robots.rules(self.site)
        if rules is not self._rules and rules.known:
            self._rules = rules
            links = [Link(url, How.ROBOTS, Kind.SITEMAP) for url in rules.sitemaps(self.site)]
            guess = [Link(f"{self.site}/sitemap.xml", How.GUESS, Kind.SITEMAP)]
            await asyncio.to_thread(self._means.frontier.listed, self.site, links or guess)
        return rules

    async def _pace(self) -> None:
        """Wait until the site may be sent the next request."""
        rules = await self._current_rules()
        while True:
            now = time.monotonic()
            wait = self._next_start - now
            if wait <= 0:
                break
            self.idle = self.is_down
            await asyncio.sleep(wait)
            self.idle = False
        self._next_start = now + max(self._means.settings.delay, rules.delay)

    async def _visit(self, entry: Entry) -> None:
        means = self._means
        try:
            async with means.slots:
                began = time.monotonic()
                rules = await means.robots.rules(self.site)
                if rules.allows(entry.url):
                    means.journal.begin(entry.url)
                outcome = await means.visitor.visit(entry, rules)
        finally:
            self._own_slots.release()
        means.frontier.spend(self.site, outcome.size)
        self._next_start = max(self._next_start, time.monotonic()) + outcome.size / BYTES_A_SECOND
        await self._note(outcome, began)
        await means.outcomes.put(outcome)

    async def _note(self, outcome: Outcome, began: float) -> None:
        """Pause a site that does not answer, or that asks for it, longer each time.

        What `began` before the last pause tells of the same outage.
        """
        if not outcome.failed or (400 <= outcome.status < 500 and outcome.status not in (401, 403, 429)):
            self._failures = 0
            return
        pause = outcome.pause
        is_new = began >= self._paused
        self._failures += is_new
        is_down = is_new and self._failures >= DOWN_AFTER
        if is_down:
            self._paused = time.monotonic()
            pause = max(pause, min(2.0 ** (self._failures - DOWN_AFTER + 1), MAX_PAUSE))
            logger.warning("%s: %d consecutive failures; pausing for %g s", self.site, self._failures, pause)
            reason = f"{self._failures} consecutive failures, the latest: {outcome.note}"
            await asyncio.to_thread(self._means.guard.hold, self.site, reason)
        self._next_start = max(self._next_start, time.monotonic() + pause)
        if pause > REMEMBERED_PAUSE or is_down:
            await asyncio.to_thread(self._means.frontier.pause, self.site, time.time() + pause)
