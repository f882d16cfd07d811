"""robots.txt, as RFC 9309 has it: fetched for each site, kept for a day at most."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import NamedTuple

from protego import Protego

from lightship.config import CrawlerSettings
from lightship.crawler import urls
from lightship.crawler.fetch import Fetcher, FetchError, RefusedBodyError

logger = logging.getLogger(__name__)

KEEP_SECONDS = 86_400.0
RETRY_SECONDS = 30.0  # after an answer that tells nothing
MAX_BYTES = 512 << 10  # RFC 9309: at least 500 KiB must be parsed
MAX_REDIRECTS = 5
MAX_DELAY = 60.0  # seconds: what a site may ask for between two requests


class Rules(NamedTuple):
    """What a site allows. `delay` is the seconds it wants between two requests; `known` is False while nobody knows."""

    parsed: Protego
    agent: str
    known: bool = True

    def allows(self, url: str) -> bool:
        """Return whether `url` may be fetched."""
        return self.known and bool(self.parsed.can_fetch(url, self.agent))

    @property
    def delay(self) -> float:
        """Seconds that the site wants between two requests, at most MAX_DELAY."""
        return min(float(self.parsed.crawl_delay(self.agent) or 0.0), MAX_DELAY)


class Robots:
    """The rules of sites, cached. A missing robots.txt allows all; one that can't be had allows nothing for now."""

    def __init__(self, fetcher: Fetcher, settings: CrawlerSettings) -> None:
        """Fetch with `fetcher`, for the robots.txt name that the User-Agent header begins with."""
        self._fetcher = fetcher
        self._agent = settings.agent
        self._cache: dict[str, tuple[float, Rules]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def rules(self, site: str) -> Rules:
        """Return the rules of `site`, fetching its robots.txt when they are not known or too old."""
        async with self._locks.setdefault(site, asyncio.Lock()):
            until, rules = self._cache.get(site, (0.0, None))
            if rules is None or until < time.monotonic():
                rules = await self._fetch(site)
                self._cache[site] = (time.monotonic() + (KEEP_SECONDS if rules.known else RETRY_SECONDS), rules)
            return rules

    async def _fetch(self, site: str) -> Rules:
        try:
            text = await self._text(f"{site}/robots.txt")
        except (FetchError, RefusedBodyError) as error:
            logger.warning("%s/robots.txt: %s; the site waits", site, error)
            return Rules(Protego.parse(""), self._agent, known=False)
        rules = Rules(Protego.parse(text), self._agent)
        logger.info("%s/robots.txt: read, %d characters, delay %g s", site, len(text), rules.delay)
        return rules

    async def _text(self, url: str) -> str:
        """Return the text of a robots.txt, empty when there is none; raises FetchError when that can't be told."""
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._fetcher.get(url, types=())
            if response.status == 200:
                return response.body[:MAX_BYTES].decode("utf-8", "replace").removeprefix("\ufeff")
            if response.status >= 500 or response.status == 429:
                raise FetchError(f"status {response.status}")
            target = urls.normalise(response.headers.get("Location", ""), url)
            if target is None or target == url:
                return ""
            url = target
        return ""  # RFC 9309: too many redirects count as a missing one
