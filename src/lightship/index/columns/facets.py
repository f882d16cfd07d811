"""Facets: how many of the documents found have each value of a field. Counts are exact for any number of shards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lightship.core.declaration import Kind
from lightship.index.columns.range_counts import (
    RANGED,
    Range,
    keep_bounds,
    likely_starts,
    range_question,
    ranges,
    spans_of,
    summed,
)
from lightship.index.columns.ranges import bounds
from lightship.index.columns.selection import ALL, Selection
from lightship.index.fields.schema import column

# Keys of answers that no field has
_LIKELY, _INNER = ".likely", ".inner"
SPARE = 20  # values fetched beyond those asked for, to order those of equal counts


class Value(NamedTuple):
    """A value, and the number of documents that have it."""

    value: str | bool
    documents: int


class Facet(NamedTuple):
    """The most frequent values of a keyword, a path or a boolean, or the ranges of a number or a date.

    `least` and `most` are None if no document has a value.
    """

    values: Sequence[Value] = ()
    least: Any = None
    most: Any = None
    ranges: Sequence[Range] = ()


class Inner(NamedTuple):
    """Those of the documents found that have `value` in the field `name`, a keyword or a path: `found`."""

    name: str
    value: str
    found: Selection


def facets(found: Selection, fields: Mapping[str, Kind], most: int) -> dict[str, Facet]:
    """Return the facets of `fields` of the documents `found`, with `most` values each at most.

    All of them are counted in one pass over the documents; ranges in another, unless they are the likely ones.
    """
    questions = _Questions(found, fields, most)
    return questions.facets(found.aggregated(questions.asked))


def facets_with(
    found: Selection, fields: Mapping[str, Kind], inner: Inner, within: Mapping[str, Kind], most: int
) -> dict[str, Facet]:
    """Return the facets of `fields` of the documents `found`, and those `within` the inner ones, in the same pass."""
    outer, questions = _Questions(found, fields, most), _Questions(inner.found, within, most)
    one = {"field": column(inner.name), "include": [inner.value], "size": 1}
    counted = found.aggregated({**outer.asked, _INNER: {"terms": one, "aggs": questions.asked}})
    buckets = counted[_INNER]["buckets"]
    made = questions.facets(buckets[0]) if buckets else {name: Facet() for name in within}
    return outer.facets(counted) | made


class _Questions:
    """What is asked about fields of the documents `found`, and what the answers mean."""

    def __init__(self, found: Selection, fields: Mapping[str, Kind], most: int) -> None:
        self._found, self._fields, self._most = found, fields, most
        ranged = {name: kind for name, kind in fields.items() if kind in RANGED}
        likely = {name: likely_starts(found, name, kind) for name, kind in ranged.items()}
        self._likely = {name: begins for name, begins in likely.items() if begins}

    @property
    def asked(self) -> dict[str, Any]:
        """The aggregations for tantivy."""
        ranges = {f"{name}{_LIKELY}": range_question(name, begins) for name, begins in self._likely.items()}
        return {name: _question(name, kind, self._most + SPARE) for name, kind in self._fields.items()} | ranges

    def facets(self, counted: Any) -> dict[str, Facet]:
        """Return the facets that the answers `counted` tell, asking for what they lack."""
        spans = {name: spans_of(counted[name], kind) for name, kind in self._fields.items() if kind in RANGED}
        known = {
            name: summed(spans[name], begins, counted[f"{name}{_LIKELY}"]) for name, begins in self._likely.items()
        }
        lacking = {name: each for name, each in spans.items() if each and known.get(name) is None}
        made = {name: each for name, each in known.items() if each} | ranges(self._found, lacking, self._fields)
        return {name: self._facet(name, counted[name], made) for name in self._fields}

    def _facet(self, name: str, counted: Any, ranges: Mapping[str, Sequence[Range]]) -> Facet:
        kind = self._fields[name]
        if kind not in RANGED:
            return Facet(tuple(_values(self._found, name, kind, counted, self._most)))
        if not counted["count"]:
            return Facet()
        least, greatest = bounds(counted["min"], counted["max"], kind)
        keep_bounds(self._found.met, name, least, greatest)
        return Facet(least=least, most=greatest, ranges=ranges[name])


def _question(name: str, kind: Kind, most: int) -> dict[str, Any]:
    if kind in RANGED:
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
