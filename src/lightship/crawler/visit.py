"""One visit to one page: fetch it, read it, and say what that means for the frontier and the log."""

from __future__ import annotations

import asyncio
import email.utils
import time
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from lightship.config import CrawlerSettings
from lightship.crawler import urls
from lightship.crawler.extract import Page
from lightship.crawler.fetch import Fetcher, FetchError, RefusedBodyError, Response
from lightship.crawler.frontier import Entry, Outcome, State
from lightship.crawler.read import digest_of, document_of, read_page
from lightship.crawler.robots import Rules
from lightship.errors import InvalidInputError

RETRY_SECONDS = 30.0  # before the first new try; four times longer each time
MAX_RETRY_SECONDS = 86_400.0


class Visitor:
    """Visits pages with `fetcher`; `sites` are the sites of this crawl, and may grow while it runs."""

    def __init__(self, fetcher: Fetcher, settings: CrawlerSettings, sites: Mapping[str, str]) -> None:
        """Visit with `fetcher` by `settings`."""
        self._fetcher = fetcher
        self._settings = settings
        self._sites = sites

    async def visit(self, entry: Entry, rules: Rules) -> Outcome:
        """Return what a visit to `entry` brought; trouble with the page is an outcome too, never an exception."""
        if not rules.known:
            return self._failed(entry, 0, "robots.txt can't be had")
        if not rules.allows(entry.url):
            return self._settled(entry, State.EXCLUDED, 0, "disallowed by robots.txt")
        try:
            response = await self._fetcher.get(entry.url, _validators(entry))
        except FetchError as error:
            return self._failed(entry, 0, str(error))
        except RefusedBodyError as error:
            return self._settled(entry, State.EXCLUDED, 200, str(error))
        return await self._judge(entry, response, rules)

    async def _judge(self, entry: Entry, response: Response, rules: Rules) -> Outcome:
        status = response.status
        if status == 200:
            return await self._read(entry, response, rules)
        if status == 304 and entry.state is not State.NEW:
            return msgspec.structs.replace(
                self._settled(entry, entry.state, status, "not modified"),
                digest=entry.digest, etag=entry.etag, last_modified=entry.last_modified,
            )  # fmt: skip
        if status in (404, 410):
            return self._settled(entry, State.GONE, status, "gone")
        if status in (301, 302, 303, 307, 308):
            return self._moved(entry, response)
        return self._failed(entry, status, f"status {status}", _seconds(response.headers.get("Retry-After")))

    def _moved(self, entry: Entry, response: Response) -> Outcome:
        target = urls.normalise(response.headers.get("Location", ""), entry.url)
        if target is None:
            return self._failed(entry, response.status, "redirect to nowhere")
        if entry.hops >= self._settings.max_redirects:
            return self._failed(entry, response.status, f"more than {self._settings.max_redirects} redirects")
        outcome = self._settled(entry, State.MOVED, response.status, f"moved to {target}")
        return msgspec.structs.replace(outcome, target=target)

    async def _read(self, entry: Entry, response: Response, rules: Rules) -> Outcome:
        headers = response.headers
        try:
            page = await asyncio.to_thread(
                read_page, response.body, headers.get("Content-Type", ""), entry.url,
                robots=headers.getall("X-Robots-Tag", []), agent=rules.agent,
            )  # fmt: skip
            outcome = self._indexed(entry, page, response)
        except InvalidInputError as error:
            return self._settled(entry, State.EXCLUDED, response.status, str(error))
        return msgspec.structs.replace(
            outcome, links=page.links, etag=headers.get("ETag"), last_modified=headers.get("Last-Modified")
        )

    def _indexed(self, entry: Entry, page: Page, response: Response) -> Outcome:
        if page.noindex:
            return self._settled(entry, State.EXCLUDED, response.status, "noindex")
        canonical = page.canonical if page.canonical != entry.url else None
        if canonical and (urls.site(canonical) not in self._sites or entry.hops >= self._settings.max_redirects):
            canonical = None
        if canonical and not entry.own:
            outcome = self._settled(entry, State.ALIAS, response.status, f"another url of {canonical}")
            return msgspec.structs.replace(outcome, target=canonical)
        document = document_of(
            page, entry.url, modified=_time(response.headers.get("Last-Modified")), fetched=datetime.now(UTC)
        )
        note = f"{len(response.body)} bytes, {len(document.text)} characters of text, {len(page.links)} links"
        return msgspec.structs.replace(
            self._settled(entry, State.PAGE, response.status, note),
            document=document, digest=digest_of(document), target=canonical,
        )  # fmt: skip

    def _settled(self, entry: Entry, state: State, status: int, note: str) -> Outcome:
        """Return an outcome that stands until the next revisit; no document of the page stays in the log."""
        return Outcome(
            entry=entry, state=state, status=status, note=note, next_visit=time.time() + self._settings.revisit
        )

    def _failed(self, entry: Entry, status: int, note: str, wait: float = 0.0) -> Outcome:
        """Return an outcome that keeps what is known of the page, and tries again, each time later."""
        pause = max(wait, min(RETRY_SECONDS * 4**entry.failures, MAX_RETRY_SECONDS))
        state = State.FAILED if entry.state is State.NEW else entry.state
        return Outcome(
            entry=entry, state=state, status=status, note=note, failures=min(entry.failures + 1, 10), failed=True,
            next_visit=time.time() + pause, digest=entry.digest, etag=entry.etag, last_modified=entry.last_modified,
        )  # fmt: skip


def _validators(entry: Entry) -> dict[str, str]:
    headers = {}
    if entry.etag:
        headers["If-None-Match"] = entry.etag
    if entry.last_modified:
        headers["If-Modified-Since"] = entry.last_modified
    return headers


def _time(header: str | None) -> datetime | None:
    try:
        return email.utils.parsedate_to_datetime(header) if header else None
    except ValueError:
        return None


def _seconds(retry_after: str | None) -> float:
    """Return the seconds of a Retry-After header, at most a day; 0 when it names none."""
    if retry_after and retry_after.strip().isdecimal():
        return min(float(retry_after), MAX_RETRY_SECONDS)
    when = _time(retry_after)
    return max(0.0, min(when.timestamp() - time.time(), MAX_RETRY_SECONDS)) if when else 0.0
