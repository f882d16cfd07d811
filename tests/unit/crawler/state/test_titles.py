"""Where the titles of a site all begin alike, the heading of a page is its title, also of those crawled before."""

from __future__ import annotations

import pytest

from lightship.core.model import Document
from lightship.core.sections import Section
from lightship.crawler.state.store import open_store
from lightship.crawler.state.titles import ENOUGH, Titles, beginning_of
from mockweb.crawling import Crawl
from mockweb.site import MockSite

PROSE = "Some text is here, and it goes on for a while, so that it is prose. "


def titles_of(crawl: Crawl, site: MockSite, pages: dict[str, tuple[str, str]]) -> dict[str, str]:
    """Crawl pages with a title and a heading; return the titles of their documents by path."""
    links = "".join(f"<a href={path}>{path}</a> " for path in pages)
    site.page("/", f"<title>Start</title><p>{PROSE}</p>{links}")
    for number, (path, (title, heading)) in enumerate(pages.items()):
        site.page(path, f"<title>{title}</title><h1>{heading}</h1><p>{PROSE * 3}{number}</p>")
    found = crawl.once(site.url("/"))
    return {path: entry.document.title for path in pages if (entry := found[site.url(path)]).document}


@pytest.mark.parametrize("title", ["Handbook", "Handbook: Section {}", "Handbook – {}", "HANDBOOK | Page {}"])
def test_titles_that_begin_alike_give_way_to_headings(crawl: Crawl, site: MockSite, title: str) -> None:
    pages = {f"/{number}": (title.format(number), f"About {number}") for number in range(3 * ENOUGH)}
    assert titles_of(crawl, site, pages) == {path: heading for path, (_, heading) in pages.items()}
    visits = site.counts()
    assert titles_of(crawl, site, pages) == {path: heading for path, (_, heading) in pages.items()}
    assert max(visits[path] for path in pages) == 2
    assert sum(visits[path] for path in pages) < 3 * len(pages)


@pytest.mark.parametrize(
    ("title", "heading"),
    [
        ("Page {}", "About {}"),
        ("Page {}: Handbook", "About"),
        ("Handbook", "Handbook"),
        ("Handbook: {}", "Description"),
        ("{}: a", "{}"),
    ],
)
def test_other_titles_stay(crawl: Crawl, site: MockSite, title: str, heading: str) -> None:
    pages = {f"/{number}": (title.format(number), heading.format(number)) for number in range(2 * ENOUGH)}
    assert titles_of(crawl, site, pages) == {path: title for path, (title, _) in pages.items()}
    assert max(site.counts()[path] for path in pages) == 1, "nothing is visited again"


def test_one_page_visited_often_is_not_a_site(crawl: Crawl) -> None:
    titles = Titles(open_store(crawl.data))
    document = Document(url="http://a/b", title="Handbook", text="One", sections=[Section("One", 0, 1, "")])
    for _ in range(3 * ENOUGH):
        assert titles.choose("http://a", document.url, document) == (document, "")


@pytest.mark.parametrize(
    ("title", "beginning"),
    [
        ("A  b: c", "a b"),
        ("A-b – c - d", "a-b"),
        ("A 1:2", "a 1:2"),
        ("", ""),
        ("A | b", "a"),
        ("std::vector", "std::vector"),
    ],
)
def test_beginnings(title: str, beginning: str) -> None:
    assert beginning_of(title) == beginning
