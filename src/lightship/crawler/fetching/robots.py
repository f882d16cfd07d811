"""robots.txt, as RFC 9309 has it: fetched for each site, kept for a day, over restarts too, then read again."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple
from urllib.parse import unquote

from protego import Protego

from lightship.config import CrawlerSettings
from lightship.crawler import urls
from lightship.crawler.fetching.fetch import Fetcher, FetchError, RefusedBodyError
from lightship.doclog.database import Database

logger = logging.getLogger(__name__)

KEEP_SECONDS = 86_400.0
STALE_SECONDS = 30 * 86_400.0  # for which old rules are obeyed while new ones can't be had
RETRY_SECONDS = 30.0  # after an answer that tells nothing
MAX_BYTES = 512 << 10  # RFC 9309: at least 500 KiB must be parsed
MAX_REDIRECTS = 5
MAX_DELAY = 60.0  # seconds: what a site may ask for between two requests
MAX_SITEMAPS = 100


class Rules:
    """What a site allows; `known` is False while nobody knows: then nothing."""

    def __init__(self, text: str, agent: str, *, known: bool = True) -> None:
        """Read the `text` of a robots.txt, for the robot `agent`."""
        self.text, self.agent, self.known = text, agent, known

    @cached_property
    def _parsed(self) -> Protego:
        return Protego.parse(self.text)

    def allows(self, url: str) -> bool:
        """Return whether `url` may be fetched."""
        return self.known and bool(self._parsed.can_fetch(url, self.agent))

    @property
    def delay(self) -> float:
        """Seconds that the site wants between two requests, at most MAX_DELAY."""
        return min(float(self._parsed.crawl_delay(self.agent) or 0.0), MAX_DELAY)

    def sitemaps(self, site: str) -> list[str]:
        """Return the normal urls of the sitemaps that it names."""
        found = (urls.normalise(link, f"{site}/") for link in list(self._parsed.sitemaps)[:MAX_SITEMAPS])
        return list(dict.fromkeys(url for url in found if url))

    def line(self, url: str) -> str:
        """Return the line that decides on `url`, with its number, or that there is none."""
        target, allowed = unquote("/" + url.split("/", 3)[3]), self.allows(url)
        matching = [rule for rule in _rules(self.text, self.agent.lower()) if rule.matches(target)]
        deciding = [rule for rule in matching if rule.allow == allowed]
        if not deciding:
            return "no line of robots.txt is about it"
        rule = max(deciding, key=lambda each: len(each.pattern))
        return f"line {rule.number} of robots.txt: {rule.line}"


class _Rule(NamedTuple):
    number: int
    line: str
    allow: bool
    pattern: str

    def matches(self, target: str) -> bool:
        pattern = unquote(self.pattern)
        parts = map(re.escape, pattern.removesuffix("$").split("*"))
        return re.match(".*".join(parts) + ("$" if pattern.endswith("$") else ""), target) is not None


def _rules(text: str, agent: str) -> Iterator[_Rule]:
    """Yield the rules of the groups for `agent`, or else of those for all."""
    groups: dict[str, list[_Rule]] = {}
    names: list[str] = []
    ended = False
    for number, line in enumerate(text.splitlines(), 1):
        key, colon, value = line.partition("#")[0].partition(":")
        key, value = key.strip().lower(), value.strip()
        if key in ("user-agent", "useragent", "user agent"):
            names = [value.lower()] if ended else [*names, value.lower()]
            ended = False
        elif colon and key in ("allow", "disallow"):
            ended = True
            for name in names if value else ():
                groups.setdefault(name, []).append(_Rule(number, line.strip()[:200], key == "allow", value))
    own = max((name for name in groups if name != "*" and agent.startswith(name)), key=len, default="*")
    yield from groups.get(own, [])


class Robots:
    """The rules of sites, kept in `database`. A missing robots.txt allows all; one that can't be had allows nothing for now."""

    def __init__(self, fetcher: Fetcher, settings: CrawlerSettings, database: Database) -> None:
        """Fetch with `fetcher`, for the robots.txt name that the User-Agent header begins with."""
        self._fetcher = fetcher
        self._agent = settings.agent
        self._database = database
        self._cache: dict[str, tuple[float, Rules]] = {}  # until when, in seconds since the epoch
        self._locks: dict[str, asyncio.Lock] = {}

    async def rules(self, site: str) -> Rules:
        """Return the rules of `site`, fetching its robots.txt when they are not known or too old."""
        cached = self._cache.get(site)
        if cached and cached[0] > time.time():
            return cached[1]
        async with self._locks.setdefault(site, asyncio.Lock()):
            until, rules = self._cache.get(site) or self._stored(site)
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
            told = "its old rules hold on" if old.known else "the site waits"
            logger.warning("%s/robots.txt: %s; %s", site, error, told)
            return time.time() + RETRY_SECONDS, old
        rules = Rules(text, self._agent)
        await asyncio.to_thread(self._store, site, status, text)
        logger.info("%s/robots.txt: read, %d characters, delay %g s", site, len(text), rules.delay)
        return time.time() + KEEP_SECONDS, rules

    def _store(self, site: str, status: int, text: str) -> None:
        with self._database.transaction() as db:
            db.execute("insert or replace into robots values (?, ?, ?, ?)", (site, status, text, time.time()))

    async def _text(self, url: str) -> tuple[int, str]:
        """Return status and text of a robots.txt, empty when there is none; raises FetchError when that can't be told."""
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._fetcher.get(url, types=())
            if response.status == 200:
                return 200, response.body[:MAX_BYTES].decode("utf-8", "replace").removeprefix("\ufeff")
            if response.status >= 500 or response.status == 429:
                raise FetchError(f"status {response.status}")
            target = urls.normalise(response.headers.get("Location", ""), url)
            if target is None or target == url:
                return response.status, ""
            url = target
        return 0, ""  # RFC 9309: too many redirects count as a missing one
