"""Crawls websites, breadth first within each site, until stopped."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import Counter
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from lightship.config import CrawlerSettings
from lightship.core import urls
from lightship.core.errors import LightshipError, OutOfSpaceError, OvertakenError, UnavailableError
from lightship.core.model import Change
from lightship.crawler.cluster.exchange import Exchange
from lightship.crawler.cluster.host_partitioning import HostPartitioning
from lightship.crawler.fetching.archive import Archive
from lightship.crawler.fetching.fetch import Fetcher, user_agent
from lightship.crawler.fetching.render import RenderingFetcher
from lightship.crawler.fetching.robots import Robots
from lightship.crawler.fetching.site import Means, SiteCrawl
from lightship.crawler.fetching.soft404 import Soft404Detector
from lightship.crawler.fetching.visit import Visitor
from lightship.crawler.frontier.backlog import Backlog
from lightship.crawler.frontier.deletion_guard import DeletionGuard
from lightship.crawler.frontier.entry import AT_ONCE, Outcome, State
from lightship.crawler.frontier.frontier import Frontier
from lightship.crawler.output.append import Appender
from lightship.crawler.parsing.sandbox.pool import ParserPool
from lightship.crawler.state.journal import Journal
from lightship.crawler.state.progress import set_idle, waiting
from lightship.crawler.state.titles import Titles
from lightship.runtime.database import Database
from lightship.runtime.tasks import cancel

logger = logging.getLogger(__name__)

BATCH, BATCH_SECONDS = 500, 0.01  # outcomes written in one transaction
TICK_SECONDS = 0.05
JUDGE_SECONDS = 0.5  # between two decisions about deletions
EXCHANGE_SECONDS = 0.5  # between two reads of messages from other crawlers


class WebCrawler:
    """Crawls the websites `seeds` (normal URLs). Call `run` once, in a thread of its own."""

    def __init__(
        self, settings: CrawlerSettings, database: Database, appender: Appender, seeds: Collection[str], *,
        pool: ParserPool, partitioning: HostPartitioning | None = None, remarks: Counter[str] | None = None,
    ) -> None:  # fmt: skip
        """Keep state in `database`, write through `appender`, and parse pages in `pool`.

        With `partitioning`, only this crawler's hosts are crawled. Pages whose text is not whole are counted in `remarks`.
        """
        self._remarks = Counter[str]() if remarks is None else remarks
        self._pool = pool
        self._partitioning = partitioning
        self._settings = settings
        self._database = database
        self._appender = appender
        self._seeds = list(seeds)
        self._frontier = Frontier(database, settings)
        self._journal = Journal(settings.data)
        self._guard = DeletionGuard(database, settings)
        self._archive = Archive(settings.archive, user_agent(settings)) if settings.archive else None
        self._mail: Exchange | None = None
        self._crawls: dict[str, SiteCrawl] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def run(self, stop: threading.Event) -> None:
        """Crawl until `stop` is set; all fetched pages are in the log then. Raises errors of the log and the store."""
        if self._partitioning:
            self._mail = self._frontier.others = Exchange(self._database, self._frontier, self._partitioning)
        self._frontier.begin(self._seeds, self._journal)
        if self._partitioning and self._mail:
            self._mail.hand_over()
            self._partitioning.release_others()
        with contextlib.ExitStack() as files:
            files.callback(self._journal.close)
            if self._archive:
                files.callback(self._archive.close)
            asyncio.run(self._run(stop))

    async def _run(self, stop: threading.Event) -> None:
        outcomes: asyncio.Queue[Outcome | None] = asyncio.Queue(2 * BATCH)
        kind = RenderingFetcher if self._settings.render else Fetcher
        async with kind(self._settings, {urls.address(seed) for seed in self._seeds}) as fetcher:
            writer = asyncio.create_task(self._write(outcomes))
            try:
                await self._crawl(stop, fetcher, outcomes, writer)
            finally:
                await cancel(self._tasks)
                await asyncio.wait([asyncio.ensure_future(outcomes.put(None)), writer], return_when="FIRST_COMPLETED")
                await writer

    async def _crawl(
        self,
        stop: threading.Event,
        fetcher: Fetcher,
        outcomes: asyncio.Queue[Outcome | None],
        writer: asyncio.Task[None],
    ) -> None:
        """Keep a SiteCrawl running for each site, and record when the first pass is complete."""
        frontier = self._frontier
        missing = Soft404Detector(fetcher, self._database, self._pool, frontier.scope)
        visitor = Visitor(
            fetcher,
            self._settings,
            frontier.sites,
            pool=self._pool,
            missing=missing,
            titles=Titles(self._database),
            traps=frontier.discovery.traps,
            scope=frontier.scope,
            archive=self._archive,
            remarks=self._remarks,
        )
        means = Means(
            self._settings, self._frontier, self._journal, self._guard, Robots(fetcher, self._settings, self._database),
            visitor, asyncio.Semaphore(self._settings.concurrency), outcomes,
        )  # fmt: skip
        busy = set(self._seeds)
        if self._partitioning:
            self._tasks.append(asyncio.create_task(self._keep_partitioning(self._partitioning)))
        while not stop.is_set() and not writer.done():
            for site in list(self._frontier.sites):
                if site not in self._crawls and (not self._partitioning or self._partitioning.holds(f"{site}/")):
                    self._crawls[site] = SiteCrawl(site, means)
                    self._tasks.append(asyncio.create_task(self._crawls[site].run()))
            for task in self._tasks:
                if task.done():
                    task.result()
            self._note_idle(busy)
            await asyncio.sleep(TICK_SECONDS)

    async def _keep_partitioning(self, partitioning: HostPartitioning) -> None:
        """Acquire this crawler's hosts, and exchange messages with the other crawlers."""
        while True:
            try:
                await asyncio.to_thread(self._exchange, partitioning)
            except (UnavailableError, OutOfSpaceError) as error:
                logger.warning("can't exchange messages with other crawlers: %s; retrying", error)
            await asyncio.sleep(EXCHANGE_SECONDS)

    def _exchange(self, partitioning: HostPartitioning) -> None:
        if self._mail:
            gotten = partitioning.work()
            self._mail.receive()
            partitioning.hold(gotten)
            self._mail.post()

    def _note_idle(self, busy: set[str]) -> None:
        """Take the sources whose first pass is complete out of `busy`, and record that.

        One that was complete is busy again if another one that is not has led to new pages of it.
        """
        if not busy:
            return
        for source in [source for source in self._seeds if source not in busy and self._has_new(source)]:
            busy.add(source)
            set_idle(self._database, source, idle=False)
        for source in [source for source in busy if self._is_idle(source)]:
            busy.discard(source)
            set_idle(self._database, source)
            with self._database.access() as db:
                left = waiting(db, source)
            logger.info("%s: the first pass is complete%s", source, f"; {left}" if left.pages else "")

    def _is_idle(self, seed: str) -> bool:
        """Whether the sites of the source `seed` have nothing left to do; two seeds can share a site."""
        crawls = [self._crawls.get(site) for site in self._sites_of(seed)]
        return all(crawl is not None and crawl.idle for crawl in crawls) and not self._has_new(seed)

    def _has_new(self, seed: str) -> bool:
        """Whether pages of the source's sites are to be visited for the first time; a site that is down does not count."""
        known = [site for site in self._sites_of(seed) if site in self._crawls and not self._crawls[site].is_down]
        return any(map(self._frontier.has_new, known))

    def _sites_of(self, seed: str) -> list[str]:
        sites = dict(self._frontier.sites)
        source = sites.get(urls.site(seed), seed)
        return [site for site, owner in sites.items() if owner == source]

    async def _write(self, outcomes: asyncio.Queue[Outcome | None]) -> None:
        """Write outcomes in batches until None is received."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, "crawler-writer") as thread:
            last, judge_at, backlog = False, 0.0, Backlog()
            while not last:
                batch = await _next_batch(outcomes, 0.0 if backlog else JUDGE_SECONDS)
                last = batch[-1:] == [None]
                written = backlog.take([outcome for outcome in batch if outcome is not None])
                if backlog and not last:
                    part, is_last = backlog.next()
                    if is_last:
                        written.append(part)
                    else:
                        await loop.run_in_executor(thread, self._frontier.discover, part)
                await loop.run_in_executor(thread, self._store, written)
                for outcome in written:
                    self._crawls[outcome.entry.site].settled(outcome.entry.url)
                if loop.time() >= judge_at:
                    await loop.run_in_executor(thread, self._delete)
                    judge_at = loop.time() + JUDGE_SECONDS

    def _store(self, outcomes: Sequence[Outcome]) -> None:
        """Append the changes to the log, and only then settle the outcomes in the frontier.

        They are marked as doubtful first, so that a crash in between does not lose them; see `records.py`.
        """
        folded, displaced = self._frontier.fold(outcomes)
        changes = [change for outcome in folded if (change := outcome.change)]
        self._frontier.doubt([change.url for change in changes])
        refused = self._appender.put(changes)
        settled = [_refuse(outcome, refused.get(outcome.entry.url)) for outcome in folded]
        self._frontier.settle(settled, displaced)
        if displaced:
            self._delete()
        for outcome in settled:
            level = logging.WARNING if outcome.failed else logging.INFO
            logger.log(level, "%s: %s, %s", outcome.entry.url, outcome.state.name.lower(), outcome.note)
        for site in {outcome.entry.site for outcome in settled if outcome.state is State.PAGE and not outcome.failed}:
            if site not in self._frontier.doomed([site]):
                self._guard.release(site)

    def _delete(self) -> None:
        """Delete the doomed documents that may be deleted; those of held sites are kept."""
        for site in self._frontier.doomed(self._frontier.sites):
            gone = self._guard.judge(site)
            self._frontier.doubt(gone)
            overtaken = self._appender.put([Change.delete(url) for url in gone])  # they stay doomed until the next call
            self._frontier.deleted(site, [url for url in gone if url not in overtaken])


def _refuse(outcome: Outcome, reason: LightshipError | None) -> Outcome:
    """Return the outcome of a visit whose change the log refused for `reason`."""
    if reason is None:
        return outcome
    if isinstance(reason, OvertakenError):  # another crawler may own the host by now: a new visit finds the truth
        state = State.FAILED if outcome.entry.state is State.NEW else outcome.entry.state
        return msgspec.structs.replace(
            outcome, state=state, failed=True, document=None, digest=None, next_visit=AT_ONCE,
            note="changed in the log by another writer meanwhile; it will be visited again",
        )  # fmt: skip
    return msgspec.structs.replace(
        outcome, state=State.EXCLUDED, document=None, digest=None, note=f"refused by the log: {reason}"
    )


async def _next_batch(outcomes: asyncio.Queue[Outcome | None], patience: float) -> list[Outcome | None]:
    """Return the first outcome within `patience` seconds, and those that follow within BATCH_SECONDS, up to None."""
    batch: list[Outcome | None] = []
    if not patience and outcomes.empty():
        return batch
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(max(patience, BATCH_SECONDS)):
            batch.append(await outcomes.get())
        async with asyncio.timeout(BATCH_SECONDS):
            while len(batch) < BATCH and batch[-1] is not None:
                batch.append(await outcomes.get())
    return batch
