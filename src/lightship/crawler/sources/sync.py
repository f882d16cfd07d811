"""The readers of each kind of source except websites."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Protocol

from lightship.config import CrawlerSettings
from lightship.crawler.output.append import Appender
from lightship.crawler.output.records import Records
from lightship.crawler.parsing.sandbox.pool import ParserPool
from lightship.crawler.sources.files.file import FileSync, Reader
from lightship.crawler.sources.files.folder import FolderSync
from lightship.crawler.sources.files.jsonl import read_jsonl
from lightship.crawler.sources.files.mailbox import read_mailbox
from lightship.crawler.sources.files.table import read_table
from lightship.crawler.sources.files.warc import read_archive
from lightship.crawler.sources.git.repository import RepositorySync
from lightship.crawler.sources.names import Kind, Source, name_of
from lightship.crawler.sources.syndication import SyndicationSync
from lightship.runtime.database import Database


class SourceSync(Protocol):
    """Reads one source, or all websites."""

    def run(self, stop: threading.Event) -> None:
        """Read until `stop` is set."""


def open_feed(
    source: Source, settings: CrawlerSettings, database: Database, appender: Appender, pool: ParserPool
) -> SourceSync:
    """Return the reader of `source`, which is not a website; it parses in `pool`."""
    own = next((rules for rules in settings.rules if name_of(rules.source) == source.name), None)
    records = Records(database, appender, source.name, own)
    if source.kind is Kind.FOLDER:
        return FolderSync(source.name, settings, database, records, pool)
    if source.kind is Kind.FEED:
        return SyndicationSync(source.name, settings, database, records, pool)
    if source.kind is Kind.GIT:
        return RepositorySync(source.name, settings, database, records, pool)
    return FileSync(source.name, _READERS[source.kind](source.name, settings, pool), database, records)


_READERS: dict[Kind, Callable[[str, CrawlerSettings, ParserPool], Reader]] = {
    Kind.JSONL: lambda *_: read_jsonl,
    Kind.TABLE: lambda *_: read_table,
    Kind.MAILBOX: lambda name, settings, pool: partial(
        read_mailbox, read=partial(pool.wait, name), max_bytes=settings.max_bytes
    ),
    Kind.ARCHIVE: lambda name, settings, pool: partial(
        read_archive,
        read=partial(pool.wait, name),
        max_bytes=settings.max_bytes,
        agent=settings.agent,
        follow=settings.follow_links,
    ),
}
