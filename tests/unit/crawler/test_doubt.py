"""A web crawler that dies between writing the log and its own store: the log converges to the site."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from lightship.core.errors import LightshipError
from lightship.core.model import Change
from lightship.crawler.output.append import Appender
from mockweb import crawling
from mockweb.crawling import Crawl
from mockweb.site import Answer, MockSite
from support import wait_until


class KilledError(Exception):
    """The process ends here."""


class DyingAppender(Appender):
    """Dies right after the log has a change of a page called `page`."""

    died = threading.Event()

    def put(self, changes: Sequence[Change]) -> dict[str, LightshipError]:
        refused = super().put(changes)
        if any(change.url.endswith("/page") for change in changes):
            self.died.set()
            raise KilledError
        return refused


def die(crawl: Crawl, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    DyingAppender.died.clear()
    with monkeypatch.context() as patch:
        patch.setattr(crawling, "Appender", DyingAppender)
        with pytest.raises(KilledError), crawl.running(url, revisit_least=1.0, revisit=1.0):
            assert DyingAppender.died.wait(20)


def texts(crawl: Crawl) -> dict[str, str]:
    return {url: entry.document.text for url, entry in crawl.entries().items() if entry.document}


@pytest.fixture
def home(site: MockSite) -> str:
    """A permanent page with a link to the page at which the crawler dies."""
    return site.page("/", '<title>Home</title>this one is always there, and names <a href="/page">the other</a>')


def test_a_page_that_was_put_and_is_gone(
    site: MockSite, home: str, crawl: Crawl, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = site.page("/page", "<title>T</title>the first text of the page")
    die(crawl, home, monkeypatch)
    assert page in texts(crawl)
    site.pages["/page"] = Answer(status=410)
    with crawl.running(home, revisit_least=1.0, revisit=1.0):
        wait_until(lambda: list(texts(crawl)) == [home], 30, "the page is gone")


def test_a_page_that_was_changed_and_changed_back(
    site: MockSite, home: str, crawl: Crawl, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Answer("<title>T</title>the first text of the page", headers={"ETag": '"1"'})
    site.pages["/page"] = first
    crawl.once(home, revisit_least=1.0, revisit=1.0)
    before = texts(crawl)
    site.page("/page", "<title>T</title>the second text of the page")
    die(crawl, home, monkeypatch)
    assert texts(crawl) != before
    site.pages["/page"] = first
    with crawl.running(home, revisit_least=1.0, revisit=1.0):
        wait_until(lambda: texts(crawl) == before, 30, "the first text again")
