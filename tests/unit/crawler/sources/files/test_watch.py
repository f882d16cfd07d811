"""A watched source: the time between two checks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from lightship.core.model import Change, Document
from lightship.crawler.output.append import Appender
from lightship.crawler.output.records import Record, Records
from lightship.crawler.sources.files.watch import POLL_SECONDS, SHARE, looks
from lightship.crawler.state.store import open_store
from lightship.doclog import Position
from lightship.doclog.protocol.fence import Fence
from mockweb.feeding import Feed

SLOW = 0.3  # seconds


class Stop(threading.Event):
    """An event that is set by the first wait, and records its length."""

    waited = 0.0

    def wait(self, timeout: float | None = None) -> bool:
        self.waited = timeout or 0.0
        self.set()
        return True


@pytest.fixture
def records(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> Iterator[Records]:
    """Yield the records of a source whose log is slow."""
    put = feed.log.put

    def slow_put(changes: Sequence[Change], fences: Sequence[Fence]) -> list[Position]:
        time.sleep(SLOW)
        return put(changes, fences)

    monkeypatch.setattr(feed.log, "put", slow_put)
    database = open_store(feed.data)
    yield Records(database, Appender(feed.log, threading.Event()), "source")
    database.close()


def test_a_slow_look_is_followed_by_a_long_rest(records: Records) -> None:
    stop = Stop()
    for _ in looks(records, stop):
        time.sleep(SLOW)
    assert stop.waited >= SLOW / SHARE > POLL_SECONDS


def test_a_slow_log_delays_no_look(records: Records) -> None:
    stop = Stop()
    for _ in looks(records, stop):
        records.add(Record(Document(url="https://example.org/", text="text"), b"digest"))
        records.flush()
        records.delete(["https://example.org/"])
    assert records.waited >= 2 * SLOW
    assert stop.waited < 2 * SLOW / SHARE / 2
