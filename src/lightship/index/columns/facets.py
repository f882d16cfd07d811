"""Facets: how many of the documents found have each value of a declared field. Counts are exact for any number of shards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from lightship.core.declaration import FIRST_MOMENT, LAST_MOMENT, Kind, microseconds_of, moment_at
from lightship.core.errors import InvalidInputError
from lightship.index.columns.conditions import Condition, Span, before
from lightship.index.columns.selection import Selection
from lightship.index.fields.schema import column
from lightship.index.query.boolean import MUST

MAX_FACET_VALUES = 60_000  # distinct values of a field among the documents found; tantivy counts at most 65,000
BUCKETS = 10  # ranges of a number or a date, at most

_SECOND = 1_000_000
# Lengths of the ranges of dates in microseconds: minutes to days; longer ones are months and years
_LENGTHS = [seconds * _SECOND for seconds in (60, 300, 900, 3600, 6 * 3600, 86_400, 7 * 86_400)]
_MONTHS = (1, 3, 6, 12, 60, 120, 1200, 12_000)


class Value(NamedTuple):
    """A value, and the number of documents that have it."""

    value: str | bool
    documents: int


class Range(NamedTuple):
    """The number of documents with a value from `least` to `most`; the units of the field's column."""

    least: Any
    most: Any
    documents: int


class Facet(NamedTuple):
    """The most frequent values of a keyword, a path or a boolean, or the ranges of a number or a date.

    `distinct` is the number of all values; `least` and `most` are None if no document has a value.
    """

    values: Sequence[Value] = ()
    distinct: int = 0
    least: Any = None
    most: Any = None
    ranges: Sequence[Range] = ()


def facet(found: Selection, name: str, kind: Kind, most: int) -> Facet:
    """Return the facet of the field `name` of the documents `found`, with `most` values at most.

    Raises InvalidInputError if there are more than MAX_FACET_VALUES.
    """
    if kind in ("number", "date"):
        return _ranges(found, name, kind)
    terms = _aggregated(found, {"terms": {"field": column(name), "size": 65_000, "segment_size": 65_000}}, name)
    buckets = terms["buckets"]
    if len(buckets) > MAX_FACET_VALUES or terms.get("sum_other_doc_count"):
        raise _too_many(name)
    values = [Value(bool(each["key"]) if kind == "boolean" else each["key"], each["doc_count"]) for each in buckets]
    values.sort(key=lambda value: (-value.documents, value.value))
    return Facet(values[:most], len(values))


def _ranges(found: Selection, name: str, kind: Kind) -> Facet:
    """Return the ranges. A document with several values counts once in a range, which tantivy's own ranges don't do."""
    stats = _aggregated(found, {"stats": {"field": column(name)}}, name)
    if not stats["count"]:
        return Facet()
    least, most = (
        (_whole(stats["min"], -1), _whole(stats["max"], 1)) if kind == "date" else (stats["min"], stats["max"])
    )
    starts = _date_starts(least, most) if kind == "date" else _number_starts(least, most)
    ends = [*(before(start, kind) for start in starts[1:]), None]
    bounds = list(map(Span, starts, ends))
    counts = [_count(found, Condition(name, kind, (span,))) for span in bounds]
    ranges = [Range(span.least, span.most, count) for span, count in zip(bounds, counts, strict=True)]
    return Facet(least=least, most=most, ranges=ranges)


def _whole(microseconds: float, direction: int) -> int:
    """Return a time that is a float in tantivy's statistics: before 1684 and after 2255 one that is surely outside."""
    outside = int(microseconds) + (direction * _SECOND if abs(microseconds) > 1 << 53 else 0)
    return min(max(outside, FIRST_MOMENT), LAST_MOMENT)


def _count(found: Selection, condition: Condition) -> int:
    return int(found.searcher.search(found.narrowed((MUST, condition.query(found.schema))), 1).count)


def _number_starts(least: float, most: float) -> list[float]:
    """Return where at most BUCKETS ranges begin whose length is 1, 2 or 5 times a power of ten."""
    width = most - least
    if width <= 0 or not math.isfinite(width):
        return [least]
    power = 10.0 ** math.floor(math.log10(width / BUCKETS))
    step = next(
        power * factor
        for factor in (1, 2, 5, 10, 20)
        if math.floor(most / (power * factor)) - math.floor(least / (power * factor)) < BUCKETS
    )
    first, last = math.floor(least / step), math.floor(most / step)
    return [number * step for number in range(first, last + 1)]


def _date_starts(least: int, most: int) -> list[int]:
    """Return where at most BUCKETS ranges begin: of minutes, hours, days, weeks, months or years."""
    for length in _LENGTHS:
        if most // length - least // length < BUCKETS:
            return [number * length for number in range(least // length, most // length + 1)]
    first, last = (_month(value) for value in (least, most))
    months = next((length for length in _MONTHS if last // length - first // length < BUCKETS), _MONTHS[-1])
    return [_first_of_month(number * months) for number in range(first // months, last // months + 1)]


def _month(microseconds: int) -> int:
    moment = moment_at(microseconds)
    return moment.year * 12 + moment.month - 1


def _first_of_month(month: int) -> int:
    year, number = divmod(month, 12)
    return microseconds_of(datetime(max(year, 1), number + 1, 1, tzinfo=UTC))


def _aggregated(found: Selection, aggregation: dict[str, Any], name: str) -> Any:
    try:
        return found.searcher.aggregate(found.query, {name: aggregation})[name]
    except ValueError as error:
        if "bucket" in str(error).lower() or "memory" in str(error).lower():
            raise _too_many(name) from error
        raise


def _too_many(name: str) -> InvalidInputError:
    return InvalidInputError(
        f"can't count the values of {name!r}: the documents found have more than {MAX_FACET_VALUES}; search for less"
    )
