"""Whatever a sitemap or feed lists, that is what is read of it, and no text is too strange to be refused quietly."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from hypothesis import given
from hypothesis import strategies as st

from lightship.core import urls
from lightship.crawler.parsing.formats.feed import parse_feed
from lightship.crawler.parsing.formats.listing import Listed, parse_time, read_records
from lightship.crawler.parsing.formats.sitemap import parse_sitemap

URL = "https://example.org/"

letters = st.characters(min_codepoint=33, exclude_categories=("Cs", "Cc", "Z"))
pages = st.lists(
    st.builds(
        Listed,
        st.text(letters, max_size=20).map(lambda path: urls.normalise(f"{URL}{path}") or URL),
        st.none() | st.datetimes(min_value=datetime(2, 1, 1), timezones=st.just(UTC)),
    ),
    unique_by=lambda page: page.url,
)


@given(pages, st.booleans(), st.sampled_from(["utf-8", "utf-16"]))
def test_a_sitemap_gives_its_pages(listed: list[Listed], packed: bool, encoding: str) -> None:
    entries = (
        f"<url><loc>{escape(url)}</loc>{f'<lastmod>{modified.isoformat()}</lastmod>' if modified else ''}</url>"
        for url, modified in listed
    )
    body = f"<urlset>{''.join(entries)}</urlset>".encode(encoding)
    assert parse_sitemap(gzip.compress(body) if packed else body, URL).pages == listed


@given(pages)
def test_a_feed_gives_its_pages(listed: list[Listed]) -> None:
    entries = (
        f"<item><link>{escape(url)}</link><date>{modified.isoformat() if modified else ''}</date></item>"
        for url, modified in listed
    )
    assert parse_feed(f"<rss>{''.join(entries)}</rss>".encode(), "", URL) == listed


tags = st.sampled_from(
    ["<url>", "</url>", "<loc>", "</loc>", "<urlset>", "</urlset>", "<rss>", "<item>", "</item>", "<link>"]
)


@given(st.lists(tags | st.text(max_size=9)).map("".join))
def test_no_text_is_an_error(text: str) -> None:
    for records in (
        read_records(text.encode("utf-8", "replace"), URL, ("url", "item"), ("loc", "link")),
        parse_feed(text.encode("utf-8", "replace"), "", URL),
    ):
        assert len(records) <= text.count("<")
    parse_sitemap(text.encode("utf-8", "replace"), URL)


@given(st.binary())
def test_no_bytes_are_an_error(body: bytes) -> None:
    parse_sitemap(body, URL)
    parse_sitemap(gzip.compress(body), URL)
    parse_feed(body, body.decode("latin-1"), URL)


@given(st.text())
def test_no_time_is_an_error(text: str) -> None:
    moment = parse_time(text)
    assert moment is None or moment.tzinfo is UTC
