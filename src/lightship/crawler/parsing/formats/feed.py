"""Parses feeds: RSS 0.9x, 1.0 and 2.0, Atom, and JSON Feed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from lightship.core import urls
from lightship.crawler.parsing.formats.listing import (
    MAX_BYTES,
    Listed,
    Record,
    listed,
    parse_time,
    read_records,
    text_of,
)

TYPES = frozenset({  # media types of feeds
    "application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json", "application/json",
    "application/xml", "text/xml",
})  # fmt: skip

_ROOTS = ("rss", "RDF", "feed")
_TIMES = ("updated", "modified", "pubDate", "date", "published", "issued")  # the first one present counts
_CHILDREN = ("link", "guid", *_TIMES)


class _Item(msgspec.Struct):
    """The parsed part of an item of a JSON Feed."""

    id: str | float | None = ""
    url: str | None = ""
    date_modified: str | None = ""
    date_published: str | None = ""


class _JsonFeed(msgspec.Struct):
    version: str
    items: list[_Item] = []


def parse_feed(body: bytes, content_type: str, url: str) -> list[Listed]:
    """Return the pages listed in the feed at `url`, as normal URLs without duplicates; none if `body` is not a feed.

    `content_type` is the header's value. At most MAX_PAGES, from the first MAX_BYTES; a malformed feed is read as far
    as possible.
    """
    return pages_of_feed(text_of(body[:MAX_BYTES], content_type), url)


def pages_of_feed(data: bytes, url: str) -> list[Listed]:
    """Like parse_feed, for a feed in UTF-8."""
    if data.startswith(b"{"):
        return listed(_json(data, url))
    records = read_records(data, url, ("item", "entry"), _CHILDREN)
    return listed(
        (_link(record), record.base, parse_time(record.text(*_TIMES))) for record in records if record.root in _ROOTS
    )


def _link(record: Record) -> str:
    """Return the link of the page itself, in the notation of each kind of feed."""
    for name, attributes, text in record.children:
        link = attributes.get("href") or text
        if name == "link" and link and attributes.get("rel", "alternate") == "alternate":
            return link
    for child in record.children:
        if child.name == "guid" and child.attributes.get("isPermaLink", "true") == "true":
            return child.text
    return record.attributes.get("rdf:about", "")


def _json(text: bytes, url: str) -> Iterator[tuple[str, str, datetime | None]]:
    try:
        feed = msgspec.json.decode(text, type=_JsonFeed)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return
    for item in feed.items if "jsonfeed.org" in feed.version else ():
        link = item.url or str(item.id)
        if urls.normalise(link):
            yield link, url, parse_time(item.date_modified or item.date_published or "")
