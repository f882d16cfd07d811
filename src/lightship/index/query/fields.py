"""Queries over the searched fields of one version of the schema."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

import tantivy

from lightship.index.analysis.scripts import Run
from lightship.index.analysis.versions import analysis_of
from lightship.index.fields.schema import FORMS, WEIGHTS, grams, schema
from lightship.index.query.boolean import MUST, NOT, Clause, all_of, any_of
from lightship.index.query.expansion import exact_forms, pieces
from lightship.index.query.language.parser import Query
from lightship.index.query.vocabulary import Variant

ADDRESSES_SINCE = 2  # the first schema version whose field `site` has all of `address_values`

MAX_PHRASE = 32  # words of a phrase that are compared: these stand in one text only, nearly always

Weighted = Iterable[tuple[str, float]]  # (field name, weight of a match in it)


class FieldQueries:
    """Makes queries for the searched fields of one version of the schema, or `only` one of them."""

    def __init__(self, version: int, only: str = "") -> None:
        """Make queries for `version`."""
        weights = {only: 1.0} if only else WEIGHTS[version]
        self._version, self._schema = version, schema(version)
        self._words = tuple(weights.items())
        self._grams = tuple((grams(name, version), weight) for name, weight in weights.items())

    def variant(self, variant: Variant) -> tantivy.Query:
        """Return the query for `variant`."""
        frequency = "basic" if variant.field == FORMS else "freq"
        query = tantivy.Query.term_query(self._schema, variant.field, variant.term, frequency)
        if variant.is_constant:
            return tantivy.Query.const_score_query(query, variant.boost)
        return boosted(query, variant.boost)

    def terms(self, terms: Iterable[str]) -> list[tantivy.Query]:
        """Return queries for each of `terms` in each field."""
        return [self.variant(Variant(name, term, weight)) for term in terms for name, weight in self._words]

    def sequence(self, terms: Sequence[str], fields: Weighted) -> list[tantivy.Query]:
        """Return queries for `terms` as a phrase, one for each of `fields`."""
        if len(terms) == 1:
            return [self.variant(Variant(name, terms[0], weight)) for name, weight in fields]
        phrase = tantivy.Query.phrase_query
        return [boosted(phrase(self._schema, name, list(terms)), weight) for name, weight in fields]

    def near(self, field: str, terms: Sequence[tuple[int, str]]) -> tantivy.Query:
        """Return a query for `terms` in `field`, each at its distance from the first one."""
        return tantivy.Query.phrase_query(self._schema, field, list(terms))

    def run(self, run: Run) -> list[tantivy.Query]:
        """Return the queries for `run` as a phrase of its grams."""
        return self.sequence(run.grams(), self._grams)

    def phrase(self, text: str, languages: Sequence[str]) -> tantivy.Query | None:
        """Return a query that requires `text` as a phrase; None if it has no searchable content."""
        analysis = analysis_of(self._version)
        found, runs = pieces([text], self._version)
        words = " ".join(piece.text for piece in found)
        variants = dict.fromkeys(
            tuple(analysis.with_language(analysis.analyze_word(words, language), language))[:MAX_PHRASE]
            for language in languages
        )
        parts = [any_of(self.run(run)) for run in runs]
        if spaced := [query for terms in variants if terms for query in self.sequence(terms, self._words)]:
            parts.append(any_of(spaced))
        parts += [self.variant(Variant(FORMS, form, 0.0, is_constant=True)) for form in exact_forms(found)]
        return all_of(parts) if parts else None

    def filters(self, query: Query, languages: Sequence[str], lang: str) -> list[Clause]:
        """Return the clauses that filter documents without affecting scores."""
        clauses = []
        if query.sites:
            clauses.append((MUST, self.exact("site", query.sites)))
        if lang:
            clauses.append((MUST, self.exact("language", [lang])))
        if query.excluded_sites:
            clauses.append((NOT, self.exact("site", query.excluded_sites)))
        for text in query.excluded:
            phrase = self.phrase(text, languages)
            if phrase is not None:
                clauses.append((NOT, phrase))
        return clauses

    def exact(self, name: str, values: Sequence[str], score: float = 0.0) -> tantivy.Query:
        """Return a query for documents that have one of `values` in the exact field `name`, all with `score`."""
        if name == "site" and self._version < ADDRESSES_SINCE:
            values = [value.partition("/")[0] for value in values]
        found = any_of([tantivy.Query.term_query(self._schema, name, value, "basic") for value in values])
        return tantivy.Query.const_score_query(found, score)


field_queries = cache(FieldQueries)


def boosted(query: tantivy.Query, weight: float) -> tantivy.Query:
    """Return `query` with its scores multiplied by `weight`."""
    return query if weight == 1.0 else tantivy.Query.boost_query(query, weight)
