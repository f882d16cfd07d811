"""Documents from an RSS, Atom or JSON feed: the listed pages, fetched when they are new or changed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Mapping

from lightship.config import CrawlerSettings
from lightship.core import urls
from lightship.core.errors import InvalidInputError, LightshipError, UnreadableError, words
from lightship.crawler.fetching.fetch import BombError, Fetcher, FetchError, RefusedBodyError, Response
from lightship.crawler.fetching.robots import Robots
from lightship.crawler.output.records import Record, Records
from lightship.crawler.parsing.formats.listing import MAX_BYTES, Listed, parse_time
from lightship.crawler.parsing.read import digest_of, document_of
from lightship.crawler.parsing.sandbox.pool import ParserPool
from lightship.crawler.parsing.sandbox.tasks import ReadFeed, ReadPage
from lightship.crawler.state.progress import set_idle
from lightship.runtime.database import Database

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.2
_MOVED = (301, 302, 303, 307, 308)


class SyndicationSync:
    """Keeps the log up to date with the pages listed in the feed `source` (`feed+https://…`) while `run` runs.

    Feeds list only recent pages: a page that is no longer listed is kept, until it is listed again and gone itself.
    """

    def __init__(
        self, source: str, settings: CrawlerSettings, database: Database, records: Records, pool: ParserPool
    ) -> None:
        """Read `source`, parse pages in `pool`, and keep state in `records`."""
        self._source = source
        self._url = source.removeprefix("feed+")
        self._settings = settings
        self._database = database
        self._records = records
        self._pool = pool
        self._stamps: dict[str, str | None] = {}  # URL of an entry -> its time in the feed when it was fetched
        self._failed: dict[str, Listed] = {}  # to be retried
        self._validators: dict[str, str] = {}
        self._next: dict[str, float] = {}  # site -> time.monotonic() at which it may be asked again

    def run(self, stop: threading.Event) -> None:
        """Read the feed, and again for new entries, until `stop` is set. Raises what Records raises."""
        self._stamps = self._records.stamps()
        asyncio.run(self._run(stop))

    async def _run(self, stop: threading.Event) -> None:
        work = asyncio.create_task(self._work())
        while not stop.is_set() and not work.done():
            await asyncio.wait({work}, timeout=TICK_SECONDS)
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
        self._records.flush()

    async def _work(self) -> None:
        async with Fetcher(self._settings, {urls.address(self._url)}) as fetcher:
            robots = Robots(fetcher, self._settings, self._database)
            while True:
                await self._look(fetcher, robots)
                self._records.flush()
                self._records.set_failed(len(self._failed))
                set_idle(self._database, self._source)
                await asyncio.sleep(self._settings.revisit)

    async def _look(self, fetcher: Fetcher, robots: Robots) -> None:
        """Visit new entries of the feed, and those that failed before."""
        try:
            listed = await self._entries(fetcher)
        except LightshipError as error:
            logger.warning("%s: %s; its documents are kept", self._source, error)
            listed = []
        waiting = {page.url: page for page in [*self._failed.values(), *listed]}
        for page in list(waiting.values())[: self._settings.max_pages]:
            if self._stamps.get(page.url, "") == _stamp(page) and page.url not in self._failed:
                continue
            try:
                await self._visit(fetcher, robots, page)
                self._failed.pop(page.url, None)
                self._stamps[page.url] = _stamp(page)
            except LightshipError as error:
                if not isinstance(error, FetchError | UnreadableError | BombError):
                    raise
                self._fail(page, str(error))
            except Exception as error:  # an unexpected error must affect only this page
                self._fail(page, f"the visit failed: {type(error).__name__}: {words(error)[:300]}")

    def _fail(self, page: Listed, reason: str) -> None:
        logger.warning("%s: %s: %s", self._source, page.url, reason)
        self._failed[page.url] = page

    async def _entries(self, fetcher: Fetcher) -> list[Listed]:
        """Return the entries of the feed; none if it did not change."""
        url, response = await self._get(fetcher, None, self._url, self._validators)
        if response.status == 304:
            return []
        if response.status != 200:
            raise FetchError(f"status {response.status}")
        task = ReadFeed(response.headers.get("Content-Type", ""), url)
        listed = await self._pool.read(urls.site(url), task, response.body)
        if not listed:
            raise FetchError("not a feed, or a feed without pages")
        headers = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}
        self._validators = {headers[name]: response.headers[name] for name in headers if name in response.headers}
        logger.info("%s: lists %d pages", self._source, len(listed))
        return listed

    async def _get(
        self, fetcher: Fetcher, robots: Robots | None, url: str, headers: Mapping[str, str] | None = None
    ) -> tuple[str, Response]:
        """Follow redirects from `url`, each checked against `robots` if given; return the final answer and its URL.

        Raises FetchError for a temporary failure, RefusedBodyError for a page that must not be read.
        """
        for _ in range(self._settings.max_redirects + 1):
            if robots:
                await self._wait(robots, url)
                response = await fetcher.get(url, headers)
            else:
                response = await fetcher.get(url, headers, (), MAX_BYTES)
            target = urls.normalise(response.headers.get("Location", ""), url) if response.status in _MOVED else None
            if target is None:
                return url, response
            url = target
        raise FetchError(f"more than {self._settings.max_redirects} redirects")

    async def _wait(self, robots: Robots, url: str) -> None:
        """Wait until `url` may be requested; raises FetchError or RefusedBodyError if it may not."""
        site = urls.site(url)
        rules = await robots.rules(site)
        if not rules.known:
            raise FetchError("robots.txt is unavailable")
        if not rules.allows(url):
            raise RefusedBodyError("disallowed by robots.txt")
        await asyncio.sleep(max(0.0, self._next.get(site, 0.0) - time.monotonic()))
        self._next[site] = time.monotonic() + max(self._settings.delay, rules.delay)

    async def _visit(self, fetcher: Fetcher, robots: Robots, page: Listed) -> None:
        """Put the document of `page`, or delete it if the page is gone; raises FetchError for a temporary failure."""
        try:
            url, response = await self._get(fetcher, robots, page.url)
            if response.status in (404, 410):
                self._delete(url)
            elif response.status != 200:
                raise FetchError(f"status {response.status}")
            else:
                await self._read(url, response, page)
        except (UnreadableError, BombError):
            raise
        except InvalidInputError as error:
            logger.info("%s: %s: %s", self._source, page.url, error)

    async def _read(self, url: str, response: Response, page: Listed) -> None:
        headers = response.headers
        robots = headers.getall("X-Robots-Tag", [])
        task = ReadPage(headers.get("Content-Type", ""), url, robots, self._settings.agent)
        found = await self._pool.read(urls.site(url), task, response.body)
        if found.noindex:
            self._delete(url)
            return
        modified = parse_time(headers.get("Last-Modified", "")) or page.modified
        document = document_of(found, url, modified=modified)
        self._records.add(Record(document, digest_of(document), _stamp(page)))

    def _delete(self, url: str) -> None:
        self._records.flush()
        if url in self._records.stamps():
            self._records.delete([url])


def _stamp(page: Listed) -> str:
    return page.modified.isoformat() if page.modified else "no time"
