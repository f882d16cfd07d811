"""Sitemaps in all formats, intact and malformed, and refusals."""

from __future__ import annotations

import gzip
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from lightship.crawler.parsing.formats import listing
from lightship.crawler.parsing.formats.listing import Listed, parse_time
from lightship.crawler.parsing.formats.sitemap import parse_sitemap

URL = "https://example.org/sitemap.xml"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def urlset(inner: str) -> bytes:
    return f"{HEAD}<urlset {NAMESPACE}>{inner}</urlset>".encode()


def urls(body: bytes) -> list[str]:
    return [page.url for page in parse_sitemap(body, URL).pages]


def test_pages_with_their_times() -> None:
    body = urlset(
        "<url><loc> https://example.org/a?x=1&amp;y=2 </loc><lastmod>2024-05-06</lastmod><priority>0.5</priority></url>"
        "<url><lastmod>2024-05-06T07:08:09+02:00</lastmod><loc>https://EXAMPLE.org/b#top</loc></url>"
        "<url><loc><![CDATA[https://example.org/c?a&b]]></loc><lastmod>yesterday</lastmod></url>"
        "<url><lastmod>2024-05-06</lastmod></url>"
    )
    assert parse_sitemap(body, URL).pages == [
        Listed("https://example.org/a?x=1&y=2", datetime(2024, 5, 6, tzinfo=UTC)),
        Listed("https://example.org/b", datetime(2024, 5, 6, 5, 8, 9, tzinfo=UTC)),
        Listed("https://example.org/c?a&b", None),
    ]


def test_an_index_names_sitemaps() -> None:
    body = (
        f"{HEAD}<sitemapindex {NAMESPACE}><sitemap><loc>https://example.org/1.xml.gz</loc></sitemap>"
        "<sitemap><loc>/2.xml</loc><lastmod>2024</lastmod></sitemap></sitemapindex>"
    )
    assert parse_sitemap(body.encode(), URL) == ([], ["https://example.org/1.xml.gz", "https://example.org/2.xml"])


def test_prefixes_images_and_translations() -> None:
    body = (
        '<sm:urlset xmlns:sm="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:i="i"><sm:url>'
        "<sm:loc>https://example.org/en</sm:loc><i:image><i:loc>https://example.org/p.png</i:loc></i:image>"
        '<x:link rel="alternate" hreflang="de" href="https://example.org/de"/>'
        '<x:link rel="alternate" href="https://m.example.org/"/></sm:url></sm:urlset>'
    )
    assert urls(body.encode()) == ["https://example.org/en", "https://example.org/de"]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_lines_of_text(mark: bytes) -> None:
    body = (
        mark
        + b"https://example.org/a\r\n# no url\n\nHTTP://example.org/b\nftp://example.org/\n/c\nhttps://example.org/a"
    )
    assert urls(body) == ["https://example.org/a", "http://example.org/b"]


def test_a_feed_is_a_sitemap() -> None:
    body = b"<rss><channel><link>https://example.org/</link><item><link>https://example.org/a</link></item></channel></rss>"
    assert urls(body) == ["https://example.org/a"]


