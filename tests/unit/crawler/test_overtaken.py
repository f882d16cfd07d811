"""Another writer changes in the log what the crawler is about to put: the source's current state is right."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence

import pytest

from lightship.core.errors import LightshipError, OvertakenError
from lightship.core.model import Change, Document
from lightship.crawler.output import records as writing
from lightship.crawler.output.append import Appender
from lightship.crawler.output.records import Record, Records
from lightship.crawler.state.store import open_store
from lightship.doclog import Position
from lightship.doclog.protocol.fence import Fence
from lightship.doclog.sqlite import SqliteLog
from mockweb import crawling
from mockweb.crawling import Crawl
from mockweb.feeding import Feed
from mockweb.site import Answer, MockSite
from support import wait_until


class OvertakenAppender(Appender):
    """A log that another writer overtakes at each URL's first put; `overtaken` has URLs, and whether it deleted."""

    overtaken: set[tuple[str, bool]]

    def put(self, changes: Sequence[Change]) -> dict[str, LightshipError]:
        first = [change for change in changes if (change.url, change.document is None) not in self.overtaken]
        self.overtaken |= {(change.url, change.document is None) for change in first}
        urls = [change.url for change in first]
        refused = super().put([change for change in changes if change.url not in urls])
        return refused | {url: OvertakenError([url]) for url in urls}


@pytest.fixture(autouse=True)
def _overtaken(monkeypatch: pytest.MonkeyPatch) -> None:
    OvertakenAppender.overtaken = set()
    monkeypatch.setattr(crawling, "Appender", OvertakenAppender)


def texts(crawl: Crawl) -> dict[str, str]:
    return {url: entry.document.text for url, entry in crawl.entries().items() if entry.document}


def test_a_page_is_visited_again(site: MockSite, crawl: Crawl) -> None:
    home = site.page("/", "<title>Home</title>this one has a text, and has it still when it is visited again")
    with crawl.running(home):
        wait_until(lambda: list(texts(crawl)) == [home], 30, "it is put at the second visit")
    assert OvertakenAppender.overtaken == {(home, False)}


def test_a_page_that_is_gone_is_deleted_all_the_same(site: MockSite, crawl: Crawl) -> None:
    home = site.page("/", '<title>Home</title>this one is always there, and names <a href="/page">the other</a>')
    page = site.page("/page", "<title>T</title>the text of a page that goes away")
    with crawl.running(home, revisit_least=1.0, revisit=1.0):
        wait_until(lambda: texts(crawl).keys() == {home, page}, 30, "both are put")
        site.pages["/page"] = Answer(status=410)
        wait_until(lambda: list(texts(crawl)) == [home], 30, "the page is gone")
    assert (page, True) in OvertakenAppender.overtaken


class OvertakenLog(SqliteLog):
    """A log in which the first put of each URL is overtaken."""

    puts = 0

    def put(self, changes: Sequence[Change], fences: Sequence[Fence] = ()) -> list[Position]:
        self.puts += 1
        if self.puts > 1:
            return super().put(changes, fences)
        stored = dict(zip([change.url for change in changes[1:]], super().put(changes[1:]), strict=True))
        raise OvertakenError([changes[0].url], stored)


def test_records_are_put_again(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "FLUSH_SECONDS", math.inf)
    database, log = open_store(feed.data), OvertakenLog(f"{feed.data}/../log")
    records = Records(database, Appender(log, threading.Event()), "source")
    for name in "abc":
        records.add(Record(Document(url=f"https://example.org/{name}", text=name), name.encode()))
    records.flush()
    assert log.puts == 2
    assert sorted(entry.url[-1] for partition in range(64) for entry in log.read(partition, 0)) == ["a", "b", "c"]
    log.close()
    database.close()
