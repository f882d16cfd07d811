"""Prepares data for the templates: links, results, pager, suggestions, ages. Pure functions, no HTML except `<mark>`.

Everything that comes from the web is plain text, which the templates escape; `safe_marked` is the only exception.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from html import unescape
from typing import NamedTuple
from urllib.parse import quote_plus, unquote, urlencode, urlsplit

from markupsafe import Markup, escape
from msgspec.structs import replace

from lightship.core.caching import cache_short
from lightship.core.model import clean_text
from lightship.searchengine.feeds.render import FEED_TYPES
from lightship.searchengine.search.api import DEFAULT_SIZE, FacetValue, Hit, HitSection, SearchRequest
from lightship.searchengine.search.request import last_page

LANGUAGES = {
    "ar": "العربية", "de": "Deutsch", "en": "English", "es": "Español", "fr": "Français", "hi": "हिन्दी", "it": "Italiano",
    "ja": "日本語", "ko": "한국어", "nl": "Nederlands", "pl": "Polski", "pt": "Português", "ru": "Русский", "sv": "Svenska",
    "tr": "Türkçe", "uk": "Українська", "vi": "Tiếng Việt", "zh": "中文",
}  # fmt: skip

PASSAGE_LINK = "To this passage"  # where the page has no heading
# Languages written from right to left
LEFTWARDS = frozenset(["ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"])
HUES = 8  # colours in style.css

_PAGER_WIDTH = 5
_MAX_CRUMBS = 5
_MARKED = re.compile("<mark>([^<]*)</mark>")
_TEXT = "(?:[^<>&\"']++|&(?:amp|lt|gt|quot|#3[49]|#x27);)"  # escaped
_SAFE = re.compile(f"(?:{_TEXT}|<mark>{_TEXT}*+</mark>)*+")
_TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # could disguise a url as another one
_EXCLUDED = re.compile(r"(?<!\S)-[^\s-]\S*")
_SITE = re.compile(r"(?<!\S)-?site:\s?\S*", re.IGNORECASE)


class Link(NamedTuple):
    """A link with text in `language` (empty: any); `current` marks the one that is shown now.

    `documents` is how many documents it leads to, where that is known.
    """

    text: str
    href: str
    current: bool = False
    language: str = ""
    documents: int | None = None


class SectionLink(NamedTuple):
    """A link to a section: its heading, and the headings above it without the page's title."""

    href: str
    heading: Markup
    path: list[str]


class Result(NamedTuple):
    """A hit as it is shown; an empty `href` means that its url must not be a link, and `cached` shows its text instead.

    A tile with a `letter` of the site, in one of HUES colours, stands for its icon: a browser that fetched that would
    tell strange hosts who searches. `section` is that of the snippet (None: the top of the page, or without a link), `sections` are others.
    """

    href: str
    cached: str
    title: Markup
    crumbs: list[str]
    snippet: Markup
    language: str | None
    modified: datetime | None
    letter: str = ""
    hue: int = 0
    section: SectionLink | None = None
    sections: tuple[SectionLink, ...] = ()

    @property
    def is_right_to_left(self) -> bool:
        """Whether its language is written from right to left."""
        return self.language in LEFTWARDS


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
    if request.prefix:
        given.append(("prefix", request.prefix))
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
    if request.key:
        given.append(("key", request.key))
    return "/?" + "&".join([f"{_quoted(name)}={_quoted(str(value))}" for name, value in given])


@cache_short(entries=512, longest=256)  # the links of a page differ in one parameter
def _quoted(text: str) -> str:
    return quote_plus(text)


def parameter_of(name: str, value: str) -> tuple[str, str]:
    """Return the name and the value of the parameter for a condition on a declared field."""
    return f"{'-' * name.startswith('-')}f.{name.removeprefix('-')}", value


def uncorrected(request: SearchRequest) -> SearchRequest:
    """Return the same search without corrections, from its first page."""
    return replace(request, corrections=False, page=1)


def page_address(request: SearchRequest, page: int) -> str:
    """Return the path and query string of another page of the same search."""
    return address(replace(request, page=page, offset=None))


def feeds_of(request: SearchRequest) -> list[Link]:
    """Return links to the search as feeds, whose texts are their media types."""
    whole = address(replace(request, page=1, offset=None, size=DEFAULT_SIZE, sort="relevance", corrections=True))
    return [Link(kind, f"{whole}&format={form}") for form, kind in FEED_TYPES.items()]


def cached_address(url: str, request: SearchRequest, page: int = 1) -> str:
    """Return the path and query string of a page of the text of `url`, in which the words of a query are marked."""
    more = {"q": request.query, "page": page if page > 1 else "", "key": request.key}
    return "/cached?" + urlencode([("url", url), *((name, value) for name, value in more.items() if value)])


def is_link(url: str) -> bool:
    """Return True if a browser may follow `url`."""
    return url.lower().startswith(("http://", "https://"))


def result_of(hit: Hit, request: SearchRequest) -> Result:
    """Return a hit of `request` as it is shown; only http and https urls become links."""
    can_open = is_link(hit.url)
    crumbs = _crumbs(hit.url) if can_open else [readable_url(hit.url)]
    return Result(
        href=hit.url if can_open else "",
        cached="" if can_open else cached_address(hit.url, request),
        title=_title(hit),
        crumbs=crumbs,
        snippet=safe_marked(hit.snippet),
        language=hit.language,
        modified=hit.modified,
        letter=next(filter(str.isalnum, crumbs[0]), "·").upper(),
        hue=sum(crumbs[0].encode()) % HUES,
        section=_section_link(hit, hit.sections[0]) if can_open and hit.sections else None,
        sections=tuple(link for each in hit.sections[1:] if can_open and (link := _section_link(hit, each))),
    )


def _section_link(hit: Hit, section: HitSection) -> SectionLink | None:
    """Return a link to a section; None if it leads to the top of the page, like the title."""
    is_title = bool(section.heading) and not section.path and hit.title.startswith(section.heading)
    if section.url == hit.url or is_title:
        return None
    path = [heading for heading in section.path if heading != hit.title]
    return SectionLink(section.url, safe_marked(section.heading_html or PASSAGE_LINK), path)


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
    if _SAFE.fullmatch(text):
        return Markup(text)  # noqa: S704 (it is escaped, but for marks)
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


def sites_of(request: SearchRequest, counted: Iterable[FacetValue]) -> list[Link]:
    """Return a link to the documents of each site, for who sent `request`."""
    return [
        Link(str(each.value), address(replace(request, conditions=(("site", str(each.value)),))), documents=each.count)
        for each in counted
    ]


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
