"""Estimates the cost of a query before it runs, because a running tantivy search can't be stopped."""

from __future__ import annotations

from lightship.index.fields.schema import FORMS, grams, main_field
from lightship.index.query.compiler import Compiled
from lightship.index.query.language.expression import FILTERS, leaves
from lightship.index.query.language.parser import Query
from lightship.index.reader import View

# Measured on one core of 2.5 GHz, with 1 to 64 words and 1 to 32 phrases over 100,000 pages of 4.5 KB: see DESIGN.md
_POSTING = 8e-9  # seconds per document that contains a word
_PLACE = 200e-9  # seconds per document that contains a word of a phrase: positions are read and compared
_REPEATED = 0.004  # seconds per document that repeats a word again and again, for a phrase with that
_LITTLE = 0.001  # seconds; below this, a rough estimate is enough
_LEAST_PHRASE = 0.002  # seconds of any phrase: how often its words stand in the documents is unknown
# Seconds that are estimated at most for repeated words. Most documents that are marked are tables of 16 to 100 KB, which
# take a hundredth of that: a query that may meet 200 of them leaves the event loop, but keeps nobody else from a thread
_MOST_REPEATED = 0.02


def seconds_of(view: View, query: Query, compiled: Compiled) -> float:
    """Return the estimated seconds of one core for `compiled` (from `query`): never far too low, sometimes too high."""
    return _seconds_of(view, query, compiled) + _repeated_seconds(view, compiled)


def _repeated_seconds(view: View, compiled: Compiled) -> float:
    """Return the seconds for the pairs of words that a query without phrases prefers, in documents made of such words."""
    words = compiled.found_by
    if len(words) < 2 or not view.is_repetitive:
        return 0.0
    field = main_field(view.version)
    counts = sorted(
        view.repetitive_with(field, variant.term) for variant in compiled.variants if variant.field == field
    )
    return min(sum(counts[:-1]) * _REPEATED, _MOST_REPEATED)


def _seconds_of(view: View, query: Query, compiled: Compiled) -> float:
    fields = {main_field(view.version), FORMS}
    variants = [variant for variant in compiled.variants if variant.field in fields]
    most = len(variants) * view.documents * _POSTING
    if most < _LITTLE and not (
        query.phrases or query.excluded or query.required or compiled.runs or compiled.expansions
    ):
        return most  # nearly all queries; looking up frequencies would add a hundredth of their time
    cost = sum(view.documents_with(variant.field, variant.term) for variant in variants) * _POSTING
    beginning = {*compiled.expanded, *compiled.completed}
    cost += sum(view.documents_with(main_field(view.version), term) for term in beginning) * _POSTING
    if query.phrases:
        longest = max(len(text.split()) for text in query.phrases)
        most = sum(map(view.frequency, compiled.terms)) * _PLACE
        cost += max(_LEAST_PHRASE, most * max(1, longest / max(1, len(compiled.terms))))
    for run in compiled.runs:
        field = grams(main_field(view.version), view.version)
        cost += sum(view.documents_with(field, gram) for gram in run.grams()) * _PLACE
    selected = [leaf.text for node in query.required for leaf in leaves(node) if leaf.kind not in FILTERS]
    for text in (*query.excluded, *selected):  # frequencies are unknown without analysis: assume all documents have it
        cost += max(_LEAST_PHRASE, view.documents * 2 * _PLACE) if " " in text else view.documents * _POSTING
    return cost
