"""Pages with the same text are folded; soft 404s are not indexed; the representative is always the same one."""

from __future__ import annotations

import pytest

from lightship.crawler.frontier.duplicates import variants
from mockweb.crawling import Crawl
from mockweb.site import Answer, MockSite
from mockweb.traps import html, prose
from support import wait_until


def paths(crawl: Crawl) -> set[str]:
    return {"/" + url.split("/", 3)[3] for url in crawl.documents()}


def test_the_representative_does_not_depend_on_the_order_and_another_takes_its_place(
    crawl: Crawl, site: MockSite
) -> None:
    site.pages["/"] = html("Start", prose("start"), ["/long-name", "/b", "/other", "/third-one"])
    for path in ("/long-name", "/b", "/third-one"):
        site.pages[path] = html("Same", prose("same", 1500) + f" seen {path[1]} times")
    site.pages["/other"] = html("Other", prose("other", 400))
    crawl.once(site.url("/"), per_host=1)
    assert paths(crawl) == {"/", "/b", "/other"}
    site.pages["/b"] = Answer("gone", 410)
    with crawl.running(site.url("/"), revisit=1.0):
        wait_until(lambda: paths(crawl) == {"/", "/long-name", "/other"}, 30, "another one stands for both")
        site.pages["/b"] = html("Same", prose("same", 1500) + " times seen")
        wait_until(lambda: paths(crawl) == {"/", "/b", "/other"}, 30, "the first one stands for them again")


def test_a_duplicate_that_becomes_another_page_is_put(crawl: Crawl, site: MockSite) -> None:
    site.pages["/"] = html("Start", prose("start"), ["/a", "/copy"])
    site.page("/a", html("Same", prose("same")).body, headers={"ETag": '"a"'})
    site.page("/copy", html("Same", prose("same")).body, headers={"ETag": '"copy"'})
    crawl.once(site.url("/"))
    assert paths(crawl) == {"/", "/a"}
    site.pages["/a"] = html("Different", prose("different"))  # the copy is not modified, and no copy any more
    with crawl.running(site.url("/"), revisit=1.0):
        wait_until(lambda: paths(crawl) == {"/", "/a", "/copy"}, 30, "both are put")


@pytest.mark.parametrize(
    ("linked", "kept"),
    [
        (["/d/", "/d/index.html"], "/d/"), (["/d/index.html", "/d/"], "/d/"), (["/d", "/d/"], "/d"),
        (["/d/index.htm", "/d/index.php"], "/d/index.htm"),
    ],
)  # fmt: skip
def test_slashes_and_index_pages_are_folded_when_the_text_is_the_same(
    crawl: Crawl, site: MockSite, linked: list[str], kept: str
) -> None:
    site.pages["/"] = html("Start", prose("start"), [*linked, "/e/", "/e"])
    for path in linked:
        site.pages[path] = html("Folder", "short text")
    site.pages["/e/"], site.pages["/e"] = html("E", "a folder"), html("E", "another page")
    crawl.once(site.url("/"))
    assert paths(crawl) == {"/", kept, "/e", "/e/"}


def test_short_texts_under_other_urls_and_other_titles_stay_apart(crawl: Crawl, site: MockSite) -> None:
    site.pages["/"] = html("Start", prose("start"), ["/1", "/2", "/3", "/4"])
    site.pages["/1"] = site.pages["/2"] = html("Short", "the same few words")
    site.pages["/3"] = html("One function", prose("api", 400) + " one")
    site.pages["/4"] = html("Another function", prose("api", 400) + " two")
    crawl.once(site.url("/"))
    assert paths(crawl) == {"/", "/1", "/2", "/3", "/4"}


@pytest.mark.parametrize(
    ("title", "one", "two"),
    [
        ("Same", "costs 12 euros", "costs 13 euros"), ("Same", "call get_x1", "call get_x2"),
        ("Same", "by Miller", "by Molina"), ("", "a word", "of word"), ("Same", "在北京", "在南京"),
    ],
)  # fmt: skip
def test_pages_with_another_number_name_or_without_a_title_stay_apart(
    crawl: Crawl, site: MockSite, title: str, one: str, two: str
) -> None:
    site.pages["/"] = html("Start", prose("start"), ["/1", "/2"])
    for path, text in (("/1", one), ("/2", two)):
        site.page(path, f"<html lang=en><title>{title}</title><p>{prose('alike', 3000)} {text}")
    crawl.once(site.url("/"))
    assert paths(crawl) == {"/", "/1", "/2"}


def test_pages_that_differ_in_a_little_word_are_folded(crawl: Crawl, site: MockSite) -> None:
    site.pages["/"] = html("Start", prose("start"), ["/1", "/2"])
    for path, text in (("/1", "an end"), ("/2", "the end")):
        site.pages[path] = html("Same", f"{prose('alike', 3000)} {text}")
    crawl.once(site.url("/"))
    assert paths(crawl) == {"/", "/1"}


def test_what_a_site_answers_for_pages_that_are_not_there_is_left_out(crawl: Crawl, site: MockSite) -> None:
    site.pages["/"] = html("Start", prose("start"), ["/a", "/nothing", "/nothing-else"])
    site.pages["/a"] = html("A", prose("a"))
    site.endless.append(lambda _: html("Our shop", "Try our search! " + prose("shop")))
    crawl.once(site.url("/"))
    assert paths(crawl) == {"/", "/a"}


def test_an_application_that_answers_all_with_one_page_is_in_the_index_once(crawl: Crawl, site: MockSite) -> None:
    site.endless.append(lambda path: html("App", prose("app"), ["/x", "/y"]) if path != "/sitemap.xml" else None)
    crawl.once(site.url("/"))
    assert paths(crawl) == {"/"}


def test_variants() -> None:
    assert "http://ex.org/" in variants("http://ex.org/index.html")
    assert {"http://ex.org/a/", "http://ex.org/a/index.html"} <= set(variants("http://ex.org/a"))
    assert {"http://ex.org/a?q", "http://ex.org/a/index.html?q"} <= set(variants("http://ex.org/a/?q"))
    assert "http://ex.org" not in variants("http://ex.org/")
