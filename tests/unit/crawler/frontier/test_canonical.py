"""A canonical URL is a hint: it is believed for versions of a page, not for another page."""

from __future__ import annotations

import logging

import pytest

from mockweb.crawling import Crawl
from mockweb.site import Answer, MockSite
from mockweb.traps import html, prose

COMMON = ". ".join(prose(f"common {number}", 20) for number in range(6))


def named(title: str, text: str, canonical: str, links: tuple[str, ...] = ()) -> Answer:
    return html(title, text, links, f'<link rel="canonical" href="{canonical}">')


@pytest.mark.parametrize(
    ("named_page", "text"),
    [("/", COMMON), ("/shop", COMMON), ("/index.php?route=common/home", COMMON), ("/shop", "Size and price.")],
    ids=["home", "listing", "another name of the home page", "listing, by short pages"],
)
def test_pages_that_name_one_page_are_indexed(
    crawl: Crawl, site: MockSite, caplog: pytest.LogCaptureFixture, named_page: str, text: str
) -> None:
    paths = tuple(f"/product-{number}" for number in range(5))
    site.pages["/"] = html("Start", "Welcome", (named_page, *paths))
    site.pages[named_page] = html("All", f"{COMMON} {prose(named_page, 30)}", paths)
    for path in paths:
        site.pages[path] = named(path, f"{text} {prose(path, 30 if text == COMMON else 3)}", named_page)
    with caplog.at_level(logging.WARNING, "lightship.crawler"):
        crawl.once(site.url("/"))
    assert crawl.documents() == {site.url(path) for path in ("/", named_page, *paths)}
    assert sum("as its canonical page" in message for message in caplog.messages) == 1


def test_short_pages_that_name_the_home_page_are_indexed(crawl: Crawl, site: MockSite) -> None:
    site.pages["/"] = html("Home", "Welcome to our shop", ["/hours", "/print"])
    site.pages["/hours"] = named("Hours", "Open from nine to five", "/")
    site.pages["/print"] = named("Home", "Welcome to our shop, to print", "/")
    crawl.once(site.url("/"))
    assert crawl.documents() == {site.url("/"), site.url("/hours")}


@pytest.mark.parametrize("first", ["/shirt", "/shirt?color=red"])
def test_versions_of_a_page_are_one(crawl: Crawl, site: MockSite, first: str) -> None:
    text = prose("shirt", 200)
    site.pages["/"] = html("Home", prose("home"), [first, "/shirt", "/shirt?color=red", "/shirt?print=1"])
    site.pages["/shirt"] = html("Shirt", text)
    site.pages["/shirt?color=red"] = named("Shirt, red", f"{text} red", "/shirt")
    site.pages["/shirt?print=1"] = named("Shirt", text, "/shirt")
    crawl.once(site.url("/"))
    assert crawl.documents() == {site.url("/"), site.url("/shirt")}


def test_a_link_in_the_body_names_nothing(crawl: Crawl, site: MockSite) -> None:
    site.pages["/"] = html("Home", prose("home"), ["/comment"])
    site.page("/comment", f"<title>Comment</title><body><link rel=canonical href='/'><p>{prose('home')}, they said")
    crawl.once(site.url("/"))
    assert site.url("/comment") in crawl.documents()


def test_a_second_crawl_comes_to_the_same(crawl: Crawl, site: MockSite) -> None:
    site.pages["/"] = html("Home", prose("home"), ["/a"])
    site.pages["/a"] = named("Other", prose("other"), "/")
    crawl.once(site.url("/"))
    assert crawl.documents() == {site.url("/"), site.url("/a")}
    before = site.counts()
    crawl.once(site.url("/"))
    assert crawl.documents() == {site.url("/"), site.url("/a")}
    assert site.counts() == before
