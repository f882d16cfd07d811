"""What the contract tests of the document log share."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from lightship.core.model import Change, Document, partition_of
from lightship.doclog import Entry, Log

CHILD = Path(__file__).with_name("doclog_child.py")
PATIENCE = 20.0  # seconds after which a test gives up waiting


def put(url: str, title: str = "") -> Change:
    return Change.put(Document(url=url, title=title))


def urls(count: int, partition: int | None = None) -> list[str]:
    """Return `count` urls, all of one partition if it is given."""
    every = (f"https://example.org/{number}" for number in range(1_000_000))
    chosen = (url for url in every if partition is None or partition_of(url) == partition)
    return [next(chosen) for _ in range(count)]


def everything(log: Log, limit: int = 500) -> list[Entry]:
    """Read all partitions from the start."""
    return [entry for partition in range(log.partitions) for entry in tail(log, partition, limit)]


def tail(log: Log, partition: int, limit: int = 500) -> Iterator[Entry]:
    after = 0
    while entries := log.read(partition, after, limit):
        yield from entries
        after = entries[-1].sequence


@contextlib.contextmanager
def child(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, str(CHILD), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
