"""Estimates the cost of a query before it runs, because a running tantivy search can't be stopped."""

from __future__ import annotations

from collections.abc import Sequence

from lightship.index.fields.schema import FORMS, REPETITIVE, grams, main_field
from lightship.index.query.bonus import MAX_SENTENCE, SENTENCES
from lightship.index.query.compiler import BONUSES_SINCE, Compiled
from lightship.index.query.language.expression import FILTERS, leaves
from lightship.index.query.language.parser import Query
from lightship.index.query.weights import topical
from lightship.index.reader import View

# Measured on one core of 2.5 GHz, with 1 to 64 words and 1 to 32 phrases over 100,000 pages of 4.5 KB: see DESIGN.md
_POSTING = 8e-9  # seconds per document that contains a word
_PLACE = 200e-9  # seconds per document that contains a word of a phrase: positions are read and compared
_REPEATED = 0.004  # seconds at most per document that repeats a word thousands of times, for a phrase with that
_LITTLE = 0.001  # seconds; below this, a rough estimate is enough
_LEAST_PHRASE = 0.002  # seconds of any phrase: how often its words stand in the documents is unknown
# Seconds that are estimated at most for repeated words. Most documents with them are books and tables, which take a
# hundredth of that: a query that may meet 200 of them leaves the event loop, but keeps nobody else from a thread
_MOST_REPEATED = 0.02


def seconds_of(view: View, query: Query, compiled: Compiled) -> float:
    """Return the estimated seconds of one core for `compiled` (from `query`): never far too low, sometimes too high."""
    words = [word for piece in compiled.asked_pieces for word in piece.words]
    return (
        _seconds_of(view, query, compiled) + _sentence_seconds(view, words) + _repeated_seconds(view, compiled, words)
    )


def _sentence_seconds(view: View, words: Sequence[str]) -> float:
    """Return the seconds for documents that have all `words`, where a query prefers them as one phrase (bonus.py)."""
    if not min(SENTENCES) <= len(words) <= MAX_SENTENCE or view.version < BONUSES_SINCE:
        return 0.0
    return min(view.vocabulary[word].documents for word in words) * _PLACE


def _repeated_seconds(view: View, compiled: Compiled, words: Sequence[str]) -> float:
    """Return the seconds for the words that a query prefers side by side, in documents that repeat one of them."""
    if not view.is_repetitive:
        return 0.0
    met = sum(map(view.repeating, _beside_others(view, compiled, words))) + _formerly_met(view, compiled)
    return min(met * _REPEATED, _MOST_REPEATED)


def _beside_others(view: View, compiled: Compiled, words: Sequence[str]) -> set[str]:
    """Return the terms of those of the `words` that are preferred beside others, and of runs of unspaced scripts."""
    if len(words) < min(SENTENCES):
        words = topical(words)  # function words count in whole sentences, or if there are no others
    found = [view.vocabulary[word].found[-1] for word in words] if len(words) > 1 else []
    return {each.term for of_word in found for each in of_word}.union(*(run.grams() for run in compiled.asked_runs))


def _formerly_met(view: View, compiled: Compiled) -> int:
    """Return how many documents a query may meet that are marked without the word that they repeat."""
    if len(compiled.found_by) < 2 or not view.documents_with(FORMS, REPETITIVE):
        return 0
    field = main_field(view.version)
    variants = [variant for variant in compiled.variants if variant.field == field]
    return sum(sorted(view.repetitive_with(field, variant.term) for variant in variants)[:-1])


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
