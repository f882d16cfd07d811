"""Prepares data for the templates: links, results, pager, suggestions, ages. Pure functions, no HTML except `<mark>`.

Everything that comes from the web is plain text, which the templates escape; `safe_marked` is the only exception.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from html import unescape
from typing import NamedTuple
from urllib.parse import unquote, urlencode, urlsplit

from markupsafe import Markup, escape
from msgspec.structs import replace

from lightship.core.model import clean_text
from lightship.searchengine.search.api import DEFAULT_SIZE, Hit, SearchRequest
from lightship.searchengine.search.request import last_page

LANGUAGES = {
    "ar": "العربية", "de": "Deutsch", "en": "English", "es": "Español", "fr": "Français", "hi": "हिन्दी", "it": "Italiano",
    "ja": "日本語", "ko": "한국어", "nl": "Nederlands", "pl": "Polski", "pt": "Português", "ru": "Русский", "sv": "Svenska",
    "tr": "Türkçe", "uk": "Українська", "vi": "Tiếng Việt", "zh": "中文",
}  # fmt: skip

_PAGER_WIDTH = 5
_MAX_CRUMBS = 5
_MARKED = re.compile("<mark>([^<]*)</mark>")
_TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # could disguise a url as another one
_EXCLUDED = re.compile(r"(?<!\S)-[^\s-]\S*")
_SITE = re.compile(r"(?<!\S)-?site:\s?\S*", re.IGNORECASE)


class Link(NamedTuple):
    """A link with text in `language`; `current` marks the one that is shown now."""

    text: str
    href: str
    current: bool = False
    language: str = "en"


class Result(NamedTuple):
    """A hit as it is shown; an empty `href` means that its url must not be a link."""

    href: str
    title: Markup
    crumbs: list[str]
    snippet: Markup
    language: str | None
    modified: datetime | None


class Pager(NamedTuple):
    """Links to the other pages; `previous` and `next` are empty if there is no such page."""

    previous: str
    pages: list[Link]
    next: str


def address(request: SearchRequest) -> str:
    """Return the path and query string of a search, without parameters that have their default."""
    given: list[tuple[str, str | int]] = [("q", request.query)]
    if request.lang:
        given.append(("lang", request.lang))
    given += [parameter_of(name, value) for name, value in request.conditions]
    if not request.corrections:
        given.append(("corrections", "off"))
    if request.sort != "relevance":
        given.append(("sort", request.sort))
    if request.group:
        given.append(("group", request.group))
        if request.group_size != 1:
            given.append(("group_size", request.group_size))
    if request.size != DEFAULT_SIZE:
        given.append(("size", request.size))
    if request.page != 1:
        given.append(("page", request.page))
    return "/?" + urlencode(given)


def parameter_of(name: str, value: str) -> tuple[str, str]:
    """Return the name and the value of the parameter for a condition on a declared field."""
    return f"{'-' * name.startswith('-')}f.{name.removeprefix('-')}", value


def uncorrected(request: SearchRequest) -> SearchRequest:
    """Return the same search without corrections, from its first page."""
    return replace(request, corrections=False, page=1)


def page_address(request: SearchRequest, page: int) -> str:
    """Return the path and query string of another page of the same search."""
    return address(replace(request, page=page, offset=None))


def result_of(hit: Hit) -> Result:
    """Return a hit as it is shown; only http and https urls become links."""
    is_link = hit.url.lower().startswith(("http://", "https://"))
    return Result(
        href=hit.url if is_link else "",
        title=_title(hit),
        crumbs=_crumbs(hit.url) if is_link else [readable_url(hit.url)],
        snippet=safe_marked(hit.snippet),
        language=hit.language,
        modified=hit.modified,
    )


def _title(hit: Hit) -> Markup:
    if hit.title.strip():
        return safe_marked(hit.title_html or escape(hit.title))
    return escape(readable_url(hit.url))


def readable_url(url: str) -> str:
    """Return a url for people: percent-decoded, only the path for `file:`, without characters that change direction."""
    shown = url[len("file://") :] if url.lower().startswith("file:///") else url
    return _plain(shown)


def _crumbs(url: str) -> list[str]:
    """Return host, path segments and query; without the middle of a long path, or a user name posing as a host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return [readable_url(url)]
    crumbs = [parts.netloc.rpartition("@")[2].removeprefix("www.")]
    segments = [segment for segment in parts.path.split("/") if segment]
    if len(segments) >= _MAX_CRUMBS:
        segments = [segments[0], "…", *segments[-2:]]
    crumbs += map(_plain, segments)
    if parts.query:
        crumbs[-1] += _plain(f"?{parts.query}")
    return crumbs


