"""The `crawler` program: reads websites, folders, files and more, and appends what changed to the document log."""

from __future__ import annotations

import fcntl
import logging
import os
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TextIO

from lightship.config import CrawlerSettings, parse_settings
from lightship.crawler.append import Appender
from lightship.crawler.frontier.revisit import Pace
from lightship.crawler.listen import answering
from lightship.crawler.progress import activate, read_progress
from lightship.crawler.share import Share
from lightship.crawler.sources.feeds import Feed, open_feed
from lightship.crawler.sources.names import ACCEPTED, Kind, Source, parse_sources
from lightship.crawler.store import open_store
from lightship.crawler.web import WebCrawler
from lightship.doclog import DocumentLog, open_log
from lightship.doclog.database import Database
from lightship.errors import ConfigurationError, OutOfSpaceError, UnavailableError
from lightship.program import run_program, stop_on_signals
from lightship.tls import listener_options, trust, trusted

logger = logging.getLogger(__name__)

DESCRIPTION = f"Read sources, and keep the document log up to date with them until stopped; {ACCEPTED}."


def main() -> None:
    """Run the program."""
    run_program(lambda: crawl(sys.argv[1:]))


def crawl(arguments: Sequence[str]) -> None:
    """Run the crawler that the command line `arguments` ask for until SIGTERM or SIGINT. Raises LightshipError."""
    settings, names = parse_settings(
        CrawlerSettings, "crawler", arguments, positional="SOURCE", description=DESCRIPTION
    )
    trust(settings.tls_ca)
    sources = parse_sources(names)
    stop = stop_on_signals()
    lock = _lock(settings.data)
    log = open_log(settings.log, trusted())
    database = open_store(settings.data)
    share = Share(log, settings.crawler, settings.crawlers, Pace.of(settings).most)
    others = [
        source.name for source in sources if source.kind is not Kind.WEBSITE and not share.wants_source(source.name)
    ]
    activate(database, [source.name for source in sources if source.name not in others])
    logger.info("crawling %s into %s", ", ".join(source.name for source in sources), settings.log.rpartition("@")[2])
    try:
        with answering(settings, database, listener_options(settings.tls_cert, settings.tls_key)):
            _run(_feeds(settings, database, Appender(log, stop), sources, share), stop, log)
    finally:
        progress = read_progress(settings.data)
        database.close()
        log.close()
        lock.close()
        logger.info("stopped; in all: found %d, fetched %d, failed %d, put %d, deleted %d", *progress[:5])


def _feeds(
    settings: CrawlerSettings, database: Database, appender: Appender, sources: Sequence[Source], share: Share
) -> list[Feed]:
    """Return what reads `sources`: websites by the hosts that are this crawler's, any other source by one crawler."""
    others = (source for source in sources if source.kind is not Kind.WEBSITE and share.wants_source(source.name))
    feeds = [open_feed(source, settings, database, appender) for source in others]
    seeds = [source.name for source in sources if source.kind is Kind.WEBSITE]
    if seeds:
        feeds.append(WebCrawler(settings, database, appender, seeds, share))
    return feeds


def _run(feeds: Sequence[Feed], stop: threading.Event, log: DocumentLog) -> None:
    """Run each feed in its thread until `stop`; one that fails stops all, and its error is raised.

    What the log could not take before the end is in doubt, and is read and put again at the next start.
    """
    stopped: set[Future[None]] = set()  # those that ended since they had to

    def note(feed: Future[None]) -> None:
        if stop.is_set():
            stopped.add(feed)
        stop.set()

    with ThreadPoolExecutor(max(1, len(feeds)), "feed") as threads:
        running = [threads.submit(feed.run, stop) for feed in feeds]
        for feed in running:
            feed.add_done_callback(note)
        stop.wait()
        log.hurry()
    for feed in running:
        try:
            feed.result()
        except (UnavailableError, OutOfSpaceError) as error:
            if feed not in stopped:
                raise
            logger.warning("the log did not take all that was read, the next start does it again: %s", error)


def _lock(folder: str) -> TextIO:
    """Make the data folder this process's own; raises ConfigurationError when another crawler has it."""
    try:
        os.makedirs(folder, exist_ok=True)
        file = open(os.path.join(folder, "lock"), "w")  # noqa: SIM115 (open as long as the process runs)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ConfigurationError(f"another crawler works in {folder}; give each its own -data folder") from error
    except OSError as error:
        raise ConfigurationError(f"can't use the data folder {folder}: {error}; name another with -data") from error
    return file


if __name__ == "__main__":
    main()
