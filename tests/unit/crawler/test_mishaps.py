"""One bad page is one failed page, with its reason; the crawl continues."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lightship.crawler.explain import explain
from lightship.crawler.fetching.visit import Visitor
from lightship.crawler.parsing.sandbox import process
from lightship.crawler.state.store import open_store
from mockweb.crawling import Crawl
from mockweb.site import MockSite


@pytest.fixture
def crawl(tmp_path: Path) -> Any:
    made = Crawl(tmp_path)
    yield made
    made.log.close()


@pytest.fixture
def site() -> Any:
    with MockSite() as started:
        yield started


def why(crawl: Crawl, url: str) -> str:
    database = open_store(crawl.data)
    try:
        return explain(database, crawl.settings, url).reason
    finally:
        database.close()


@pytest.mark.parametrize(
    "header",
    [
        {"Last-Modified": "Thu, 01 Jan 99999999999999999999 00:00:00 GMT"},
        {"Last-Modified": "9" * 5000},
        {"Last-Modified": "Thu, 01 Jan 0001 00:00:00 +2359"},
        {"ETag": "\udcff"},
        {"X-Robots-Tag": "\udcff: noindex"},
    ],
)
def test_no_header_ends_a_crawl(header: dict[str, str], crawl: Crawl, site: MockSite) -> None:
    site.page("/", "<a href=/odd>odd</a><a href=/next>next</a>")
    site.page("/odd", "<p>odd", headers=header)
    site.page("/next", "<p>next")
    assert {site.url("/next"), site.url("/odd")} <= crawl.once(site.url("/")).keys()


def test_what_nobody_foresaw_is_one_failed_page(
    crawl: Crawl, site: MockSite, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site.page("/", "<a href=/odd>odd</a><a href=/next>next</a>")
    site.page("/odd", "<p>odd")
    site.page("/next", "<p>next")
    real = Visitor._indexed

    def fails(self: Visitor, entry: Any, *rest: Any) -> Any:
        if entry.url.endswith("/odd"):
            raise RecursionError("too deep")
        return real(self, entry, *rest)

    monkeypatch.setattr(Visitor, "_indexed", fails)
    assert site.url("/next") in crawl.once(site.url("/"))
    assert "the visit failed: RecursionError: too deep" in why(crawl, site.url("/odd"))
    assert "/odd: failed, the visit failed: RecursionError" in caplog.text


def test_a_page_over_a_limit_is_explained(crawl: Crawl, site: MockSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "WALL_SECONDS", 2.0)
    site.page("/", "<a href=/slow>slow</a><a href=/next>next</a>")
    site.page("/slow", b"<p " + b" ".join(b"a%d=1" % number for number in range(200_000)) + b">")
    site.page("/next", "<p>next")
    assert site.url("/next") in crawl.once(site.url("/"))
    assert "parsing it takes more than 2 s" in why(crawl, site.url("/slow"))
