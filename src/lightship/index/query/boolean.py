"""Compiles boolean expressions to tantivy queries that select documents and do not affect scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tantivy

from lightship.index.analysis.languages import DEFAULT_LANGUAGE
from lightship.index.analysis.normalize import normalized
from lightship.index.analysis.versions import analysis_of
from lightship.index.fields.schema import VOCABULARY, VOCABULARY_SINCE
from lightship.index.query.language.expression import Any, Expression, Leaf, Not
from lightship.index.query.vocabulary import Statistics

SHOULD, MUST, NOT = tantivy.Occur.Should, tantivy.Occur.Must, tantivy.Occur.MustNot

MAX_EXPANDED = 100  # indexed words that a prefix stands for: the most frequent ones
MAX_COMPLETED = 20  # of them that are looked up by their beginning as they are written

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

    `history*` finds history and `runn*` finds running, though the stems `histori` and `run` do not begin with them. So
    does `relativ*` find relativity, whose stem is shorter, if it is among the words that are suggested.
    """
    analysis = analysis_of(version)
    found, whole = _beginning(statistics, field, prefix, version) if statistics else ([], [])
    forms = {language: ("", *_ENDINGS) if language == DEFAULT_LANGUAGE else ("",) for language in languages}
    stems = [
        term
        for language, endings in forms.items()
        for ending in endings
        for term in analysis.with_language(analysis.analyze_word(prefix + ending, language), language)
    ]
    stems += [
        term
        for word in whole
        for language in languages
        for term in analysis.with_language(analysis.analyze_word(word, language), language)
    ]
    return tuple(dict.fromkeys([*stems, *found]))


def _beginning(statistics: Statistics, field: str, prefix: str, version: int) -> tuple[list[str], list[str]]:
    """Return the most frequent terms of `field` that begin with `prefix`, and suggested words, as they are written."""
    words = analysis_of(version).analyze_word(prefix, "")
    found = statistics.terms_with_prefix(field, words[-1], MAX_EXPANDED) if words else []
    if version < VOCABULARY_SINCE:
        return found, []
    return found, statistics.terms_with_prefix(VOCABULARY, normalized(prefix).text.lower(), MAX_COMPLETED)
