"""Feeds in all formats: the listed pages, and their times of change."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lightship.crawler.parsing.formats.feed import parse_feed
from lightship.crawler.parsing.formats.listing import Listed

URL = "https://example.org/feeds/news.xml"
JANUARY = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)


def item(inner: str) -> bytes:
    return f'<rss version="2.0"><channel><link>https://example.org/</link><item>{inner}</item></channel></rss>'.encode()


def parse(body: bytes | str, content_type: str = "") -> list[Listed]:
    return parse_feed(body.encode() if isinstance(body, str) else body, content_type, URL)


@pytest.mark.parametrize(
    ("inner", "page"),
    [
        ("<title>A</title><link> https://example.org/a </link>", Listed("https://example.org/a")),
        ("<link>../a?x&amp;y</link><pubDate>Tue, 02 Jan 2024 03:04:05 GMT</pubDate>", Listed("https://example.org/a?x&y", JANUARY)),
        ("<dc:date>2024-01-02T03:04:05Z</dc:date><link>/a</link>", Listed("https://example.org/a", JANUARY)),
        ("<guid>https://example.org/a</guid>", Listed("https://example.org/a")),
        ("<atom:link rel='self' href='/self'/><link>/a</link>", Listed("https://example.org/a")),
        ("<link>/a</link><guid isPermaLink='false'>tag:b</guid><enclosure url='/c.mp3'/>", Listed("https://example.org/a")),
        ("<description>&lt;a href='/x'>&nbsp;</description><link>/a</link>", Listed("https://example.org/a")),
        ("<source><link>/other</link></source><link/><link>/a</link>", Listed("https://example.org/a")),
        ("<link>/a</link><atom:updated>2024-01-02T03:04:05Z</atom:updated><pubDate>1 Jan 2020 00:00 GMT</pubDate>",
         Listed("https://example.org/a", JANUARY)),
    ],
)  # fmt: skip
def test_rss_items(inner: str, page: Listed) -> None:
    assert parse(item(inner)) == [page]


@pytest.mark.parametrize(
    "inner", ["", "<guid isPermaLink='false'>https://example.org/</guid>", "<link>mailto:me@x.org</link>"]
)
def test_an_item_without_a_page(inner: str) -> None:
    assert parse(item(inner)) == []


def test_rss_091_with_its_document_type() -> None:
    dtd = '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd">'
    body = f'<?xml version="1.0"?>{dtd}<rss version="0.91"><channel><item><title>caf&eacute;</title><link>/a</link></item></channel></rss>'
    assert parse("\n " + body) == [Listed("https://example.org/a")]


def test_rss_1() -> None:
    body = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
        '<channel><items><rdf:Seq><rdf:li resource="https://example.org/a"/></rdf:Seq></items></channel>'
        '<item rdf:about="https://example.org/a"><link>https://example.org/a</link></item>'
        '<item rdf:about="https://example.org/b"><title>B</title></item></rdf:RDF>'
    )
    assert parse(body) == [Listed("https://example.org/a"), Listed("https://example.org/b")]


def test_atom() -> None:
    body = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://other.example/blog/"><link rel="self" href="/f"/>'
        '<entry><link rel="edit" href="/edit"/><link href="a"/><updated>2024-01-02T03:04:05Z</updated>'
        "<published>2023-01-01T00:00:00Z</published></entry>"
        '<entry xml:base="sub/"><link rel="alternate" type="text/html" href="b"/></entry>'
        '<entry><id>https://example.org/id</id><link rel="enclosure" href="c"/></entry></feed>'
    )
    assert parse(body) == [Listed("https://other.example/blog/a", JANUARY), Listed("https://other.example/blog/sub/b")]


def test_atom_03() -> None:
    body = '<feed version="0.3"><entry><link rel="alternate" href="/a"/><modified>2024-01-02T03:04:05Z</modified></entry></feed>'
    assert parse(body) == [Listed("https://example.org/a", JANUARY)]


def test_json_feed() -> None:
    body = (
        '{"version": "https://jsonfeed.org/version/1.1", "title": "x", "items": [{"id": 1, "url": "https://example.org/a",'
        ' "date_published": "2024-01-02T03:04:05Z", "date_modified": null}, {"id": "https://example.org/b"}, {"id": 3}]}'
    )
    assert parse(body, "application/feed+json") == [
        Listed("https://example.org/a", JANUARY),
        Listed("https://example.org/b"),
    ]


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", '{"items": [{"url": "https://example.org/"}]}', '{"version": "https://jsonfeed.org/version/1"}',
     '{"version": "1", "items": [{"url": "https://example.org/"}]}', '{"a":' * 50_000, "<html><item><link>/a</link></item></html>",
     "<!doctype html><title>x</title>", "plain text https://example.org/"],
)  # fmt: skip
def test_what_is_no_feed_lists_nothing(body: str) -> None:
    assert parse(body) == []


def test_the_newest_time_of_a_page_counts() -> None:
    times = ("2024-01-02T03:04:05Z", "", "2023-01-01")
    body = "".join(f"<entry><link href='/a'/><updated>{time}</updated></entry>" for time in times)
    assert parse(f"<feed>{body}</feed>") == [Listed("https://example.org/a", JANUARY)]


def test_a_header_names_the_encoding() -> None:
    body = "<feed><entry><link href='/中'/></entry></feed>".encode("gb18030")
    assert parse(body, "application/atom+xml; charset=GB2312") == [Listed("https://example.org/%E4%B8%AD")]