def test_gzip_whole_in_members_and_cut_off() -> None:
    one, two = urlset("<url><loc>https://example.org/1</loc></url>").split(b"</urlset>")[0], b"</urlset>"
    assert urls(gzip.compress(one) + gzip.compress(two)) == ["https://example.org/1"]
    many = gzip.compress(urlset("".join(f"<url><loc>https://example.org/{n}</loc></url>" for n in range(20_000))))
    found = urls(many[: len(many) // 2])
    assert 5000 < len(found) < 15_000
    assert found == [f"https://example.org/{n}" for n in range(len(found))]
    damaged = bytearray(many)
    damaged[len(many) // 2 :] = bytes(len(many) - len(many) // 2)
    assert 5000 < len(urls(bytes(damaged))) < 15_000
    assert urls(b"\x1f\x8bno gzip at all") == []


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"<", b"<!doctype html><html><body><a href='/x'>x</a></body></html>", b"\x00\xff" * 50, b"{}",
     b"<html><url><loc>https://example.org/</loc></url></html>", b"<urlset>" * 100_000],
)  # fmt: skip
def test_what_is_no_sitemap_names_nothing(body: bytes) -> None:
    assert parse_sitemap(body, URL) == ([], [])


@pytest.mark.parametrize(
    ("broken", "left"),
    [
        ("<url><loc>https://example.org/2</loc>", 1),
        ("<url><loc>https://example.org/2</loc></url></wrong>", 2),
        ("<url><loc>https://example.org/?a=1&b=2&nbsp;</loc></url><url><loc>https://example.org/3</loc></url>", 3),
        ("<url><loc>https://example.org/\x02a</loc></url>", 2),
    ],
)
def test_broken_xml_gives_what_was_read(broken: str, left: int) -> None:
    assert len(urls(urlset("<url><loc>https://example.org/1</loc></url>" + broken))) == left


@pytest.mark.parametrize(
    "subset",
    [
        '<!ENTITY x SYSTEM "file:///etc/passwd">',
        '<!ENTITY a "https://example.org/"><!ENTITY x "&a;&a;&a;&a;">',
        '<!ENTITY % p SYSTEM "http://127.0.0.1:1/"> %p;',
        '<!ATTLIST url x CDATA "long">',
    ],
)
def test_a_document_type_that_declares_is_refused(subset: str) -> None:
    body = f"<!DOCTYPE urlset [{subset}]><urlset><url><loc>https://example.org/&x;</loc></url></urlset>"
    assert parse_sitemap(body.encode(), URL) == ([], [])


def test_a_document_type_elsewhere_is_not_fetched() -> None:
    body = '<!DOCTYPE urlset SYSTEM "file:///etc/passwd"><urlset><url><loc>https://example.org/&x;</loc></url></urlset>'
    assert urls(body.encode()) == ["https://example.org/"]


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "gb18030", "shift_jis"])
def test_other_encodings(encoding: str) -> None:
    path = "é" if encoding == "iso-8859-1" else "中"
    body = (
        f'<?xml version="1.0" encoding="{encoding}"?><urlset><url><loc>https://example.org/{path}</loc></url></urlset>'
    )
    expected = "https://example.org/%C3%A9" if path == "é" else "https://example.org/%E4%B8%AD"
    assert urls(body.encode(encoding)) == [expected]


def test_too_many_pages_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MAX_PAGES", 3)
    body = urlset("".join(f"<url><loc>https://example.org/{n}</loc></url>" for n in range(5)))
    assert urls(body) == [f"https://example.org/{n}" for n in range(3)]
    assert len(urls("\n".join(f"https://example.org/{n}" for n in range(5)).encode())) == 3


@pytest.mark.parametrize(
    "made",
    [
        lambda: b"<urlset>" + b"<url><loc/><loc/>" * 500_000,
        lambda: b"<urlset " + b" ".join(b"a%d='>'" % n for n in range(500_000)) + b"/>",
        lambda: b"<urlset><url><loc>" + b"x" * 8_000_000,
        lambda: gzip.compress(bytes(100_000_000)),
        lambda: gzip.compress(b"<urlset><url><loc>" + b"x" * 80_000_000),
        lambda: b"<a>" * 2_000_000,
        lambda: b"<urlset>" + b"&" * 4_000_000,
        lambda: b"<!--" * 2_000_000,
    ],
    ids=["children", "attributes", "text", "zeros", "bomb", "depth", "ampersands", "comments"],
)
def test_hostile_documents_cost_little(made: Callable[[], bytes]) -> None:
    body = made()
    began = time.process_time()
    tracemalloc.start()
    assert parse_sitemap(body, URL) == ([], [])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 400 << 20  # some copies of what is read: MAX_BYTES
    assert time.process_time() - began < 20


def test_times() -> None:
    moments = {
        "2024": datetime(2024, 1, 1, tzinfo=UTC),
        "2024-02": datetime(2024, 2, 1, tzinfo=UTC),
        "2024-02-03": datetime(2024, 2, 3, tzinfo=UTC),
        "2024-02-03T04:05Z": datetime(2024, 2, 3, 4, 5, tzinfo=UTC),
        "2024-02-03T04:05:06.7-01:00": datetime(2024, 2, 3, 5, 5, 6, 700_000, tzinfo=UTC),
        "2024-02-03 04:05:06": datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC),
        "Sat, 03 Feb 2024 04:05:06 GMT": datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC),
        "03 Feb 24 04:05 EST": datetime(2024, 2, 3, 9, 5, tzinfo=UTC),
    }
    assert {text: parse_time(text) for text in moments} == moments
    wrong = ["", "now", "2024-13", "2024-02-30", "0000", "0001-01-01T00:00+14:00", "9999-12-31T23:00-14:00", "x" * 1000]
    assert [parse_time(text) for text in wrong] == [None] * len(wrong)
