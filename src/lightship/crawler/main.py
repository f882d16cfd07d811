"""The `crawler` program: reads websites, folders, files and other sources, and appends changes to the document log."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from lightship.config import CrawlerSettings, parse_settings
from lightship.core.declaration import declared
from lightship.core.errors import OutOfSpaceError, UnavailableError
from lightship.crawler.cluster.host_partitioning import HostPartitioning
from lightship.crawler.dry_run import check_rules, dry_run
from lightship.crawler.engine import WebCrawler
from lightship.crawler.frontier.scope import longest
from lightship.crawler.listen import answering
from lightship.crawler.output.append import Appender
from lightship.crawler.output.identity import follow_log
from lightship.crawler.parsing.sandbox.pool import ParserPool
from lightship.crawler.removal import left_over
from lightship.crawler.sources.names import ACCEPTED, Kind, Source, parse_sources
from lightship.crawler.sources.sync import SourceSync, open_feed
from lightship.crawler.state.progress import Remarks, activate, read_progress
from lightship.crawler.state.store import lock_store, open_store
from lightship.doclog import DocumentLog, Log, wait_for_log
from lightship.http.tls import listener_options, trust, trusted
from lightship.runtime.database import Database
from lightship.runtime.program import run_program, stop_on_signals
from lightship.runtime.space import retry_when_full

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.05
LOOK_SECONDS = 0.25  # between two looks whether all sources have ended

DESCRIPTION = f"Crawl sources and keep the document log up to date with them until stopped; {ACCEPTED}."


def main() -> None:
    """Run the program."""
    run_program(lambda: crawl(sys.argv[1:]))


def crawl(arguments: Sequence[str], program: str = "crawler") -> None:
    """Run a crawler with the command line `arguments` until SIGTERM or SIGINT. Raises LightshipError."""
    settings, names = parse_settings(CrawlerSettings, program, arguments, positional="SOURCE", description=DESCRIPTION)
    trust(settings.tls_ca)
    sources = parse_sources(names)
    check_rules(settings, sources)
    websites = [source.name for source in sources if source.kind is Kind.WEBSITE]
    if settings.dry_run:
        print("\n".join(dry_run(settings, websites)))  # noqa: T201 (what was asked for)
        return
    stop = stop_on_signals()
    with contextlib.ExitStack() as stack:
        stack.enter_context(lock_store(settings.data))
        log = wait_for_log(settings.log, trusted(), stop)
        if log is None:
            return
        stack.callback(log.close)
        database = retry_when_full(lambda: _open(settings, sources, log), settings.data, stop)
        if database is None:
            return
        stack.callback(_log_totals, settings.data)
        stack.callback(database.close)
        remarks = Remarks.none()
        tls = listener_options(settings.tls_cert, settings.tls_key)
        stack.enter_context(answering(settings, database, tls, remarks))
        logger.info(
            "crawling %s into %s", ", ".join(source.name for source in sources), settings.log.rpartition("@")[2]
        )
        retry_when_full(lambda: _crawl(settings, database, sources, log, stop, remarks=remarks), settings.data, stop)


def _open(settings: CrawlerSettings, sources: Sequence[Source], log: Log) -> Database:
    """Open the store, and mark those of `sources` that this crawler reads as active."""
    database, partitioning = open_store(settings.data), _partitioning(settings, log)
    try:
        follow_log(database, log.span(0).log_id)
        for line in left_over(database, [source.name for source in sources], settings.data):
            logger.warning("%s", line)
        activate(
            database,
            [
                source.name
                for source in sources
                if source.kind is Kind.WEBSITE or partitioning.wants_source(source.name)
            ],
        )
    except BaseException:
        database.close()
        raise
    return database


def _partitioning(settings: CrawlerSettings, log: Log) -> HostPartitioning:
    return HostPartitioning(log, settings.crawler, settings.crawlers, longest(settings))


def _log_totals(folder: str) -> None:
    progress = read_progress(folder)
    logger.info("stopped; totals: found %d, fetched %d, failed %d, put %d, deleted %d", *progress[:5])


def _crawl(
    settings: CrawlerSettings, database: Database, sources: Sequence[Source], log: Log, stop: threading.Event, *,
    remarks: Remarks,
) -> None:  # fmt: skip
    """Read `sources` until `stop`; may be called again after a full disk interrupted it."""
    partitioning = _partitioning(settings, log)
    ended = threading.Event()
    with ParserPool(settings.readers, ended) as pool:
        _run(
            _feeds(
                settings,
                database,
                Appender(log, ended, declared(settings.fields), remarks.left_out),
                sources,
                partitioning=partitioning,
                pool=pool,
                remarks=remarks.pages,
            ),
            ended,
            stop,
            log,
        )


def _feeds(
    settings: CrawlerSettings, database: Database, appender: Appender, sources: Sequence[Source], *, partitioning: HostPartitioning,
    pool: ParserPool, remarks: Counter[str],
) -> list[SourceSync]:  # fmt: skip
    """Return the readers of `sources`: websites by this crawler's hosts, any other source by exactly one crawler."""
    others = (
        source for source in sources if source.kind is not Kind.WEBSITE and partitioning.wants_source(source.name)
    )
    feeds = [open_feed(source, settings, database, appender, pool) for source in others]
    seeds = [source.name for source in sources if source.kind is Kind.WEBSITE]
    if seeds:
        feeds.append(
            WebCrawler(settings, database, appender, seeds, pool=pool, partitioning=partitioning, remarks=remarks)
        )
    return feeds


def _run(feeds: Sequence[SourceSync], ended: threading.Event, stop: threading.Event, log: DocumentLog) -> None:
    """Run each feed in its own thread until `stop`; if one fails, set `ended` to stop the others, and raise its error.

    Changes that the log has not accepted by then are marked as doubtful, and are read and put again at the next start.
    """
    stopped: set[Future[None]] = set()  # those that ended because of `ended`

    def note(feed: Future[None]) -> None:
        if ended.is_set():
            stopped.add(feed)
        elif not isinstance(feed.exception(), OutOfSpaceError | OSError):
            log.hurry()  # permanent; not after a full disk, when this log is used again
        ended.set()

    with ThreadPoolExecutor(max(1, len(feeds)), "feed") as threads:
        running = [threads.submit(feed.run, ended) for feed in feeds]
        for feed in running:
            feed.add_done_callback(note)
        while not stop.wait(LOOK_SECONDS) and not all(feed.done() for feed in running):
            pass
        while wait(running, TICK_SECONDS).not_done:
            log.hurry()
            ended.set()
    for feed in running:
        try:
            feed.result()
        except (UnavailableError, OutOfSpaceError) as error:
            if feed not in stopped:
                raise
            logger.warning("the log did not accept everything that was read; the next start reads it again: %s", error)


if __name__ == "__main__":
    main()
