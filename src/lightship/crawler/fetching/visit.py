"""A visit to a page: fetches and parses it, and decides what that means for the frontier and the log."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from lightship.config import CrawlerSettings
from lightship.core import urls
from lightship.core.errors import InvalidInputError, LightshipError, UnreadableError, words
from lightship.core.model import clean_text
from lightship.crawler.fetching.archive import Archive
from lightship.crawler.fetching.cookies import REDIRECTS, asks_for_cookie, with_cookies
from lightship.crawler.fetching.fetch import TEXT_TYPES, BombError, Fetcher, FetchError, RefusedBodyError, Response
from lightship.crawler.fetching.rules import Rules
from lightship.crawler.fetching.soft404 import Soft404Detector, content_of, signed
from lightship.crawler.frontier.entry import Entry, How, Kind, Link, Outcome, State
from lightship.crawler.frontier.revisit import MAX_RETRY_SECONDS, retry_after
from lightship.crawler.frontier.scope import LINKS_ONLY, Scope
from lightship.crawler.frontier.traps import Traps
from lightship.crawler.parsing.formats.listing import parse_time
from lightship.crawler.parsing.html.extract import MAX_TEXT, Page
from lightship.crawler.parsing.read import digest_of, document_of
from lightship.crawler.parsing.sandbox.pool import ParserPool
from lightship.crawler.parsing.sandbox.tasks import ReadFeed, ReadPage, ReadSitemap
from lightship.crawler.state.titles import Titles
from lightship.crawler.traps.sessions import without_session

logger = logging.getLogger(__name__)

REST_SECONDS = 5.0  # pause of a site after a page over a limit: it may have many of them
MAX_NESTED = 3  # levels of sitemap indexes


class Visitor:
    """Visits pages with `fetcher`; `sites` are the sites of this crawl, and may grow while it runs."""

    def __init__(
        self, fetcher: Fetcher, settings: CrawlerSettings, sites: Mapping[str, str], *, pool: ParserPool, missing: Soft404Detector,
        titles: Titles, traps: Traps, scope: Scope, archive: Archive | None, remarks: Counter[str],
    ) -> None:  # fmt: skip
        """Visit with `fetcher`, parse in `pool`, recognise soft 404s with `missing`, archive pages in `archive`.

        Pages whose text is not whole are counted in `remarks`, by the kind of reason.
        """
        self._remarks = remarks
        self._fetcher = fetcher
        self._settings = settings
        self._sites = sites
        self._pool = pool
        self._missing, self._titles, self._traps, self._scope = missing, titles, traps, scope
        self._archive = archive

    async def visit(self, entry: Entry, rules: Rules) -> Outcome:
        """Return the outcome of a visit to `entry`; errors of the page are outcomes too, never exceptions."""
        try:
            outcome = await self._visit(entry, rules)
        except LightshipError:  # an error of the crawler itself
            raise
        except Exception as error:  # an unexpected error must affect only this page
            logger.debug("%s: the visit failed", entry.url, exc_info=True)
            outcome = _failed(entry, 0, f"the visit failed: {type(error).__name__}: {words(error)[:300]}")
        now = time.time()
        if outcome.failed:
            wait = retry_after(entry.failures, outcome.pause)
            return msgspec.structs.replace(
                outcome,
                fetched=now,
                next_visit=now + wait,
                failures=min(entry.failures + 1, 10),
                interval=entry.interval,
            )
        interval = self._scope.pace(entry.url).interval(entry.interval, changed=outcome.changed)
        return msgspec.structs.replace(outcome, fetched=now, next_visit=now + interval, interval=interval)

    async def _visit(self, entry: Entry, rules: Rules) -> Outcome:
        if not rules.known:
            return _failed(entry, 0, "robots.txt is unavailable")
        if not rules.allows(entry.url):
            return _settled(entry, State.EXCLUDED, 0, f"disallowed by {rules.line(entry.url)}")
        if entry.state is State.NEW and (trap := self._traps.brings_nothing(entry.url)):
            return _settled(entry, State.EXCLUDED, 0, trap)
        types = TEXT_TYPES if entry.kind is Kind.PAGE else ()
        try:
            response = await self._fetcher.get(entry.url, _validators(entry), types)
            if asks_for_cookie(entry.url, response):
                response = await with_cookies(
                    entry.url, response, lambda url, headers: self._fetcher.get(url, headers, types), rules.allows
                )
        except (FetchError, BombError) as error:
            return _failed(entry, 0, str(error), REST_SECONDS if isinstance(error, BombError) else 0.0)
        except RefusedBodyError as error:
            return _settled(entry, State.EXCLUDED, 200, str(error))
        await self._keep(entry, response)
        outcome = await self._judge(entry, response, rules)
        return msgspec.structs.replace(outcome, size=response.size)

    async def _keep(self, entry: Entry, response: Response) -> None:
        """Archive an answer, but not sitemaps and feeds: they would be read back as pages."""
        if self._archive and entry.kind is Kind.PAGE:
            await asyncio.to_thread(self._archive.write, entry.url, response, datetime.now(UTC))

    async def _judge(self, entry: Entry, response: Response, rules: Rules) -> Outcome:
        status = response.status
        if status == 200:
            return await (self._read if entry.kind is Kind.PAGE else self._listed)(entry, response, rules)
        if status == 304 and entry.state is not State.NEW:
            return msgspec.structs.replace(
                _settled(entry, entry.state, status, "not modified"),
                digest=entry.digest, etag=entry.etag, last_modified=entry.last_modified,
            )  # fmt: skip
        if status in (404, 410):
            return _settled(entry, State.GONE, status, f"gone: status {status}")
        if status in REDIRECTS:
            return self._moved(entry, status, urls.normalise(response.headers.get("Location", ""), entry.url))
        pause = _seconds(response.headers.get("Retry-After")) if status in (429, 503) else 0.0
        return _failed(entry, status, f"status {status}", pause)

    def _moved(self, entry: Entry, status: int, target: str | None, by: str = "moved to") -> Outcome:
        if target is None:
            return _failed(entry, status, "redirect without a usable target")
        clean = without_session(target)
        if clean.dropped and clean.url == entry.url:
            return _settled(
                entry, State.EXCLUDED, status, f"trap: redirects to a URL with a session id ({clean.dropped})"
            )
        if clean.url == entry.url:
            return _failed(entry, status, "redirects to itself")
        if entry.hops >= self._settings.max_redirects:
            return _failed(entry, status, f"more than {self._settings.max_redirects} redirects")
        outcome = _settled(entry, State.MOVED, status, f"{by} {clean.url}")
        return msgspec.structs.replace(outcome, target=clean.url)

    async def _read(self, entry: Entry, response: Response, rules: Rules) -> Outcome:
        headers = response.headers
        try:
            own = self._scope.rules(entry.url)
            task = ReadPage(
                headers.get("Content-Type", ""), entry.url, headers.getall("X-Robots-Tag", []), rules.agent,
                own.select, own.drop,
            )  # fmt: skip
            page, shown = await self._fetcher.read(entry.site, task, response, self._pool)
            if shown is not response:  # what is read back from the archive needs no browser
                response = shown
                await self._keep(entry, response)
            outcome = await self._understood(entry, page, response, rules)
        except UnreadableError as error:
            return _failed(entry, response.status, str(error), REST_SECONDS)
        except InvalidInputError as error:
            return _settled(entry, State.EXCLUDED, response.status, str(error))
        return msgspec.structs.replace(
            outcome, etag=_validator(headers, "ETag"), last_modified=_validator(headers, "Last-Modified"), content=content_of(page),
            fingerprint=signed(page.fingerprint),
        )  # fmt: skip

    async def _listed(self, entry: Entry, response: Response, _: Rules) -> Outcome:
        """Return the outcome of a sitemap or feed, with its links."""
        headers, further = response.headers, list[str]()
        try:
            if entry.kind is Kind.SITEMAP:
                pages, further = await self._pool.read(entry.site, ReadSitemap(entry.url), response.body)
            else:
                task = ReadFeed(headers.get("Content-Type", ""), entry.url)
                pages = await self._pool.read(entry.site, task, response.body)
        except UnreadableError as error:
            return _failed(entry, response.status, str(error), REST_SECONDS)
        how = How.SITEMAP if entry.kind is Kind.SITEMAP else How.FEED
        links = [Link(url, how, Kind.PAGE, modified.timestamp() if modified else 0.0) for url, modified in pages]
        links += [Link(url, how, Kind.SITEMAP) for url in further if entry.depth < MAX_NESTED]
        note = f"lists {len(pages)} pages and {len(further)} sitemaps"
        return msgspec.structs.replace(
            _settled(entry, State.LIST, response.status, note), links=links, etag=_validator(headers, "ETag"),
            last_modified=_validator(headers, "Last-Modified"),
            content=hashlib.blake2b(response.body, digest_size=16).digest(),
        )  # fmt: skip

    async def _understood(self, entry: Entry, page: Page, response: Response, rules: Rules) -> Outcome:
        if page.login:
            return _settled(entry, State.EXCLUDED, response.status, "a login page")
        if page.missing:
            return _settled(entry, State.GONE, response.status, "soft 404: the page itself says that it does not exist")
        if await self._missing.looks_missing(entry, page, rules):
            note = "soft 404: the site returns the same content for a page that can't exist"
            return _settled(entry, State.GONE, response.status, note)
        return msgspec.structs.replace(self._indexed(entry, page, response), links=_links(page))

    def _indexed(self, entry: Entry, page: Page, response: Response) -> Outcome:
        if page.noindex:
            return _settled(entry, State.EXCLUDED, response.status, "noindex")
        if page.refresh and page.refresh != entry.url:
            return self._moved(entry, response.status, page.refresh, "moved by meta refresh to")
        if entry.url in self._scope.given and (refused := self._scope.refusal(entry.url, entry.depth)):
            return _settled(entry, State.EXCLUDED, response.status, f"{LINKS_ONLY}; {refused}")
        canonical = self._canonical(entry, page)
        if canonical and not entry.own:
            outcome = _settled(entry, State.ALIAS, response.status, f"alias of its canonical page {canonical}")
            return msgspec.structs.replace(outcome, target=canonical)
        read = document_of(
            page, entry.url, modified=parse_time(response.headers.get("Last-Modified", "")), fetched=datetime.now(UTC)
        )
        document = self._scope.rules(entry.url).applied(read)
        document, alike = (
            self._titles.choose(entry.site, entry.url, document) if page.type == "page" else (document, "")
        )
        note = f"{len(response.body)} bytes, {len(document.text)} characters of text, {len(page.links)} links"
        if remark := self._remark(entry, page, response):
            note = f"{note}; {remark}"
        return msgspec.structs.replace(
            _settled(entry, State.PAGE, response.status, note),
            document=document, digest=digest_of(document), target=canonical, alike=alike,
        )  # fmt: skip

    def _remark(self, entry: Entry, page: Page, response: Response) -> str:
        """Return why the text of a new or changed page is not whole, and count it; an empty string if it is."""
        if response.cut:
            kind, why = "cut", f"cut at {len(response.body)} bytes (-max-bytes)"
        elif len(page.text) >= MAX_TEXT:
            kind, why = "cut", f"cut at {MAX_TEXT} characters of text"
        elif page.scripted:
            host = urls.address(entry.url)[0]
            kind, why = "scripts", f"its text is made by scripts: -render={host} (or auto) reads it in a browser"
        elif not page.text:
            kind, why = "empty", "it has no text"
        else:
            return ""
        self._remarks[kind] += entry.state is State.NEW
        return why

    def _canonical(self, entry: Entry, page: Page) -> str | None:
        """Return the page's canonical URL, if it is a different one on the same host."""
        canonical = without_session(page.canonical).url if page.canonical else None
        if not canonical or canonical == entry.url or entry.hops >= self._settings.max_redirects:
            return None
        same_host = urls.address(canonical)[0] == urls.address(entry.url)[0]
        is_ours = same_host and urls.site(canonical) in self._sites
        return canonical if is_ours and not self._scope.refusal(canonical, entry.depth) else None


