"""The search API: a request, and its answer.

The JSON form of `Answer` is stable: fields may be added, but are never renamed or removed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from lightship.core.model import FieldValue

Sort = Literal["relevance", "date"]

MAX_SIZE = 100
MAX_RESULTS = 10_000  # the number of results that paging can reach
DEFAULT_SIZE = 10
MAX_TITLE = 1000  # characters of a title that are shown
MAX_FIELDS_BYTES = 4 << 20  # of the fields of all results together: the maximum size of one document


class SearchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A search: `page` counts from 1, `size` is results per page, `lang` (BCP 47 primary subtag) selects a language."""

    query: str = ""
    page: int = 1
    size: int = DEFAULT_SIZE
    sort: Sort = "relevance"
    lang: str = ""


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One result. `title_html` and `snippet` are escaped HTML with `<mark>`; `score` is None when ordered by date."""

    url: str
    title: str
    title_html: str = ""
    snippet: str
    score: float | None
    site: str
    language: str | None = None
    modified: datetime | None = None
    fields: dict[str, FieldValue] = {}


class IndexInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The index that answered. `generation` maps a shard to (epoch, generation); `layout` is None if there is none."""

    layout: str | None = None
    generation: dict[str, tuple[int, int]] = {}
    documents: int = 0
    fresh_as_of: datetime | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a search. `notice` tells people if part of their query or of the results was left out."""

    query: str
    total: int
    page: int
    size: int
    took_ms: float
    index: IndexInfo
    hits: list[Hit]
    notice: str | None = None


def shown_title(title: str) -> str:
    """Return `title`, cut to MAX_TITLE characters."""
    return title if len(title) <= MAX_TITLE else f"{title[:MAX_TITLE]}…"
