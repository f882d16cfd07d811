"""A feed of a folder or file in this process, with a real document log."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lightship.crawler.append import Appender
from lightship.crawler.folder import FolderFeed
from lightship.crawler.jsonl import JsonlFeed
from lightship.crawler.progress import Progress, activate, read_progress
from lightship.crawler.records import Records
from lightship.crawler.store import open_store
from lightship.doclog import Entry, open_log
from lightship.model import Document
from mockweb.crawling import entries
from support import wait_until


class Feed:
    """A feed with the data of the test's folder; each `running` is a process's life."""

    def __init__(self, folder: Path) -> None:
        self.data = str(folder / "crawler")
        self.log = open_log(f"sqlite://{folder / 'log.sqlite'}")

    @contextlib.contextmanager
    def running(self, source: Path, max_bytes: int = 1 << 20) -> Iterator[None]:
        """Feed from `source`, a folder or a .jsonl file; its first pass is complete when the body begins."""
        stop = threading.Event()
        database = open_store(self.data)
        activate(database, [str(source)])
        records = Records(database, Appender(self.log, stop), str(source))
        feed: FolderFeed | JsonlFeed = JsonlFeed(str(source), database, records)
        if source.is_dir():
            feed = FolderFeed(str(source), max_bytes, database, records)
        with ThreadPoolExecutor(1) as thread:
            running = thread.submit(feed.run, stop)
            try:
                wait_until(lambda: self.progress.idle or running.done(), 10, "the first pass is complete")
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
