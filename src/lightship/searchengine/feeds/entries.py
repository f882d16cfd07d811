"""What all forms of a feed show of an answer."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from lightship.searchengine.search.api import Answer, Hit

UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)  # where a date is required, and the page has none

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # https://www.w3.org/TR/xml/#charsets


class Entry(NamedTuple):
    """A page in a feed: `url` is its identity, and `link` leads to the section with the words, empty if it can't be followed.

    `summary` is escaped HTML with `<mark>`.
    """

    url: str
    link: str
    title: str
    summary: str
    updated: datetime | None
    language: str


class Feed(NamedTuple):
    """A search as a feed: `page` is its url for people, `address` its own, both relative if the public one is not known."""

    id: str
    title: str
    page: str
    address: str
    updated: datetime
    entries: list[Entry]


def feed_of(answer: Answer, public: str, page: str, address: str) -> Feed:
    """Return the feed of an answer; `page` and `address` are paths below `public`, which may be empty."""
    entries = list(map(_entry, answer.hits))
    base = public.rstrip("/")
    return Feed(
        id=uuid.uuid5(uuid.NAMESPACE_URL, base + page).urn,
        title=clean(f"{answer.query} – Lightship" if answer.query else "Lightship"),
        page=base + page,
        address=base + address,
        updated=max((entry.updated for entry in entries if entry.updated), default=UNKNOWN),
        entries=entries,
    )


def clean(text: str) -> str:
    """Return `text` without what XML does not allow."""
    return _NOT_XML.sub("", text)


def _entry(hit: Hit) -> Entry:
    url = clean(hit.url)
    return Entry(
        url=url,
        link=next(_links(hit), ""),
        title=clean(hit.title).strip() or url,
        summary=clean(hit.snippet),
        updated=hit.modified,
        language=hit.language or "",
    )


def _links(hit: Hit) -> Iterator[str]:
    if hit.url.lower().startswith(("http://", "https://")):
        yield clean(hit.link)
