"""Every search is a feed: the newest pages first, cached like a search, and named by the page of results."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import formatdate

import feedparser
import pytest

from made import Caller, MadeShard, page, served
from support import wait_until

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeShard:
    pages = [page(n, f"lamp number {n}", modified=BEGINNING + timedelta(days=n)) for n in range(1, 80)]
    return MadeShard(tmp_path_factory.mktemp("shard")).put(*pages)


@pytest.fixture(scope="module")
def caller(made: MadeShard, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with served(tmp_path_factory.mktemp("se")) as caller:
        caller.push(made, made=time.time() - 10)
        yield caller


@pytest.mark.parametrize(
    ("form", "kind"),
    [("rss", "application/rss+xml"), ("atom", "application/atom+xml"), ("jsonfeed", "application/feed+json")],
)
@pytest.mark.parametrize("path", ["/", "/search"])
def test_a_search_is_a_feed(caller: Caller, form: str, kind: str, path: str) -> None:
    reply = caller.get(f"{path}?q=lamp&format={form}")
    assert (reply.status, reply.headers["content-type"]) == (200, kind)
    if form != "jsonfeed":
        entries = feedparser.parse(reply.body).entries
        assert [entry.link for entry in entries] == [f"https://example.org/{n}" for n in range(79, 29, -1)]
    assert caller.get(path, Accept=kind).status == 400  # a feed of nothing

    def is_known() -> bool:  # the words that are suggested change what answers depend on, once
        etag = caller.get(f"{path}?q=lamp&format={form}").headers["etag"]
        again = caller.get(f"{path}?q=lamp&format={form}", If_None_Match=etag)
        return (again.status, again.body) == (304, b"")

    wait_until(is_known, 20, "a feed is not sent again")


def test_what_was_not_modified_since_is_not_sent_again(caller: Caller) -> None:
    target = "/?q=lamp&format=atom"
    modified = caller.get(target).headers["last-modified"]
    assert caller.get(target, If_Modified_Since=modified).status == 304
    assert caller.get(target, If_Modified_Since=formatdate(time.time() - 60, usegmt=True)).status == 200
    assert caller.get(target, If_Modified_Since="yesterday").status == 200
    assert caller.get(target, If_Modified_Since=modified, If_None_Match='"other"').status == 200  # RFC 9110, 13.1.3
    assert "last-modified" not in caller.get("/?q=lamp&format=json").headers


def test_a_feed_shows_only_what_matches(caller: Caller) -> None:
    for query in ("lampp", '"number lamp"'):
        reply = caller.get("/?format=atom&q=" + query.replace('"', "%22").replace(" ", "+"))
        assert (reply.status, feedparser.parse(reply.body).entries) == (200, [])


def test_other_orders_and_sizes_may_be_asked_for(caller: Caller) -> None:
    entries = feedparser.parse(caller.get("/?q=lamp&format=rss&sort=oldest&size=3").body).entries
    assert [entry.link for entry in entries] == [f"https://example.org/{n}" for n in (1, 2, 3)]


def test_the_page_of_results_names_its_feeds(caller: Caller) -> None:
    text = caller.get("/?q=lamp+%3Cb%3E&sort=date&format=html").text
    assert (
        '<link rel="alternate" href="/?q=lamp+%3Cb%3E&amp;format=atom" type="application/atom+xml" title="lamp &lt;b&gt;">'
        in text
    )


def test_an_error_of_a_feed_is_a_line_of_text(caller: Caller) -> None:
    reply = caller.get("/?format=atom")
    assert (reply.status, reply.headers["content-type"]) == (400, "text/plain; charset=utf-8")
