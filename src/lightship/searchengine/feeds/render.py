"""Writes feeds: RSS 2.0 (rssboard.org/rss-specification), Atom (RFC 4287), JSON Feed 1.1 (jsonfeed.org/version/1.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from email.utils import format_datetime

import msgspec
from markupsafe import escape

from lightship.searchengine.feeds.entries import UNKNOWN, Entry, Feed
from lightship.searchengine.search.request import Format

FEED_TYPES: dict[Format, str] = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "jsonfeed": "application/feed+json",
}
_XML = '<?xml version="1.0" encoding="utf-8"?>\n'


def render_feed(form: Format, feed: Feed) -> bytes:
    """Return `feed` in one of the forms of FEED_TYPES, as UTF-8."""
    return _RENDERERS[form](feed)


def _rss(feed: Feed) -> bytes:
    lines = [
        f'{_XML}<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">\n<channel>',
        f"<title>{escape(feed.title)}</title>",
        f"<link>{escape(feed.page)}</link>",
        f"<description>{escape(feed.title)}</description>",
        f'<atom:link rel="self" type="{FEED_TYPES["rss"]}" href="{escape(feed.address)}"/>',
        *(line for entry in feed.entries for line in _item(entry)),
        "</channel>\n</rss>\n",
    ]
    return "\n".join(lines).encode()


def _item(entry: Entry) -> Iterator[str]:
    """Yield an item. Its guid has the date, because readers show an item again only if that is another one."""
    dated = f"#{_iso(entry.updated)}" if entry.updated else ""
    yield f"<item>\n<title>{escape(entry.title)}</title>"
    if entry.link:
        yield f"<link>{escape(entry.link)}</link>"
    yield f'<guid isPermaLink="false">{escape(entry.url + dated)}</guid>'
    if entry.updated:
        yield f"<pubDate>{format_datetime(entry.updated, usegmt=True)}</pubDate>"
    yield f"<description>{escape(entry.summary)}</description>\n</item>"


def _atom(feed: Feed) -> bytes:
    lines = [
        f'{_XML}<feed xmlns="http://www.w3.org/2005/Atom">',
        f"<id>{escape(feed.id)}</id>",
        f"<title>{escape(feed.title)}</title>",
        f"<updated>{_iso(feed.updated)}</updated>",
        "<author><name>Lightship</name></author>",
        f'<link rel="self" type="{FEED_TYPES["atom"]}" href="{escape(feed.address)}"/>',
        f'<link rel="alternate" type="text/html" href="{escape(feed.page)}"/>',
        *(line for entry in feed.entries for line in _atom_entry(entry)),
        "</feed>\n",
    ]
    return "\n".join(lines).encode()


def _atom_entry(entry: Entry) -> Iterator[str]:
    language = f' xml:lang="{escape(entry.language)}"' if entry.language else ""
    yield f"<entry{language}>\n<id>{escape(entry.url)}</id>"
    yield f"<title>{escape(entry.title)}</title>"
    yield f"<updated>{_iso(entry.updated or UNKNOWN)}</updated>"
    if entry.link:
        yield f'<link rel="alternate" href="{escape(entry.link)}"/>'
    yield f'<content type="html">{escape(entry.summary)}</content>\n</entry>'


def _json(feed: Feed) -> bytes:
    return msgspec.json.encode({
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.page,
        "feed_url": feed.address,
        "items": [_json_item(entry) for entry in feed.entries],
    })  # fmt: skip


def _json_item(entry: Entry) -> dict[str, str]:
    item = {
        "id": entry.url,
        "url": entry.link,
        "title": entry.title,
        "content_html": entry.summary,
        "date_modified": _iso(entry.updated) if entry.updated else "",
        "language": entry.language,
    }
    return {name: value for name, value in item.items() if value or name == "content_html"}


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


_RENDERERS: dict[Format, Callable[[Feed], bytes]] = {"rss": _rss, "atom": _atom, "jsonfeed": _json}
