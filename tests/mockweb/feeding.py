"""A feed of a folder or file in this process, with a real document log."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lightship.config import CrawlerSettings
from lightship.core.model import Document
from lightship.crawler.output.append import Appender
from lightship.crawler.sources.names import Source, parse_source
from lightship.crawler.sources.sync import open_feed
from lightship.crawler.state.progress import Progress, activate, read_progress
from lightship.crawler.state.store import open_store
from lightship.doclog import Entry, open_log
from mockweb.crawling import entries, pool
from support import wait_until


class Feed:
    """A feed with the data of the test's folder; each `running` is a process's life."""

    def __init__(self, folder: Path) -> None:
        self.data = str(folder / "crawler")
        self.log = open_log(f"sqlite://{folder / 'log.sqlite'}")
        self._last: Source  # what a source that is gone was

    @contextlib.contextmanager
    def running(self, source: Path | str, max_bytes: int = 1 << 20, **settings: Any) -> Iterator[None]:
        """Feed from `source`, all but a website; its first pass is complete when the body begins."""
        stop = threading.Event()
        database = open_store(self.data)
        parsed = parse_source(str(source)) if isinstance(source, str) or source.exists() else self._last
        self._last = parsed
        activate(database, [parsed.name])
        changed = CrawlerSettings(data=self.data, max_bytes=max_bytes, **settings)
        feed = open_feed(parsed, changed, database, Appender(self.log, stop), pool())
        with ThreadPoolExecutor(1) as thread:
            running = thread.submit(feed.run, stop)
            try:
                wait_until(lambda: self.progress.idle or running.done(), 90, "the first pass is complete")
                yield
            finally:
                stop.set()
        running.result()
        database.close()

    def entries(self) -> dict[str, Entry]:
        """Return what the log holds."""
        return entries(self.log)

    def documents(self) -> dict[str, Document]:
        """Return the documents that the log holds, by the last part of their urls."""
        return {url.rpartition("/")[2]: entry.document for url, entry in self.entries().items() if entry.document}

    @property
    def progress(self) -> Progress:
        """How far the crawler is."""
        return read_progress(self.data)
