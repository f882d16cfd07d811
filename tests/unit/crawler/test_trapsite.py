"""A site full of traps: the crawl ends, with all useful pages, and `explain` gives the true reason for each page."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from lightship.config import CrawlerSettings
from lightship.crawler.explain import Explanation, explain
from lightship.crawler.state.store import open_store
from lightship.doclog import Entry
from mockweb.crawling import Crawl
from mockweb.site import MockSite
from mockweb.traps import set_traps

DEPTH = 20


class Trapped:
    """A finished crawl of the site of traps."""

    def __init__(self, site: MockSite, found: dict[str, Entry], settings: CrawlerSettings) -> None:
        self.site, self.found, self._settings = site, found, settings
        self._store = open_store(settings.data)

    def explain(self, path: str) -> Explanation:
        return explain(self._store, self._settings, self.site.url(path))

    def paths(self, start: str) -> set[str]:
        """Return the paths in the log with this prefix."""
        urls = [url for url, entry in self.found.items() if entry.document]
        return {path for url in urls if (path := "/" + url.split("/", 3)[3]).startswith(start)}

    def asked(self, start: str) -> int:
        return sum(count for path, count in self.site.counts().items() if path.startswith(start))


@pytest.fixture(scope="module")
def trapped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trapped]:
    folder: Path = tmp_path_factory.mktemp("traps")
    crawl = Crawl(folder)
    crawl.settings = dataclasses.replace(crawl.settings, max_depth=DEPTH)
    with MockSite() as site, contextlib.closing(crawl.log):
        set_traps(site)
        yield Trapped(site, crawl.once(site.url("/")), crawl.settings)


def test_the_crawl_ends(trapped: Trapped) -> None:
    assert sum(trapped.site.counts().values()) < 400
    assert max(trapped.site.counts().values()) == 1


def test_calendars(trapped: Trapped) -> None:
    assert trapped.asked("/calendar") <= 2 * DEPTH
    assert "trap: a calendar with the year 2031" in trapped.explain("/calendar?year=2031&month=1").reason
    assert trapped.asked("/events") <= 2 * DEPTH
    assert len(trapped.paths("/events")) == 1


def test_session_ids_are_left_out(trapped: Trapped) -> None:
    assert trapped.paths("/shop") == {f"/shop/{n}" for n in range(5)}
    assert trapped.asked("/shop") == 5
    for path in ("/shop/1?PHPSESSID=0123456789abcdef", "/shop/1;jsessionid=0123456789abcdef"):
        reason = trapped.explain(path).reason
        assert reason.startswith("trap: session id (")
        assert reason.endswith(trapped.site.url("/shop/1"))


def test_endless_combinations_of_parameters(trapped: Trapped) -> None:
    assert trapped.asked("/list") < 200
    assert trapped.paths("/list") == {"/list"}
    refused = trapped.explain("/list?" + "&".join(f"p{n}=1" for n in range(11)))
    assert "trap: endless parameters, 11 in one URL" in refused.reason
    assert trapped.explain("/list?sort=1").duplicate_of == trapped.site.url("/list")


def test_repeating_segments_and_long_urls(trapped: Trapped) -> None:
    assert trapped.asked("/deep") <= 4
    assert "trap: repeating path segments, '/more/stuff'" in trapped.explain("/deep/" + "more/stuff/" * 3).reason
    assert trapped.asked("/long") <= 17
    assert "trap: a URL of " in trapped.explain("/long/" + ("x" * 60 + "/") * 17).reason


def test_depth(trapped: Trapped) -> None:
    assert trapped.asked("/chain") == DEPTH
    assert f"depth: {DEPTH + 1} links from the source" in trapped.explain("/chain/u").reason


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/", "indexed: "),
        ("/private/page", "disallowed by line 2 of robots.txt: Disallow: /private"),
        ("/private/open", "indexed: "),
        ("/noindex", "noindex"),
        ("/canonical", "alias of its canonical page {}/product"),
        ("/copy-of-article", "duplicate of {}/article, which is indexed instead"),
        ("/folder/index.html", "duplicate of {}/folder/, which is indexed instead"),
        ("/loop-1", "moved to {}/loop-2"),
        ("/old", "moved to {}/middle"),
        ("/gone", "gone: status 410"),
        ("/missing", "gone: status 404"),
        ("/stale", "moved by meta refresh to {}/product"),
        ("/soft", "soft 404: the page itself says"),
        ("/account", "a login page"),
        ("/broken", "no usable answer so far: status 500"),
        ("/binary", "binary: "),
        ("/picture", "content type 'image/png' has no text to index"),
        ("/sitemap.xml", "read as a sitemap, for the URLs it lists: gone: status 404"),
        ("/never-linked", "never found: no page, sitemap or feed read so far links to it"),
        ("/private/never-linked", "never found, and it would not be fetched: disallowed: line 2 of robots.txt"),
    ],
)
def test_each_page_has_its_true_reason(trapped: Trapped, path: str, reason: str) -> None:
    found = trapped.explain(path)
    assert found.reason.startswith(reason.format(f"http://{trapped.site.address}"))
    assert found.indexed is (path in trapped.paths(path))


def test_more_than_the_reason_is_told(trapped: Trapped) -> None:
    old = trapped.explain("/old")
    assert [(step.url.rpartition("/")[2], step.state) for step in old.chain] == [
        ("middle", "moved"),
        ("article", "page"),
    ]
    assert (old.found_by, old.found_on, old.depth, old.status) == ("a link", trapped.site.url("/"), 1, 301)
    assert [visit.note for visit in old.visits] == [f"moved to {trapped.site.url('/middle')}"]
    assert old.next_visit
    assert trapped.explain("/middle").found_by == "a link"
    assert trapped.explain("/product").robots == "allowed: no line of robots.txt matches"
