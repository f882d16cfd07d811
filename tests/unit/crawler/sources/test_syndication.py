"""A feed as a source: new and changed pages become documents, and are kept when the feed drops them."""

from __future__ import annotations

import pytest

from mockweb.feeding import Feed
from mockweb.site import MockSite
from support import wait_until


def rss(*entries: tuple[str, str]) -> str:
    items = "".join(f"<item><link>{link}</link><pubDate>{time}</pubDate></item>" for link, time in entries)
    return f"<rss version='2.0'><channel>{items}</channel></rss>"


def publish(site: MockSite, *entries: tuple[str, str]) -> str:
    return "feed+" + site.page("/feed.xml", rss(*entries), content_type="application/rss+xml")


DAY_1, DAY_2 = "Mon, 01 Jan 2024 00:00:00 GMT", "Tue, 02 Jan 2024 00:00:00 GMT"


def test_entries_become_documents(site: MockSite, feed: Feed) -> None:
    site.page("/a", "<title>A</title>text of a <a href='/linked'>x</a>")
    site.page("/b", "<title>B</title>text of b")
    site.page("/linked", "not listed")
    with feed.running(publish(site, ("/a", DAY_1), ("/b", ""), ("/a", DAY_1))):
        assert {name: document.title for name, document in feed.documents().items()} == {"a": "A", "b": "B"}
        assert str(feed.documents()["a"].modified) == "2024-01-01 00:00:00+00:00"
    assert feed.progress == (2, 2, 0, 2, 0, True)
    assert site.counts() == {"/feed.xml": 1, "/a": 1, "/b": 1}


def test_only_what_is_new_or_changed_is_fetched(site: MockSite, feed: Feed) -> None:
    site.page("/a", "first a")
    site.page("/b", "first b")
    source = publish(site, ("/a", DAY_1), ("/b", DAY_1))
    with feed.running(source, revisit=1.0):
        site.page("/a", "second a")
        site.page("/c", "first c")
        publish(site, ("/a", DAY_2), ("/c", DAY_1))
        wait_until(lambda: len(feed.documents()) == 3, 30, "the feed is read again")
        assert feed.documents()["a"].text == "second a"
        wait_until(lambda: site.counts()["/feed.xml"] >= 4, 30, "it is read again and again")
    with feed.running(source):
        assert len(feed.documents()) == 3  # b, which is listed no longer, stays
    assert {path: count for path, count in site.counts().items() if path != "/feed.xml"} == {"/a": 2, "/b": 1, "/c": 1}


def test_trouble_keeps_documents_and_is_tried_again(
    site: MockSite, feed: Feed, caplog: pytest.LogCaptureFixture
) -> None:
    site.page("/a", "first a")
    site.page("/b", "busy", status=503)
    with feed.running(publish(site, ("/a", DAY_1), ("/b", DAY_1)), revisit=1.0):
        assert set(feed.documents()) == {"a"}
        assert feed.progress.failed == 1
        site.page("/b", "better")
        wait_until(lambda: set(feed.documents()) == {"a", "b"}, 30, "it is tried again")
        for broken, problem in (("<html>login", "not a feed, or a feed without pages"), ("", "status 500")):
            site.page("/feed.xml", broken, status=200 if broken else 500)
            wait_until(lambda: problem in caplog.text, 15, problem)  # noqa: B023
        assert set(feed.documents()) == {"a", "b"}
        site.page("/a", "", status=410)
        publish(site, ("/a", DAY_2))
        wait_until(lambda: set(feed.documents()) == {"b"}, 30, "what is gone is deleted when it is listed again")


def test_redirects_robots_noindex_and_other_hosts(
    site: MockSite, other: MockSite, feed: Feed, caplog: pytest.LogCaptureFixture
) -> None:
    site.page("/robots.txt", "User-agent: *\nDisallow: /secret", content_type="text/plain")
    site.redirect("/old", "/new")
    site.redirect("/way", "/secret")
    site.page("/new", "new text")
    site.page("/secret", "secret text")
    site.page("/noindex", "<meta name=robots content=noindex>x")
    private = other.page("/private", "private text")
    paths = ("/old", "/secret", "/way", "/noindex", private, "/image.png")
    site.page("/image.png", b"\x89PNG", content_type="image/png")
    with feed.running(publish(site, *((path, DAY_1) for path in paths))):
        assert set(feed.documents()) == {"new"}
    assert "robots.txt is unavailable" in caplog.text  # of the other host, at a private address that was not given
    assert "/secret" not in site.counts()
    assert not other.requests
