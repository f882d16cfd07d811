"""How many of the documents found have a number or a date in each of some ranges.

Where ranges begin depends on the smallest and the largest value found, which a pass over the documents tells. So that no
other pass is needed, the first one also counts the ranges that are likely: those of the bounds that earlier facets of the
field had. They are used only if they are the right ones, or add up to these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import tantivy

from lightship.core.declaration import Kind
from lightship.index.columns.conditions import Condition, Span, before
from lightship.index.columns.ranges import BUCKETS, bounds, starts
from lightship.index.columns.selection import Bounds, Selection
from lightship.index.fields.schema import SEVERAL, column
from lightship.index.query.boolean import MUST, NOT

RANGED = ("number", "date")  # the kinds whose facets are ranges
FINER = 25  # likely ranges at most: those of bounds that are half as far apart, too. Each takes 4 µs


class Range(NamedTuple):
    """The number of documents with a value from `least` to `most`; the units of the field's column."""

    least: Any
    most: Any
    documents: int


def likely_starts(found: Selection, name: str, kind: Kind) -> list[Any]:
    """Return where the ranges of a field probably begin; empty if that is unknown, or documents have several values."""
    if name not in found.met or found.searcher.doc_freq(SEVERAL, name):
        return []
    return sorted({start for most in (BUCKETS, FINER) for start in starts(*found.met[name], kind, most)})


def keep_bounds(met: Bounds, name: str, least: Any, most: Any) -> None:
    """Let bounds of a field that were found count for what is likely."""
    known = met.get(name, (least, most))
    met[name] = min(least, known[0]), max(most, known[1])


def spans_of(stats: Any, kind: Kind) -> list[Span]:
    """Return the ranges to count; the last one is open."""
    if not stats["count"]:
        return []
    begins = starts(*bounds(stats["min"], stats["max"], kind), kind)
    return list(map(Span, begins, [*(before(start, kind) for start in begins[1:]), None]))


def summed(spans: Sequence[Span], begins: Sequence[Any], counted: Any) -> list[Range] | None:
    """Return the ranges `spans`, added up from those `counted` that begin at `begins`.

    None if there are none, or if one begins elsewhere.
    """
    places = {start: place for place, start in enumerate(begins)}
    if not spans or any(span.least not in places for span in spans):
        return None
    counts = _counts(counted)
    ends = [*(places[span.least] for span in spans[1:]), len(begins)]
    return [Range(*span, sum(counts[places[span.least] : end])) for span, end in zip(spans, ends, strict=True)]


def ranges(found: Selection, spans: Mapping[str, Sequence[Span]], fields: Mapping[str, Kind]) -> dict[str, list[Range]]:
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
    begins = {name: [span.least for span in each] for name, each in spans.items()}
    counted = found.aggregated({name: range_question(name, each) for name, each in begins.items()})
    return {
        name: [Range(*span, count) for span, count in zip(each, _counts(counted[name]), strict=True)]
        for name, each in spans.items()
    }


def range_question(name: str, begins: Sequence[Any]) -> dict[str, Any]:
    """Return the question for ranges that begin where they do; bounds are exact as floats, see ranges.py."""
    asked: list[dict[str, Any]] = [{"key": str(number), "from": float(start)} for number, start in enumerate(begins)]
    for each, following in pairwise(asked):
        each["to"] = following["from"]
    return {"range": {"field": column(name), "ranges": asked}}


def _counts(counted: Any) -> list[int]:
    """Return the counts of the ranges asked for, in order; tantivy adds one of what lies before them."""
    counts = {bucket["key"]: int(bucket["doc_count"]) for bucket in counted["buckets"]}
    return [counts[str(number)] for number in range(sum(key.isdecimal() for key in counts))]
