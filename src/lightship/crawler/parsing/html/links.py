"""Extracts the links of a page, its canonical URL, feeds and translations, all as normal URLs."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec
from resiliparse.parse.html import DocumentNode, ElementNode

from lightship.core import urls
from lightship.crawler.parsing.html.tree import attribute, select, words

MAX_LINKS, MAX_ALTERNATES, MAX_FEEDS = 5000, 200, 20
IMMEDIATE = 3.0  # seconds; a page with a faster meta refresh is not meant to be read

FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json"})

_REFRESH = re.compile(
    r"\s*(\d{0,9})[\d.]*\s*[;,\s]\s*(?!\s*url\s*=\s*$)(?:url\s*=\s*)?(?P<quote>[\"']?)(?P<url>.+)",
    re.IGNORECASE | re.DOTALL,
)


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """Normal URLs: links, the canonical page, the target of an immediate refresh, translations, feeds."""

    links: list[str] = []
    canonical: str | None = None
    refresh: str | None = None
    alternates: list[str] = []
    feeds: list[str] = []


def read_links(document: DocumentNode, url: str, encoding: str, *, follow: bool) -> Links:
    """Return the links of the page at `url`; without `follow` only the canonical page and the refresh target."""
    base = _base(document, url)
    heads = [element for element in select(document, "link[rel][href]") if attribute(element, "href").strip()]
    delay, refresh = _refresh(document, base, encoding)
    named = select(document, "head link[rel][href]")  # what stands in the body may be anybody's
    canonical = next((_url(element, base, encoding) for element in named if "canonical" in words(element, "rel")), None)
    found = Links(canonical=canonical, refresh=refresh if delay <= IMMEDIATE and refresh != url else None)
    if not follow:
        return found
    others = [element for element in heads if "alternate" in words(element, "rel")]
    feeds = [element for element in others if attribute(element, "type").strip().lower() in FEED_TYPES]
    translations = [element for element in others if attribute(element, "hreflang") and element not in feeds]
    links = select(document, "a[href],area[href],frame[src],iframe[src]")
    following = [element for element in heads if words(element, "rel") & {"next", "prev"}]
    return msgspec.structs.replace(
        found,
        links=_urls([*following, *links], base, encoding, MAX_LINKS, refresh),
        alternates=_urls(translations, base, encoding, MAX_ALTERNATES),
        feeds=_urls(feeds, base, encoding, MAX_FEEDS),
    )


def _base(document: DocumentNode, url: str) -> str:
    element = document.query_selector("base[href]")
    return (urls.normalise(attribute(element, "href"), url) if element else None) or url


def _url(element: ElementNode, base: str, encoding: str) -> str | None:
    return urls.normalise(attribute(element, "href") or attribute(element, "src"), base, encoding)


def _urls(elements: Iterable[ElementNode], base: str, encoding: str, limit: int, first: str | None = None) -> list[str]:
    found: dict[str, None] = {first: None} if first else {}
    for element in elements:
        if len(found) >= limit:
            break
        if "nofollow" not in words(element, "rel") and (link := _url(element, base, encoding)) is not None:
            found[link] = None
    return list(found)


def _refresh(document: DocumentNode, base: str, encoding: str) -> tuple[float, str | None]:
    """Return the delay in seconds and the URL (None: none) of a meta refresh; those within noscript are ignored."""
    for element in select(document, "meta[http-equiv][content]"):
        if attribute(element, "http-equiv").strip().lower() != "refresh" or element.closest("noscript") is not None:
            continue
        found = _REFRESH.fullmatch(attribute(element, "content"))
        if found:
            target = found["url"].partition(found["quote"])[0] if found["quote"] else found["url"]
            return float(found[1] or 0), urls.normalise(target, base, encoding)
    return 0.0, None
