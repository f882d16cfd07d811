"""robots.txt according to RFC 9309: fetched for each site, and cached for a day, across restarts."""

from __future__ import annotations

import asyncio
import logging
import time

from lightship.config import CrawlerSettings
from lightship.core import urls
from lightship.crawler.fetching.fetch import Fetcher, FetchError, RefusedBodyError
from lightship.crawler.fetching.rules import MAX_STARS, Rules
from lightship.runtime.database import Database

logger = logging.getLogger(__name__)

KEEP_SECONDS = 86_400.0
STALE_SECONDS = 30 * 86_400.0  # for which old rules are obeyed while new ones are unavailable
RETRY_SECONDS = 30.0  # after an inconclusive answer
MAX_BYTES = 512 << 10  # RFC 9309: at least 500 KiB must be parsed
MAX_REDIRECTS = 5


class Robots:
    """The rules of sites, cached in `database`. A missing robots.txt allows everything, an unavailable one nothing."""

    def __init__(self, fetcher: Fetcher, settings: CrawlerSettings, database: Database) -> None:
        """Fetch with `fetcher`, for the product name at the beginning of the User-Agent header."""
        self._fetcher = fetcher
        self._agent = settings.agent
        self._database = database
        self._cache: dict[str, tuple[float, Rules]] = {}  # expiry in seconds since the epoch, rules
        self._locks: dict[str, asyncio.Lock] = {}

    async def rules(self, site: str) -> Rules:
        """Return the rules of `site`, fetching its robots.txt if they are unknown or expired."""
        cached = self._cache.get(site)
        if cached and cached[0] > time.time():
            return cached[1]
        async with self._locks.setdefault(site, asyncio.Lock()):
            if not (cached := self._cache.get(site)):
                cached = await asyncio.to_thread(self._stored, site)
            until, rules = cached
            if until < time.time():
                until, rules = await self._fetch(site, rules)
            self._cache[site] = until, rules
            return rules

    def _stored(self, site: str) -> tuple[float, Rules]:
        with self._database.access() as db:
            row = db.execute("select text, fetched from robots where site = ?", (site,)).fetchone()
        if row is None or row[1] < time.time() - STALE_SECONDS:
            return 0.0, Rules("", self._agent, known=False)
        return row[1] + KEEP_SECONDS, Rules(row[0], self._agent)

    async def _fetch(self, site: str, old: Rules) -> tuple[float, Rules]:
        try:
            status, text = await self._text(f"{site}/robots.txt")
        except (FetchError, RefusedBodyError) as error:
            effect = "its old rules stay in effect" if old.known else "not crawling the site until it is available"
            logger.warning("%s/robots.txt: %s; %s", site, error, effect)
            return time.time() + RETRY_SECONDS, old
        rules = await asyncio.to_thread(Rules, text, self._agent)
        await asyncio.to_thread(self._store, site, status, text)
        if rules.strict:
            logger.warning("%s/robots.txt: more than %d wildcards; applying some rules more strictly", site, MAX_STARS)
        logger.info("%s/robots.txt: read, %d characters, delay %g s", site, len(text), rules.delay)
        return time.time() + KEEP_SECONDS, rules

    def _store(self, site: str, status: int, text: str) -> None:
        with self._database.transaction() as db:
            db.execute("insert or replace into robots values (?, ?, ?, ?)", (site, status, text, time.time()))

    async def _text(self, url: str) -> tuple[int, str]:
        """Return status and text of a robots.txt, empty if there is none; raises FetchError if that is unknown."""
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._fetcher.get(url, types=())
            if response.status == 200:
                return 200, whole_lines(response.body)
            if response.status >= 500 or response.status == 429:
                raise FetchError(f"status {response.status}")
            target = urls.normalise(response.headers.get("Location", ""), url)
            if target is None or target == url:
                return response.status, ""
            url = target
        return 0, ""  # RFC 9309: too many redirects count as a missing one


def whole_lines(body: bytes) -> str:
    """Return the text of a robots.txt up to MAX_BYTES, without a last line that is cut there: it would mean another rule."""
    if len(body) > MAX_BYTES:
        body = body[: 1 + max(body.rfind(end, 0, MAX_BYTES) for end in (b"\n", b"\r"))]
    return body.decode("utf-8", "replace").removeprefix("\ufeff")
