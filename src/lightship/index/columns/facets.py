"""Facets: how many of the documents found have each value of a field. Counts are exact for any number of shards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import tantivy

from lightship.core.declaration import Kind
from lightship.index.columns.conditions import Condition, Span, before
from lightship.index.columns.ranges import bounds, starts
from lightship.index.columns.selection import ALL, Selection
from lightship.index.fields.schema import SEVERAL, column
from lightship.index.query.boolean import MUST, NOT

SPARE = 20  # values fetched beyond those asked for, to order those of equal counts


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

    `least` and `most` are None if no document has a value.
    """

    values: Sequence[Value] = ()
    least: Any = None
    most: Any = None
    ranges: Sequence[Range] = ()


def facets(found: Selection, fields: Mapping[str, Kind], most: int) -> dict[str, Facet]:
    """Return the facets of `fields` of the documents `found`, with `most` values each at most.

    All of them are counted in one pass over the documents, ranges in another.
    """
    asked = {name: _question(name, kind, most + SPARE) for name, kind in fields.items()}
    counted = found.aggregated(asked)
    spans = {name: _spans(counted[name], kind) for name, kind in fields.items() if kind in ("number", "date")}
    ranges = _ranges(found, {name: each for name, each in spans.items() if each}, fields)
    made = {}
    for name, kind in fields.items():
        if name not in spans:
            made[name] = Facet(_values(found, name, kind, counted[name], most))
        elif spans[name]:
            least, greatest = bounds(counted[name]["min"], counted[name]["max"], kind)
            made[name] = Facet(least=least, most=greatest, ranges=ranges[name])
        else:
            made[name] = Facet()
    return made


def _question(name: str, kind: Kind, most: int) -> dict[str, Any]:
    if kind in ("number", "date"):
        return {"stats": {"field": column(name)}}
    return {"terms": {"field": column(name), "size": most, "segment_size": ALL}}


def _values(found: Selection, name: str, kind: Kind, counted: Any, most: int) -> list[Value]:
    """Return the `most` frequent values; those of equal counts in the order of the values."""
    buckets = counted["buckets"]
    if counted["sum_other_doc_count"] and buckets[-1]["doc_count"] == (least := buckets[most - 1]["doc_count"]):
        # More values than were fetched share the last place: at most `most` of those listed by value are more frequent
        listed = {**_question(name, kind, 2 * most)["terms"], "min_doc_count": least, "order": {"_key": "asc"}}
        equal = found.aggregated({name: {"terms": listed}})[name]["buckets"]
        buckets = [
            *(each for each in buckets if each["doc_count"] > least),
            *(each for each in equal if each["doc_count"] == least),
        ]
    values = [Value(bool(each["key"]) if kind == "boolean" else each["key"], each["doc_count"]) for each in buckets]
    values.sort(key=lambda value: (-value.documents, value.value))
    return values[:most]


def _spans(stats: Any, kind: Kind) -> list[Span]:
    """Return the ranges to count; the last one is open."""
    if not stats["count"]:
        return []
    begins = starts(*bounds(stats["min"], stats["max"], kind), kind)
    return list(map(Span, begins, [*(before(start, kind) for start in begins[1:]), None]))


def _ranges(
    found: Selection, spans: Mapping[str, Sequence[Span]], fields: Mapping[str, Kind]
) -> dict[str, list[Range]]:
    """Return the ranges of each field. tantivy counts a document twice that has two values in one of them.

    So the documents with several values of a field are counted by searches of their own.
    """
    single = {name: each for name, each in spans.items() if not found.searcher.doc_freq(SEVERAL, name)}
    made = _aggregated(found, single)
    for name in spans.keys() - single.keys():
        several = tantivy.Query.const_score_query(tantivy.Query.term_query(found.schema, SEVERAL, name, "basic"), 0.0)
        with_one = _aggregated(found._replace(query=found.narrowed((NOT, several))), {name: spans[name]})[name]
        conditions = [Condition(name, fields[name], (span,)).query(found.schema) for span in spans[name]]
        searches = [found.searcher.search(found.narrowed((MUST, several), (MUST, each)), 1) for each in conditions]
        made[name] = [
            one._replace(documents=one.documents + int(more.count))
            for one, more in zip(with_one, searches, strict=True)
        ]
    return made


def _aggregated(found: Selection, spans: Mapping[str, Sequence[Span]]) -> dict[str, list[Range]]:
    """Return the ranges of fields of which no document has several values."""
    if not spans:
        return {}
    counted = found.aggregated({name: {"range": _range_question(name, each)} for name, each in spans.items()})
    made = {}
    for name, each in spans.items():
        counts = {bucket["key"]: int(bucket["doc_count"]) for bucket in counted[name]["buckets"]}
        made[name] = [Range(*span, counts[str(number)]) for number, span in enumerate(each)]
    return made


def _range_question(name: str, spans: Sequence[Span]) -> dict[str, Any]:
    """Return the question for ranges that begin where they do; bounds are exact as floats, see ranges.py."""
    begins = [float(span.least) for span in spans]
    ranges: list[dict[str, Any]] = [{"key": str(number), "from": start} for number, start in enumerate(begins)]
    for each, end in zip(ranges, begins[1:], strict=False):
        each["to"] = end
    return {"field": column(name), "ranges": ranges}
