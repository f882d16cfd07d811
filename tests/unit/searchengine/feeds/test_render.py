"""Feeds are what their specifications say, whatever the pages are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

import feedparser
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.core.model import clean_text
from lightship.searchengine.feeds.entries import feed_of
from lightship.searchengine.feeds.render import render_feed
from lightship.searchengine.search.api import Answer, Hit, HitSection, IndexInfo
from lightship.searchengine.search.request import Format

ATOM = "{http://www.w3.org/2005/Atom}"
DAY = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
XML: list[Format] = ["rss", "atom"]


def hit(url: str = "https://ex.org/a", **more: Any) -> Hit:
    return Hit(
        **{"url": url, "title": "A", "snippet": "a <mark>lamp</mark> &amp; b", "score": None, "site": "ex.org", **more}
    )


def render(form: Format, *hits: Hit, query: str = "lamp") -> bytes:
    answer = Answer(query=query, total=len(hits), page=1, size=50, took_ms=0, index=IndexInfo(), hits=list(hits))
    return render_feed(form, feed_of(answer, "https://search.ex.org/", "/?q=lamp", f"/?q=lamp&format={form}"))


@pytest.mark.parametrize("form", XML)
def test_a_reader_reads_title_link_date_and_summary(form: Format) -> None:
    sections = [HitSection(heading="S", url="https://ex.org/a#s")]
    read = feedparser.parse(
        render(form, hit(title="A & <b>", modified=DAY, sections=sections, language="en")), sanitize_html=False
    )
    assert not read.bozo
    assert read.feed.link == "https://search.ex.org/?q=lamp"
    (entry,) = read.entries
    assert (entry.title, entry.link) == ("A & <b>", "https://ex.org/a#s")
    assert "a <mark>lamp</mark> &amp; b" in str(entry.get("content") or entry.summary)
    assert entry["published_parsed" if form == "rss" else "updated_parsed"][:6] == (2026, 1, 2, 3, 4, 5)


def test_an_identity_is_the_url_and_in_rss_also_the_date() -> None:
    read = {form: feedparser.parse(render(form, hit(modified=DAY))).entries[0].id for form in XML}
    assert read == {"rss": "https://ex.org/a#2026-01-02T03:04:05Z", "atom": "https://ex.org/a"}


def test_a_json_feed_has_what_the_specification_requires() -> None:
    read = msgspec.json.decode(render("jsonfeed", hit(modified=DAY), hit("file:///x")))
    assert (read["version"], read["title"]) == ("https://jsonfeed.org/version/1.1", "lamp – Lightship")
    assert read["items"] == [
        {
            "id": "https://ex.org/a", "url": "https://ex.org/a", "title": "A", "content_html": "a <mark>lamp</mark> &amp; b",
            "date_modified": "2026-01-02T03:04:05Z",
        },
        {"id": "file:///x", "title": "A", "content_html": "a <mark>lamp</mark> &amp; b"},
    ]  # fmt: skip


@given(st.text(max_size=30), st.text(max_size=30).map(clean_text), st.sampled_from([None, DAY]))
def test_a_feed_of_any_text_is_well_formed_and_complete(query: str, text: str, modified: datetime | None) -> None:
    pages = [hit(title=text, modified=modified), hit("mailto:a@ex.org", title=text)]
    atom = ET.fromstring(render("atom", *pages, query=clean_text(query)))
    for entry in (atom, *atom.findall(f"{ATOM}entry")):  # RFC 4287, sections 4.1.1 and 4.1.2
        for name in ("id", "title", "updated"):
            assert len(entry.findall(ATOM + name)) == 1
    for entry in atom.findall(f"{ATOM}entry"):
        assert entry.find(f"{ATOM}content") is not None
    channel = ET.fromstring(render("rss", *pages, query=clean_text(query))).find("channel")
    assert channel is not None
    assert [each.tag for each in channel][:3] == ["title", "link", "description"]
    for item in channel.findall("item"):
        assert item.find("title") is not None
        assert item.findtext("guid")
