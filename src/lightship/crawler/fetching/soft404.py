"""Soft 404s: pages with status 200 that a site returns for missing pages. Each site is probed from time to time."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
import time
from typing import NamedTuple

from lightship.core.errors import InvalidInputError
from lightship.crawler.fetching.fetch import Fetcher, FetchError, RefusedBodyError
from lightship.crawler.fetching.rules import Rules
from lightship.crawler.frontier.duplicates import Twin
from lightship.crawler.frontier.entry import Entry
from lightship.crawler.frontier.scope import Scope
from lightship.crawler.parsing.html.extract import Page
from lightship.crawler.parsing.sandbox.pool import ParserPool
from lightship.crawler.parsing.sandbox.tasks import ReadPage
from lightship.runtime.database import Database

logger = logging.getLogger(__name__)

KEEP_SECONDS = 7 * 86_400.0
PROBE = "/lightship-asks-for-a-page-that-is-not-there-"


class _Absent(NamedTuple):
    """A site's answer for a page that can't exist, and its time; without content: an error, as it should be."""

    until: float
    content: bytes | None
    fingerprint: int


class Soft404Detector:
    """Records in `database` how sites answer for missing pages, and recognises such answers."""

    def __init__(self, fetcher: Fetcher, database: Database, pool: ParserPool, scope: Scope) -> None:
        """Probe with `fetcher`, and parse in `pool`, by the rules of `scope`."""
        self._fetcher, self._database, self._pool, self._scope = fetcher, database, pool, scope
        self._cache: dict[str, _Absent] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def looks_missing(self, entry: Entry, page: Page, rules: Rules) -> bool:
        """Whether `page` is its site's answer for missing pages; a source never is."""
        absent = await self._absent(entry.site, rules)
        # as variants of one URL, so that short texts are compared too
        same = Twin(f"{entry.site}/", absent.content, absent.fingerprint).same(
            Twin(f"{entry.site}/index.html", _shown(page), signed(page.fingerprint))
        )
        if same and entry.depth == 0:  # an application that returns the same page for every URL
            self._cache[entry.site] = _Absent(absent.until, None, 0)
            await asyncio.to_thread(self._store, entry.site, self._cache[entry.site])
        return same and entry.depth > 0

    async def _absent(self, site: str, rules: Rules) -> _Absent:
        async with self._locks.setdefault(site, asyncio.Lock()):
            found = self._cache.get(site) or self._stored(site)
            if found.until < time.time():
                found = await self._probe(site, rules)
                await asyncio.to_thread(self._store, site, found)
            self._cache[site] = found
            return found

    async def _probe(self, site: str, rules: Rules) -> _Absent:
        url = f"{site}{PROBE}{secrets.token_hex(8)}"
        until = time.time() + KEEP_SECONDS
        if not rules.allows(url):
            return _Absent(until, None, 0)
        try:
            response = await self._fetcher.get(url)
            if response.status != 200:
                return _Absent(until, None, 0)
            own, kind = self._scope.rules(url), response.headers.get("Content-Type", "")
            task = ReadPage(kind, url, select=own.select, drop=own.drop)
            page, _ = await self._fetcher.read(site, task, response, self._pool)
        except (FetchError, RefusedBodyError, InvalidInputError):
            return _Absent(until, None, 0)
        logger.info("%s answers with status 200 for missing pages; such pages are not indexed", site)
        return _Absent(until, _shown(page), signed(page.fingerprint))

    def _stored(self, site: str) -> _Absent:
        with self._database.access() as db:
            row = db.execute("select probed, absent, absent_fingerprint from sites where site = ?", (site,)).fetchone()
        return _Absent(*row) if row else _Absent(0.0, None, 0)

    def _store(self, site: str, absent: _Absent) -> None:
        with self._database.transaction() as db:
            db.execute(
                "update sites set probed = ?, absent = ?, absent_fingerprint = ? where site = ?", (*absent, site)
            )


def content_of(page: Page) -> bytes:
    """Return 8-byte hashes of the text of a page, of its title, and of its telling words."""
    text, title = (
        hashlib.blake2b(each.encode("utf-8", "replace"), digest_size=8).digest() for each in (page.text, page.title)
    )
    return text + title + page.words.to_bytes(8, "big")


def _shown(page: Page) -> bytes:
    """Return `content_of` without the words: a page that is not there repeats those of its URL."""
    return content_of(page)[:16]


def signed(fingerprint: int) -> int:
    """Return an unsigned 64-bit number as a signed one, for SQLite."""
    return fingerprint - (1 << 64) if fingerprint >> 63 else fingerprint