def _links(page: Page) -> list[Link]:
    return [
        *(Link(url) for url in page.links),
        *(Link(url, How.ALTERNATE) for url in page.alternates),
        *(Link(url, How.LINK, Kind.FEED) for url in page.feeds),
    ]


def _settled(entry: Entry, state: State, status: int, note: str) -> Outcome:
    """Return a definite outcome, valid until the next visit."""
    return Outcome(entry=entry, state=state, status=status, note=clean_text(note))


def _failed(entry: Entry, status: int, note: str, pause: float = 0.0) -> Outcome:
    """Return an outcome that keeps the page's state, and retries later each time."""
    state = State.FAILED if entry.state is State.NEW else entry.state
    return Outcome(
        entry=entry, state=state, status=status, note=clean_text(note), failed=True, pause=pause, digest=entry.digest, etag=entry.etag,
        last_modified=entry.last_modified,
    )  # fmt: skip


def _validator(headers: Mapping[str, str], name: str) -> str | None:
    """Return the validator in the header `name`; None if it is not plain text, and so can't be sent back."""
    value = headers.get(name, "")
    return value if value and value.isascii() and value.isprintable() else None


def _validators(entry: Entry) -> dict[str, str]:
    headers = {}
    if entry.etag:
        headers["If-None-Match"] = entry.etag
    if entry.last_modified:
        headers["If-Modified-Since"] = entry.last_modified
    return headers


def _seconds(retry_after: str | None) -> float:
    """Return the seconds in a Retry-After header, at most a day; 0 if there are none."""
    if retry_after and retry_after.strip().isdecimal():
        return min(float(retry_after), MAX_RETRY_SECONDS)
    when = parse_time(retry_after or "")
    return max(0.0, min(when.timestamp() - time.time(), MAX_RETRY_SECONDS)) if when else 0.0
