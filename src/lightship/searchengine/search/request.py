"""Parses search requests and answer formats from query strings and Accept headers.

Every search passes through here, so a query string is parsed only once, and nothing is built that is not needed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, TypeVar
from urllib.parse import parse_qsl

from msgspec.structs import replace

from lightship.core.caching import cache_short
from lightship.core.collections import COLLECTION
from lightship.core.errors import InvalidInputError, UriTooLongError
from lightship.core.model import clean_text
from lightship.core.position import Reached
from lightship.index.highlight.passage import MAX_PASSAGE, PASSAGE
from lightship.index.query.language.languages import language_code
from lightship.searchengine.search.api import (
    DEFAULT_FACET_SIZE,
    DEFAULT_SIZE,
    MAX_FACET_SIZE,
    MAX_FACETS,
    MAX_GROUP_SIZE,
    MAX_RESULTS,
    MAX_SIZE,
    MAX_TEXT,
    MIN_SNIPPET,
    SearchRequest,
)

Format = Literal["html", "json", "text", "rss", "atom", "jsonfeed"]
FEED_SIZE = 50  # results in a feed, unless another number is asked for

MAX_QUERY_STRING = 16 << 10  # bytes
_MAX_PAGE = 999_999_999

_SORTS = {"": "relevance", "-date": "date"}
_CORRECTIONS = {"": "on", "on": "on", "off": "off"}
_PREFIXES = {"": "", "none": "", "last": "last"}
_FORMATS: dict[str, Format] = {
    "html": "html", "json": "json", "text": "text", "rss": "rss", "atom": "atom", "jsonfeed": "jsonfeed",
}  # fmt: skip
_MEDIA_TYPES: dict[str, Format] = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/json": "json",
    "text/plain": "text",
    "application/rss+xml": "rss",
    "application/atom+xml": "atom",
    "application/feed+json": "jsonfeed",
    "*/*": "text",  # what curl and wget send
}
_USUAL = {"q", "format"}
_Choice = TypeVar("_Choice", bound=str)


def read_request(query_string: bytes) -> SearchRequest:
    """Parse a search request; unknown parameters are ignored, and the last of repeated ones counts.

    All of the repeated parameters `f.NAME`, `-f.NAME` and `in` count. Raises UriTooLongError over MAX_QUERY_STRING bytes,
    InvalidInputError for a bad number, `lang`, `corrections`, `prefix` or `facets`.
    """
    given = _parameters(query_string)
    query = " ".join(clean_text(given.get("q", "")).split())
    if given.keys() <= _USUAL:  # what the other parameters are by default takes as long as parsing the query string
        return SearchRequest(query=query)
    offset, size = _place(given)
    named = _named(query_string) if "in" in given or b"f." in query_string else ()
    return SearchRequest(
        query=query,
        page=_whole_number(given, "page", 1, _MAX_PAGE) if offset is None else offset // size + 1,
        size=size,
        offset=offset,
        sort=_SORTS.get(sort := clean_text(given.get("sort", "")).strip(), sort),
        lang=_language(given.get("lang", "")),
        corrections=_one_of(_CORRECTIONS, given.get("corrections", ""), "corrections") == "on",
        prefix=_prefix(given),
        snippet=_whole_number(given, "snippet", PASSAGE, MAX_PASSAGE, least=MIN_SNIPPET),
        text=_whole_number(given, "text", 0, MAX_TEXT, least=0),
        conditions=named,
        facets=_facets(given.get("facets", "")) if "facets" in given else (),
        facet_size=_whole_number(given, "facet_size", DEFAULT_FACET_SIZE, MAX_FACET_SIZE),
        group=clean_text(given.get("group", "")).strip(),
        group_size=_group_size(given, size),
        key=given.get("key", ""),
    )


def read_position(query_string: bytes) -> Reached | None:
    """Return the position in `min_position` that the index must have reached, if given.

    Raises UriTooLongError like `read_request`, InvalidInputError if it is not a position.
    """
    given = _parameters(query_string).get("min_position")
    return Reached.parse(given) if given else None


def read_feed(query_string: bytes) -> SearchRequest:
    """Parse a search that is answered as a feed: the newest first, and more of them than people want to see.

    Raises like `read_request`, and InvalidInputError if nothing is searched for.
    """
    given, request = _parameters(query_string), read_request(query_string)
    if not (request.query or request.conditions or request.group):
        raise InvalidInputError("a feed needs a search; give a query (q) or filters")
    return replace(
        request,
        corrections=False,
        exact=True,
        sort="date" if "sort" not in given else request.sort,
        size=FEED_SIZE if not given.keys() & {"size", "limit"} else request.size,
    )


def read_watch(query_string: bytes) -> tuple[SearchRequest, str]:
    """Return what is watched, without what orders or pages results, and the event id `since`, or an empty string.

    Raises like `read_request`.
    """
    given = read_request(query_string)
    watched = SearchRequest(
        query=given.query, lang=given.lang, conditions=given.conditions, snippet=given.snippet, text=given.text
    )
    return watched, _parameters(query_string).get("since", "")


def read_lookup(query_string: bytes) -> tuple[str, str]:
    """Return the url to look up, and the query to rank it (or an empty string).

    Raises UriTooLongError like `read_request`, InvalidInputError without a `url`.
    """
    given = _parameters(query_string)
    if not given.get("url"):
        raise InvalidInputError("missing parameter url; write /lookup?url=https://example.org/page")
    return given["url"], " ".join(clean_text(given.get("q", "")).split())


def read_cached(query_string: bytes) -> tuple[str, SearchRequest]:
    """Return the url whose text is shown, and what else is asked: a query to mark in it, the page, and the key.

    Raises UriTooLongError like `read_request`, InvalidInputError without a `url`, or for a bad `page`.
    """
    given = _parameters(query_string)
    if not given.get("url"):
        raise InvalidInputError("missing parameter url; write /cached?url=https://example.org/page")
    query, page = " ".join(clean_text(given.get("q", "")).split()), _whole_number(given, "page", 1, _MAX_PAGE)
    return given["url"], SearchRequest(query=query, page=page, key=given.get("key", ""))


def choose_format(query_string: bytes, accept: str) -> Format:
    """Return the format of the answer: that of the parameter `format`, or what the Accept header prefers.

    Raises UriTooLongError like `read_request`, InvalidInputError for an unknown `format`.
    """
    given = _parameters(query_string).get("format")
    return _one_of(_FORMATS, given, "format") if given else accepted_format(accept)


@cache_short(entries=128, longest=1024)
def accepted_format(accept: str) -> Format:
    """Return the format that an Accept header prefers: the first with the highest weight; text by default."""
    best: Format = "text"
    highest = 0.0
    for item in accept.lower().split(","):
        media_type, *parameters = (part.strip() for part in item.split(";"))
        weight = _weight(parameters)
        if media_type in _MEDIA_TYPES and weight > highest:
            best, highest = _MEDIA_TYPES[media_type], weight
    return best


def last_page(total: int, size: int) -> int:
    """Return the last reachable page of `total` results: at least 1, and within MAX_RESULTS."""
    return max(1, -(-min(total, MAX_RESULTS) // size))


def is_reachable(request: SearchRequest) -> bool:
    """Return True if the requested page begins within MAX_RESULTS; otherwise it is treated as beyond the last page."""
    return request.first < MAX_RESULTS


def _place(given: dict[str, str]) -> tuple[int | None, int]:
    """Return the number of results to leave out (None if pages are counted), and of those to return."""
    if "offset" not in given and "limit" not in given:
        return None, _whole_number(given, "size", DEFAULT_SIZE, MAX_SIZE)
    if "page" in given or "size" in given:
        raise InvalidInputError("give either page and size, or offset and limit")
    offset = _whole_number(given, "offset", 0, _MAX_PAGE, least=0)
    return offset, _whole_number(given, "limit", DEFAULT_SIZE, MAX_SIZE)


def _group_size(given: dict[str, str], size: int) -> int:
    count = _whole_number(given, "group_size", 1, MAX_GROUP_SIZE)
    if count * size > MAX_SIZE and count > 1:
        raise InvalidInputError(f"{size} groups of {count} are over the limit of {MAX_SIZE} results; ask for fewer")
    return count


def _named(query_string: bytes) -> tuple[tuple[str, str], ...]:
    """Return the names of fields and what they are compared with; a name keeps the `-` that excludes."""
    found: list[tuple[str, str]] = []
    for name, value in parse_qsl(query_string.decode("utf-8", "replace"), errors="replace"):
        if name == "in":
            found += [(COLLECTION, each) for each in map(str.strip, clean_text(value).split(",")) if each]
        elif name.startswith(("f.", "-f.")):
            found.append(
                (f"{'-' * name.startswith('-')}{name.removeprefix('-').removeprefix('f.')}", clean_text(value))
            )
    return tuple(found)


def _prefix(given: dict[str, str]) -> str:
    """Whether the last word may continue: not after a space."""
    chosen = _one_of(_PREFIXES, given.get("prefix", ""), "prefix")
    return chosen if not given.get("q", "")[-1:].isspace() else ""


def _facets(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(filter(None, (name.strip() for name in clean_text(text).split(",")))))
    if len(names) > MAX_FACETS:
        raise InvalidInputError(f"{len(names)} facets; at most {MAX_FACETS} are allowed")
    return names


@lru_cache(maxsize=16)  # one query string is parsed for its format and again for its request
def _parameters(query_string: bytes) -> dict[str, str]:
    if len(query_string) > MAX_QUERY_STRING:
        raise UriTooLongError(
            f"query string has {len(query_string)} bytes, over the limit of {MAX_QUERY_STRING}; search for fewer words"
        )
    return dict(parse_qsl(query_string.decode("utf-8", "replace"), errors="replace"))


def _whole_number(given: dict[str, str], name: str, default: int, highest: int, least: int = 1) -> int:
    text = given.get(name)
    if text is None:
        return default
    # The length is checked first, because Python refuses to convert very long numbers
    if text.isascii() and text.isdecimal() and len(text) <= 9 and least <= int(text) <= highest:
        return int(text)
    raise InvalidInputError(f"invalid {name} {text[:20]!r}: must be a whole number from {least} to {highest}")


def _one_of(choices: dict[str, _Choice], text: str, name: str) -> _Choice:
    if text in choices:
        return choices[text]
    allowed = ", ".join(filter(None, choices))
    raise InvalidInputError(f"invalid {name} {text[:20]!r}: must be one of {allowed}")


def _language(text: str) -> str:
    name = clean_text(text).strip()
    code = language_code(name) if name else ""
    if code is None:
        raise InvalidInputError(
            f"invalid lang {text[:20]!r}: must be a language code like en, or its name like english"
        )
    return code


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
