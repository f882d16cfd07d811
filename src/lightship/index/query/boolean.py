"""Compiles boolean expressions to tantivy queries that select documents and do not affect scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tantivy

from lightship.index.analysis.languages import DEFAULT_LANGUAGE
from lightship.index.analysis.versions import analysis_of
from lightship.index.fields.schema import VOCABULARY
from lightship.index.query.language.expression import Any, Expression, Leaf, Not
from lightship.index.query.vocabulary import Statistics

SHOULD, MUST, NOT = tantivy.Occur.Should, tantivy.Occur.Must, tantivy.Occur.MustNot

MAX_EXPANDED = 100  # indexed words that a prefix stands for: the most frequent ones

VOCABULARY_SINCE = 2  # the first schema version that has a field of words as they are written

_ENDINGS = ("e", "s", "ed", "ing")

Clause = tuple[tantivy.Occur, tantivy.Query]
LeafQuery = Callable[[Leaf], tantivy.Query | None]  # None for what has nothing to search for


def required_clauses(nodes: Sequence[Expression], query_of: LeafQuery) -> list[Clause]:
    """Return the clauses that require each of `nodes`."""
    clauses = []
    for node in nodes:
        is_negated = isinstance(node, Not)
        found = _query(node.part if isinstance(node, Not) else node, query_of)
        if found is not None:
            clauses.append((NOT if is_negated else MUST, tantivy.Query.const_score_query(found, 0.0)))
    return clauses


def _query(node: Expression, query_of: LeafQuery) -> tantivy.Query | None:
    """Return a query for what `node` matches; None if it has nothing to search for."""
    if isinstance(node, Leaf):
        return query_of(node)
    if isinstance(node, Not):
        found = _query(node.part, query_of)
        return found and tantivy.Query.boolean_query([(MUST, tantivy.Query.all_query()), (NOT, found)])
    parts = [found for part in node.parts if (found := _query(part, query_of)) is not None]
    if not parts:
        return None
    return any_of(parts) if isinstance(node, Any) else all_of(parts)


def any_of(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    """Return a query for documents that match any of `queries`."""
    return joined([(SHOULD, query) for query in queries])


def all_of(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    """Return a query for documents that match all of `queries`."""
    return joined([(MUST, query) for query in queries])


def joined(clauses: Sequence[Clause]) -> tantivy.Query:
    """Return a query of `clauses`; the first must not be excluding, and stands alone if it is the only one."""
    return clauses[0][1] if len(clauses) == 1 else tantivy.Query.boolean_query(list(clauses))


def expanded(
    statistics: Statistics | None, field: str, prefix: str, version: int, languages: Sequence[str]
) -> tuple[str, ...]:
    """Return the terms of `field` that begin with `prefix`, most frequent first, and the terms of `prefix` itself.

    `history*` finds history and `runni*` finds running, though the stems `histori` and `run` do not begin with them.
    """
    analysis = analysis_of(version)
    words = analysis.analyze_word(prefix, "")
    found, whole = list[str](), list[str]()
    if words and statistics:
        found = statistics.terms_with_prefix(field, words[-1], MAX_EXPANDED)
        whole = statistics.terms_with_prefix(VOCABULARY, words[-1], MAX_EXPANDED) if version >= VOCABULARY_SINCE else []
    forms = {language: ("", *_ENDINGS) if language == DEFAULT_LANGUAGE else ("",) for language in languages}
    stems = [
        term
        for language, endings in forms.items()
        for word in [prefix + ending for ending in endings] + whole
        for term in analysis.with_language(analysis.analyze_word(word, language), language)
    ]
    return tuple(dict.fromkeys([*stems, *found]))
