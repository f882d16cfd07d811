"""Extracts the metadata of a page: meta elements, Open Graph, Dublin Core, JSON-LD (schema.org), times."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from resiliparse.parse.html import DocumentNode

from lightship.crawler.parsing.html.tree import attribute, line, select
from lightship.documents.language import primary_subtag

MAX_SCRIPTS, MAX_SCRIPT, MAX_THINGS = 20, 262_144, 500  # JSON-LD: scripts, characters per script, objects
MAX_AUTHOR = 200
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # no pages are older

_TITLES = ("og:title", "twitter:title", "dc.title", "dcterms.title")
_DESCRIPTIONS = ("description", "og:description", "twitter:description", "dc.description", "dcterms.description")
_AUTHORS = ("author", "article:author", "dc.creator", "dcterms.creator", "citation_author", "parsely-author")
_PUBLISHED = (
    "article:published_time", "og:published_time", "datepublished", "dcterms.issued", "dcterms.created", "dc.date.issued",
    "dc.date", "citation_publication_date", "parsely-pub-date", "pubdate", "date",
)  # fmt: skip
_MODIFIED = (
    "article:modified_time", "og:updated_time", "datemodified", "dcterms.modified", "dc.date.modified", "last-modified",
    "revised",
)  # fmt: skip
_LANGUAGES = ("content-language", "og:locale", "dc.language", "dcterms.language", "language")
_PAGES = re.compile(r"(?:\w*Article|\w*Posting|\w*Page|Report|Recipe|Product|Event|Course|HowTo|Book|CreativeWork)")
_NAMED = "meta[content][name],meta[content][property],meta[content][itemprop],meta[content][http-equiv]"


class Metadata(NamedTuple):
    """The metadata of a page; texts are single lines, empty if absent; times are aware."""

    title: str = ""
    description: str = ""
    author: str = ""
    published: datetime | None = None
    modified: datetime | None = None
    language: str | None = None


def metas_of(document: DocumentNode) -> dict[str, list[str]]:
    """Return the contents of the meta elements by lower-case name, in document order."""
    found: dict[str, list[str]] = {}
    for element in select(document, _NAMED):
        names = (attribute(element, name) for name in ("name", "property", "itemprop", "http-equiv"))
        name = next((name for name in names if name), "").strip().lower()
        found.setdefault(name, []).append(attribute(element, "content"))
    return found


def things_of(document: DocumentNode) -> list[dict[str, Any]]:
    """Return the objects in a page's JSON-LD that describe it."""
    scripts = select(document, 'script[type="application/ld+json"]')[:MAX_SCRIPTS]
    return [thing for script in scripts for thing in _things(script.text or "")][:MAX_THINGS]


def read_metadata(document: DocumentNode, metas: dict[str, list[str]], things: list[dict[str, Any]]) -> Metadata:
    """Return the page's metadata; its meta elements, `metas`, take precedence over `things`, its JSON-LD."""
    linked = _linked(things)

    def first(names: tuple[str, ...], *others: str) -> str:
        values = [*(value for name in names for value in metas.get(name, [])), *others]
        return next(filter(None, map(line, values)), "")

    return Metadata(
        title=first(_TITLES, linked.title),
        description=first(_DESCRIPTIONS, linked.description),
        author=_author(document, metas) or linked.author,
        published=_first_time(metas, _PUBLISHED) or linked.published or _marked_time(document, "datePublished"),
        modified=_first_time(metas, _MODIFIED) or linked.modified or _marked_time(document, "dateModified"),
        language=primary_subtag(first(_LANGUAGES).replace("_", "-")) or linked.language,
    )


def parse_time(text: str) -> datetime | None:
    """Parse a time (ISO 8601 or RFC 5322; UTC without a zone); None if it is malformed or implausible."""
    text = text.strip()[:64]
    for parse in (datetime.fromisoformat, email.utils.parsedate_to_datetime):
        try:
            found = parse(text)
            found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
        return found if EARLIEST <= found <= datetime.now(UTC) + timedelta(days=1) else None
    return None


def _author(document: DocumentNode, metas: dict[str, list[str]]) -> str:
    named = [value for name in _AUTHORS for value in metas.get(name, [])]
    marked = document.query_selector('[rel~="author"],[itemprop~="author"]')
    names = (line(name) for name in (*named, (marked.text or "") if marked else ""))
    return next((name for name in names if name and len(name) <= MAX_AUTHOR and "://" not in name), "")


def _first_time(metas: dict[str, list[str]], names: tuple[str, ...]) -> datetime | None:
    times = (parse_time(value) for name in names for value in metas.get(name, []))
    return next(filter(None, times), None)


def _marked_time(document: DocumentNode, name: str) -> datetime | None:
    """Return the time of the element with `itemprop=name` or, for a publication, of a single `time` element."""
    marked = select(document, f'time[itemprop~="{name}"][datetime]')
    if not marked and name == "datePublished":
        marked = select(document, "time[pubdate][datetime]") or select(document, "article header time[datetime]")
    return parse_time(attribute(marked[0], "datetime")) if marked else None


def _linked(things: list[dict[str, Any]]) -> Metadata:
    """Return the metadata in a page's JSON-LD: of the first object that is a page, article or the like."""
    for thing in things:
        kinds = thing.get("@type")
        if any(isinstance(kind, str) and _PAGES.fullmatch(kind) for kind in _listed(kinds)):
            return _metadata_of(thing)
    return Metadata()


def _things(text: str) -> Iterator[dict[str, Any]]:
    """Yield the objects in a JSON-LD text that describe the page itself: top-level, in `@graph` and `mainEntity`."""
    if len(text) > MAX_SCRIPT:
        return
    try:
        waiting = _listed(msgspec.json.decode(text.strip().removeprefix("<!--").removesuffix("-->")))
    except (msgspec.DecodeError, RecursionError, ValueError):
        return
    for _ in range(MAX_THINGS):
        if not waiting:
            return
        thing = waiting.pop(0)
        if isinstance(thing, dict):
            yield thing
            waiting[:0] = [*_listed(thing.get("@graph")), *_listed(thing.get("mainEntity"))]


def _metadata_of(thing: dict[str, Any]) -> Metadata:
    return Metadata(
        title=_string(thing.get("headline")) or _string(thing.get("name")),
        description=_string(thing.get("description")),
        author=_name(thing.get("author")) or _name(thing.get("creator")),
        published=parse_time(_string(thing.get("datePublished"))),
        modified=parse_time(_string(thing.get("dateModified"))),
        language=primary_subtag(_string(thing.get("inLanguage"))),
    )


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [] if value is None else [value]


def _string(value: Any) -> str:
    return line(value) if isinstance(value, str) else ""


def _name(value: Any) -> str:
    names = (_string(one.get("name") if isinstance(one, dict) else one) for one in _listed(value))
    return ", ".join(name for name in names if name and "://" not in name)[:MAX_AUTHOR]
