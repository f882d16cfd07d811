"""A crawl of mock sites in this process, with a real document log."""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

from lightship.config import CrawlerSettings
from lightship.crawler.engine import WebCrawler
from lightship.crawler.explain import Explanation, explain
from lightship.crawler.output.append import Appender
from lightship.crawler.parsing.sandbox.pool import ParserPool
from lightship.crawler.state.progress import Progress, activate, read_progress
from lightship.crawler.state.store import open_store
from lightship.doclog import DocumentLog, Entry, open_log
from support import wait_until


def entries(log: DocumentLog) -> dict[str, Entry]:
    """Return all that is in `log`, by url."""
    return {entry.url: entry for partition in range(log.partitions) for entry in log.read(partition, 0, 10_000)}


@cache
def pool() -> ParserPool:
    """Return the reading processes that all tests of this process share."""
    made = ParserPool(2, threading.Event())
    atexit.register(made.__exit__, None, None, None)
    return made.__enter__()


class Crawl:
    """A crawler with the data of the test's folder; each `running` is a process's life."""

    def __init__(self, folder: Path) -> None:
        self.data = str(folder / "crawler")
        self.log = open_log(f"sqlite://{folder / 'log.sqlite'}")
        self.settings = CrawlerSettings(data=self.data, timeout=5.0, per_host=8)

    @contextlib.contextmanager
    def running(self, *seeds: str, **settings: Any) -> Iterator[None]:
        """Crawl `seeds`; at the end the crawler is stopped, and its error, if it had one, raised."""
        stop = threading.Event()
        database = open_store(self.data)
        activate(database, seeds)
        changed = dataclasses.replace(self.settings, **settings)
        self.remarks = Counter[str]()
        crawler = WebCrawler(changed, database, Appender(self.log, stop), seeds, pool=pool(), remarks=self.remarks)
        with ThreadPoolExecutor(1) as thread:
            running = thread.submit(crawler.run, stop)
            try:
                yield
            finally:
                stop.set()
        running.result()
        database.close()

    def once(self, *seeds: str, **settings: Any) -> dict[str, Entry]:
        """Crawl `seeds` until all is fetched; return what the log holds then."""
        with self.running(*seeds, **settings):
            wait_until(lambda: self.progress.idle, 90, "the first pass is complete")
        return self.entries()

    def entries(self) -> dict[str, Entry]:
        """Return what the log holds."""
        return entries(self.log)

    def documents(self) -> set[str]:
        """Return the urls whose documents the log holds."""
        return {url for url, entry in self.entries().items() if entry.document}

    def explain(self, url: str) -> Explanation:
        """Return why `url` is in the log, or not."""
        with contextlib.closing(open_store(self.data)) as store:
            return explain(store, self.settings, url)

    @property
    def progress(self) -> Progress:
        """How far the crawler is."""
        return read_progress(self.data)