def _plain(text: str) -> str:
    if text.isascii() and text.isprintable() and "%" not in text:
        return text
    return _TURNING.sub("", clean_text(unquote(text)))


def safe_marked(text: str) -> Markup:
    """Return a snippet or title as markup in which everything but paired `<mark>` and `</mark>` is escaped again."""
    parts = [str(escape(unescape(part))) for part in _MARKED.split(text)]
    parts[1::2] = [f"<mark>{part}</mark>" for part in parts[1::2]]  # the odd parts were between the tags
    return Markup("".join(parts))  # noqa: S704 (escaped just above)


def pager_of(request: SearchRequest, total: int) -> Pager | None:
    """Return the pager of a search with `total` results; None if they fit on one page."""
    last = last_page(total, request.size)
    if last == 1:
        return None
    first_shown = max(1, min(request.page - _PAGER_WIDTH // 2, last - _PAGER_WIDTH + 1))
    shown = range(first_shown, min(last, first_shown + _PAGER_WIDTH - 1) + 1)
    return Pager(
        previous=page_address(request, request.page - 1) if request.page > 1 else "",
        pages=[Link(str(page), page_address(request, page), page == request.page) for page in shown],
        next=page_address(request, request.page + 1) if request.page < last else "",
    )


def sorts_of(request: SearchRequest) -> list[Link]:
    """Return links to the orders of the results."""
    return [
        Link("Relevance", address(replace(request, sort="relevance", page=1)), request.sort == "relevance"),
        Link("Date", address(replace(request, sort="date", page=1)), request.sort == "date"),
    ]


def languages_of(request: SearchRequest, hits: list[Hit]) -> list[Link]:
    """Return links that filter by a language of the hits, or show all languages; empty if there is no choice."""
    found = sorted({hit.language for hit in hits if hit.language} | ({request.lang} - {""}))
    if len(found) < 2 and not request.lang:
        return []
    return [Link("All languages", address(replace(request, lang="", page=1)), not request.lang)] + [
        Link(
            language_name(language),
            address(replace(request, lang=language, page=1)),
            language == request.lang,
            language,
        )
        for language in found
    ]


def language_name(language: str) -> str:
    """Return the language's name in itself, or its code if the name is unknown."""
    return LANGUAGES.get(language, language)


def suggestions_of(request: SearchRequest) -> Iterator[Link]:
    """Yield suggestions for a search without results: links where one click is enough, or advice without a link."""
    query = request.query
    changes = {
        "Search without the quotation marks": query.replace('"', " "),
        "Search without the words after “-”": _EXCLUDED.sub(" ", query),
        "Search all sites": _SITE.sub(" ", query),
    }
    for text, changed in changes.items():
        words = " ".join(changed.split())
        if words and words != query:
            yield Link(text, address(replace(request, query=words, page=1)))
    if request.conditions:
        yield Link("Search without the filters", address(replace(request, conditions=(), page=1)))
    if request.lang:
        yield Link("Search in all languages", address(replace(request, lang="", page=1)))
    yield Link("Check your spelling", "")
    if " " in query:
        yield Link("Use fewer words", "")
    else:
        yield Link("Try a more general word", "")


def age(moment: datetime, now: datetime) -> str:
    """Return the age of `moment` for people: `2 s ago`, `5 min ago`, `3 h ago`, `4 days ago`."""
    seconds = max(0, int((now - moment).total_seconds()))
    if seconds < 60:
        return f"{seconds} s ago"
    if seconds < 3600:
        return f"{seconds // 60} min ago"
    if seconds < 48 * 3600:
        return f"{seconds // 3600} h ago"
    return f"{seconds // 86400} days ago"


def day(moment: datetime) -> str:
    """Return a date for people, like `3 Mar 2026`."""
    return f"{moment.day} {moment:%b %Y}"
