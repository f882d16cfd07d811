"""Compiles a query to tantivy's: words become terms, unspaced text grams, and weights boosts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import tantivy

from lightship.index.fields.analysis import analysis_of
from lightship.index.fields.schema import FORMS, WEIGHTS, grams, schema
from lightship.index.fields.scripts import Run
from lightship.index.fields.stopwords import STOPWORDS
from lightship.index.query.expansion import Expansion, Piece, Statistics, Variant, Word, pieces
from lightship.index.query.parser import Query

SHOULD, MUST, NOT = tantivy.Occur.Should, tantivy.Occur.Must, tantivy.Occur.MustNot

# A query of QUESTION_WORDS words, of which TOPICAL_WORDS are not function words, is a question: its function words only
# cost time (decisions/0002)
QUESTION_WORDS, TOPICAL_WORDS = 5, 2

RUN_BOOST = 2.0  # of a whole run over its grams, so that an exact match ranks above a scattered one

Weighted = Iterable[tuple[str, float]]  # (field name, weight of a match in it)


@dataclass(frozen=True)
class Compiled:
    """A compiled query. What its cost and highlighting need is computed at once, tantivy's query only on demand.

    `words` are the words as asked, and `terms` their stems in all languages (without marks of language), those of
    phrases included. `found_by` are the words that rank, with the terms of the index that each is found by;
    `exact_runs` also rank as a whole.
    """

    asked: Query
    version: int
    languages: tuple[str, ...]
    lang: str
    words: tuple[str, ...]
    terms: tuple[str, ...]
    runs: tuple[Run, ...]
    exact_runs: tuple[Run, ...]
    found_by: tuple[Word, ...]

    @cached_property
    def variants(self) -> tuple[Variant, ...]:
        """The distinct terms of all words."""
        return tuple(dict.fromkeys(variant for word in self.found_by for variant in word.all_variants()))

    @property
    def query(self) -> tantivy.Query:
        """The query for tantivy."""
        return self._built[0]

    @property
    def ranks(self) -> bool:
        """False if all results would have the same score."""
        return self._built[1]

    @cached_property
    def _built(self) -> tuple[tantivy.Query, bool]:
        return _build(self)


class _Fields:
    """The searched fields of one version of the schema, and queries over them."""

    def __init__(self, version: int) -> None:
        weights = WEIGHTS[version]
        self._version, self._schema = version, schema(version)
        self._words = tuple(weights.items())
        self._grams = tuple((grams(name, version), weight) for name, weight in weights.items())

    def variant(self, variant: Variant) -> tantivy.Query:
        """Return the query for `variant`."""
        frequency = "basic" if variant.field == FORMS else "freq"
        query = tantivy.Query.term_query(self._schema, variant.field, variant.term, frequency)
        if variant.is_constant:
            return tantivy.Query.const_score_query(query, variant.boost)
        return _boost(query, variant.boost)

    def sequence(self, terms: Sequence[str], fields: Weighted) -> list[tantivy.Query]:
        """Return queries for `terms` as a phrase, one for each of `fields`."""
        if len(terms) == 1:
            return [self.variant(Variant(name, terms[0], weight)) for name, weight in fields]
        phrase = tantivy.Query.phrase_query
        return [_boost(phrase(self._schema, name, list(terms)), weight) for name, weight in fields]

    def run(self, run: Run) -> list[tantivy.Query]:
        """Return the queries for `run` as a phrase of its grams."""
        return self.sequence(run.grams(), self._grams)

    def phrase(self, text: str, languages: Sequence[str]) -> tantivy.Query | None:
        """Return a query that requires `text` as a phrase; None if it has no searchable content."""
        analysis = analysis_of(self._version)
        found, runs = pieces([text], self._version)
        words = " ".join(piece.text for piece in found)
        variants = dict.fromkeys(
            tuple(analysis.with_language(analysis.analyze_word(words, language), language)) for language in languages
        )
        parts = [_any(self.run(run)) for run in runs]
        if spaced := [query for terms in variants if terms for query in self.sequence(terms, self._words)]:
            parts.append(_any(spaced))
        parts += [self.variant(Variant(FORMS, form, 0.0, is_constant=True)) for form in _exact_forms(found)]
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else tantivy.Query.boolean_query([(MUST, part) for part in parts])

    def filters(self, query: Query, languages: Sequence[str], lang: str) -> list[tuple[tantivy.Occur, tantivy.Query]]:
        """Return the clauses that filter documents without affecting scores."""
        clauses = []
        if query.sites:
            clauses.append((MUST, self._exact("site", query.sites)))
        if lang:
            clauses.append((MUST, self._exact("language", [lang])))
        if query.excluded_sites:
            clauses.append((NOT, self._exact("site", query.excluded_sites)))
        for text in query.excluded:
            phrase = self.phrase(text, languages)
            if phrase is not None:
                clauses.append((NOT, phrase))
        return clauses

    def _exact(self, name: str, values: Sequence[str]) -> tantivy.Query:
        found = _any([tantivy.Query.term_query(self._schema, name, value, "basic") for value in values])
        return tantivy.Query.const_score_query(found, 0.0)


_fields = cache(_Fields)


def _exact_forms(found: Sequence[Piece]) -> list[str]:
    """Return what a phrase requires beyond its words: signs before or after a word (`C++`, `.NET`), and emoji."""
    exact = [piece.forms.exact for piece in found if piece.forms]
    signs = [sign for piece in found for sign in piece.emoji]
    return [form for form in exact if form != form.strip(".+#")] + signs


def compile_query(
    query: Query, version: int, languages: Sequence[str], lang: str = "", statistics: Statistics | None = None
) -> Compiled:
    """Return `query` compiled for an index of the schema `version` whose documents are stemmed in `languages`.

    `lang` restricts the results to one language. Without the index's `statistics`, variants of a word are not balanced,
    and odd words in documents are only found by odd words.
    """
    asked, runs = pieces(query.words, version)
    quoted, quoted_runs = pieces(query.phrases, version)
    words = [word for piece in [*asked, *quoted] for word in piece.words]
    kept = _kept(words)
    analyze = analysis_of(version).analyze_word
    joined = [piece.forms.joined for piece in asked if piece.forms and piece.forms.joined]
    terms = dict.fromkeys(
        term for word in [*kept, *joined] for language in languages for term in analyze(word, language)
    )
    expansion, left_out = Expansion(version, languages, statistics), frozenset(words).difference(kept)
    found_by = [word for piece in dict.fromkeys(asked) for word in expansion.piece(piece, left_out)]
    found_by += [expansion.run(run) for run in dict.fromkeys(runs)]
    all_runs = tuple(dict.fromkeys([*runs, *quoted_runs]))
    exact_runs = tuple(run for run in runs if run.is_exact and len(run.units) > run.length)
    return Compiled(
        query, version, tuple(languages), lang, tuple(words), tuple(terms), all_runs, exact_runs, tuple(found_by)
    )


def _build(compiled: Compiled) -> tuple[tantivy.Query, bool]:
    """Return tantivy's query, and whether its scores differ."""
    query, languages, fields = compiled.asked, compiled.languages, _fields(compiled.version)
    scored = [fields.variant(variant) for variant in compiled.variants]  # kept flat: nested unions are slower
    for run in compiled.exact_runs:
        scored += [_boost(part, RUN_BOOST) for part in fields.run(run)]
    required = [fields.phrase(text, languages) for text in query.phrases]
    clauses = [(MUST, part) for part in required if part is not None]
    if scored:
        clauses.append((SHOULD if clauses else MUST, _any(scored)))
    ranks = bool(clauses)
    if not ranks and (query.words or query.phrases):  # punctuation only, like "?!", matches nothing
        clauses.append((MUST, tantivy.Query.empty_query()))
    clauses += fields.filters(query, languages, compiled.lang)
    if not any(occur is MUST for occur, _ in clauses):
        clauses.append((MUST, tantivy.Query.const_score_query(tantivy.Query.all_query(), 0.0)))
    return (clauses[0][1] if len(clauses) == 1 else tantivy.Query.boolean_query(clauses)), ranks


def topical(words: Sequence[str]) -> Sequence[str]:
    """Return `words` without function words, if anything else is left."""
    return [word for word in words if word.lower() not in STOPWORDS] or words


def _kept(words: Sequence[str]) -> Sequence[str]:
    """Return `words`, of a question without its function words.

    In a short query every word matters: `vitamin a`, `will smith`, `IT jobs`; and German's `was` is not a stop word.
    """
    left = topical(words)
    return left if len(words) >= QUESTION_WORDS and len(left) >= TOPICAL_WORDS else words


def _any(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    return queries[0] if len(queries) == 1 else tantivy.Query.boolean_query([(SHOULD, query) for query in queries])


def _boost(query: tantivy.Query, weight: float) -> tantivy.Query:
    return query if weight == 1.0 else tantivy.Query.boost_query(query, weight)
