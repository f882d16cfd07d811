"""The search API: a request, and its answer.

The JSON form of `Answer` is stable: fields may be added, but are never renamed or removed.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from lightship.core.caching import StateCache
from lightship.core.model import FieldValue
from lightship.index.highlight.passage import PASSAGE

MAX_SIZE = 100
MAX_RESULTS = 10_000  # the number of results that paging can reach
DEFAULT_SIZE = 10
MAX_GROUP_SIZE = 10
MAX_FACETS = 20  # of one request
MAX_FACET_SIZE = 1000
DEFAULT_FACET_SIZE = 10
MAX_TEXT = 10_000  # characters of the text of each result
MIN_SNIPPET = 20  # characters
MAX_TITLE = 1000  # characters of a title that are shown
MAX_FIELDS_BYTES = 4 << 20  # of the fields of all results together: the maximum size of one document


class SearchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A search: `page` counts from 1, `size` is results per page, `lang` (BCP 47 primary subtag) selects a language.

    With an `offset`, so many results are left out instead of pages. `sort` is relevance, date, oldest, or the name of a
    field, after a `-` for the largest first. `conditions` are names and values of fields; a name that begins with `-`
    excludes. `group` is the field of which at most `group_size` results have the same value; pages are then of groups.
    `facets` are the fields whose values are counted, and `facet_size` is how many of their values are returned; one with
    too many is an error only if `facets_asked`. `corrections` allows to correct mistyped words.
    `exact` requires phrases even if no document has them.
    `snippet` and `text` are the most characters of the snippet of each result, and of the beginning of its text.
    `prefix` is `last` if the last word of the query also stands for the words that begin with it.
    `key` is that in the url, which links keep.
    """

    query: str = ""
    page: int = 1
    size: int = DEFAULT_SIZE
    offset: int | None = None
    sort: str = "relevance"
    lang: str = ""
    corrections: bool = True
    exact: bool = False
    prefix: str = ""
    snippet: int = PASSAGE
    text: int = 0
    conditions: tuple[tuple[str, str], ...] = ()
    facets: tuple[str, ...] = ()
    facet_size: int = DEFAULT_FACET_SIZE
    facets_asked: bool = True
    group: str = ""
    group_size: int = 1
    key: str = ""

    @property
    def first(self) -> int:
        """The number of the first result, from 0."""
        return (self.page - 1) * self.size if self.offset is None else self.offset


class Group(msgspec.Struct, frozen=True):
    """A value that results share, and how many of the documents found have it."""

    value: str | bool
    count: int


class HitSection(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a page that has words of the query. `heading_html` is escaped HTML with `<mark>`.

    `path` are the headings above it. `heading` is empty for what stands above the first heading, or without one.
    """

    heading: str
    heading_html: str = ""
    path: list[str] = []
    url: str


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One result. `title_html` and `snippet` are escaped HTML with `<mark>`; `score` is None when ordered by a field.

    `sections` are the best parts of the page; the first is that of `snippet`. `group` is there if results are grouped,
    and null for a document without a value. `text` is there if asked for.
    """

    url: str
    title: str
    title_html: str = ""
    snippet: str
    score: float | None
    site: str
    language: str | None = None
    modified: datetime | None = None
    fields: dict[str, FieldValue] = {}
    sections: list[HitSection] = []
    type: str | None = None
    group: Group | msgspec.UnsetType | None = msgspec.UNSET
    text: str | msgspec.UnsetType = msgspec.UNSET

    @property
    def link(self) -> str:
        """Where the result leads: to the section of its snippet, if there is one."""
        return self.sections[0].url if self.sections else self.url


class IndexInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The index that answered. `generation` maps a shard to (epoch, generation); `layout` is None if there is none."""

    layout: str | None = None
    generation: dict[str, tuple[int, int]] = {}
    documents: int = 0
    fresh_as_of: datetime | None = None


class FacetValue(msgspec.Struct, frozen=True):
    """A value of a field, and how many of the documents found have it."""

    value: str | bool
    count: int


class FacetRange(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the documents found have a value from `start`, without `end`; `filter` finds them."""

    start: float | datetime = msgspec.field(name="from")
    end: float | datetime | None = msgspec.field(name="to")
    count: int
    filter: str


class FacetRanges(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest and the largest value of a number or a date (None if no document has one), and ranges of it."""

    min: float | datetime | None = None
    max: float | datetime | None = None
    ranges: list[FacetRange] = []


class Corrected(msgspec.Struct, frozen=True, kw_only=True):
    """The query as asked, and the one whose results are shown instead, because (almost) no document has one of its words."""

    asked: str = msgspec.field(name="from")
    instead: str = msgspec.field(name="to")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a search, from result number `offset` (from 0). `notice` tells people if part of their query or of the results was left out.

    `facets` is there if any were asked for. Of grouped results, `total` is the number of groups.
    """

    query: str
    total: int
    page: int
    size: int
    offset: int = 0
    took_ms: float
    index: IndexInfo
    hits: list[Hit]
    notice: str | None = None
    corrected: Corrected | None = None
    facets: dict[str, list[FacetValue] | FacetRanges] | msgspec.UnsetType = msgspec.UNSET


Filters = tuple[tuple[str, str], ...]  # names and values of fields, by which a key shows a part of the index
Answers = StateCache[tuple[Filters, SearchRequest], Answer]  # those to recent searches, by what was seen and asked


def shown_title(title: str) -> str:
    """Return `title`, cut to MAX_TITLE characters."""
    return title if len(title) <= MAX_TITLE else f"{title[:MAX_TITLE]}…"
