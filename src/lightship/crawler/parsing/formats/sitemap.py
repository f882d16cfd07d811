"""Parses sitemaps (sitemaps.org): of pages, of sitemaps, or plain lists of URLs; with or without gzip."""

from __future__ import annotations

import contextlib
import re
import zlib
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from lightship.crawler.parsing.formats.feed import pages_of_feed
from lightship.crawler.parsing.formats.listing import (
    MAX_BYTES,
    Listed,
    Record,
    listed,
    parse_time,
    read_records,
    text_of,
)

_GZIP = b"\x1f\x8b"
_PIECE = 1 << 12  # compressed bytes that are lost with an error in them
_LINE = re.compile(rb"^[ \t]*https?://[^\r\n]*", re.IGNORECASE | re.MULTILINE)


class Sitemap(NamedTuple):
    """The pages and further sitemaps in a sitemap, as normal URLs without duplicates. Their hosts are not checked."""

    pages: list[Listed]
    sitemaps: list[str]


def parse_sitemap(body: bytes, url: str) -> Sitemap:
    """Return the contents of the sitemap at `url`: empty if `body` is not one, partial if it is malformed.

    At most MAX_PAGES of each, from the first MAX_BYTES after decompression. RSS and Atom feeds are sitemaps too.
    """
    data = text_of(_unpacked(body) if body.startswith(_GZIP) else body[:MAX_BYTES])
    if not data.startswith(b"<"):
        lines = (line[0].decode("utf-8", "replace") for line in _LINE.finditer(data))
        return Sitemap(listed((line, url, None) for line in lines), [])
    records = read_records(data, url, ("url", "sitemap"), ("loc", "lastmod", "link"))
    records = [record for record in records if record.root in ("urlset", "sitemapindex")]
    sitemaps = listed((record.text("loc"), url, None) for record in records if record.name == "sitemap")
    pages = listed(link for record in records if record.name == "url" for link in _links(record))
    return Sitemap(pages if records else pages_of_feed(data, url), [sitemap.url for sitemap in sitemaps])


def _links(record: Record) -> Iterator[tuple[str, str, datetime | None]]:
    """Yield the page of an entry, and its translations (links with hreflang)."""
    yield record.text("loc"), record.base, parse_time(record.text("lastmod"))
    for child in record.children:
        if child.name == "link" and "hreflang" in child.attributes:
            yield child.attributes.get("href", ""), record.base, None


def _unpacked(body: bytes) -> bytearray:
    """Decompress gzip, up to MAX_BYTES, and as far as possible if it is damaged or truncated."""
    unpacked, start = bytearray(), 0
    with contextlib.suppress(zlib.error):
        while body.startswith(_GZIP, start) and len(unpacked) < MAX_BYTES:
            member = zlib.decompressobj(31)
            while not member.eof and start < len(body) and len(unpacked) < MAX_BYTES:
                piece = body[start : start + _PIECE]
                unpacked += member.decompress(piece, MAX_BYTES - len(unpacked))
                start += len(piece) - len(member.unused_data)
    return unpacked
