"""Compiles a query to tantivy's: words become stems in each language, CJK text bigrams, and weights boosts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import tantivy

from lightship.index.fields.analysis import STOPWORDS, analyze_word, bigrams, cjk_runs, prepared, without_cjk
from lightship.index.fields.schema import WEIGHTS, cjk, schema
from lightship.index.query.parser import Query

SHOULD, MUST, NOT = tantivy.Occur.Should, tantivy.Occur.Must, tantivy.Occur.MustNot

# A query of QUESTION_WORDS words, of which TOPICAL_WORDS are not function words, is a question: its function words only
# cost time (decisions/0002)
QUESTION_WORDS, TOPICAL_WORDS = 5, 2

CJK_PHRASE_BOOST = 2.0  # of a whole run over its bigrams, so that an exact match ranks above a scattered one


Weighted = Iterable[tuple[str, float]]  # (field name, weight of a match in it)


@dataclass(frozen=True)
class Compiled:
    """A compiled query. What its cost and highlighting need is computed at once, tantivy's query only on demand."""

    asked: Query
    version: int
    languages: tuple[str, ...]
    lang: str
    words: tuple[str, ...]
    terms: tuple[str, ...]
    runs: tuple[str, ...]

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
        self._schema = schema(version)
        self.latin = tuple(weights.items())
        self.cjk = tuple((cjk(name), weight) for name, weight in weights.items())

    def weighted(self, term: str, fields: Weighted) -> list[tantivy.Query]:
        """Return a query for `term` in each of `fields`."""
        term_query = tantivy.Query.term_query
        return [_boost(term_query(self._schema, name, term, "freq"), weight) for name, weight in fields]

    def sequence(self, terms: Sequence[str], fields: Weighted) -> list[tantivy.Query]:
        """Return queries for `terms` as a phrase, one for each of `fields`."""
        if len(terms) == 1:
            return self.weighted(terms[0], fields)
        phrase = tantivy.Query.phrase_query
        return [_boost(phrase(self._schema, name, list(terms)), weight) for name, weight in fields]

    def run(self, run: str) -> list[tantivy.Query]:
        """Return the scoring queries for a CJK run: each bigram, and the run as a whole."""
        pairs = bigrams(run)
        parts = [query for pair in dict.fromkeys(pairs) for query in self.weighted(pair, self.cjk)]
        if len(pairs) > 1:
            parts += [_boost(query, CJK_PHRASE_BOOST) for query in self.sequence(pairs, self.cjk)]
        return parts

    def phrase(self, text: str, languages: Sequence[str]) -> tantivy.Query | None:
        """Return a query that requires `text` as a phrase; None if it has no searchable content."""
        words, runs = _split([text])
        parts = [_any(self.sequence(bigrams(run), self.cjk)) for run in runs]
        variants = dict.fromkeys(analyze_word(" ".join(words), language) for language in languages)
        latin = [query for terms in variants if terms for query in self.sequence(terms, self.latin)]
        if latin:
            parts.append(_any(latin))
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


def compile_query(query: Query, version: int, languages: Sequence[str], lang: str = "") -> Compiled:
    """Return `query` compiled for an index of the schema `version` whose documents are stemmed in `languages`.

    `lang` restricts the results to one language.
    """
    words, runs = _split([*query.words, *query.phrases])
    terms = _terms(words, languages)
    return Compiled(query, version, tuple(languages), lang, tuple(words), tuple(terms), tuple(dict.fromkeys(runs)))


def _build(compiled: Compiled) -> tuple[tantivy.Query, bool]:
    """Return tantivy's query, and whether its scores differ."""
    query, languages, fields = compiled.asked, compiled.languages, _fields(compiled.version)
    terms: Sequence[str] = compiled.terms
    if query.phrases:  # their words score only as phrases
        terms = _terms(_split(query.words)[0], languages)
    scored = [
        part for term in terms for part in fields.weighted(term, fields.latin)
    ]  # kept flat: nested unions are slower
    for run in _split(query.words)[1]:
        scored += fields.run(run)
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


def _split(texts: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the Latin-like words and the CJK runs of `texts`."""
    words, runs = [], []
    for text in texts:
        if prepared(text)[1]:
            runs += cjk_runs(text)
            text = without_cjk(text)  # noqa: PLW2901
        words += text.split()
    return words, runs


def topical(words: Sequence[str]) -> Sequence[str]:
    """Return `words` without function words, if anything else is left."""
    return [word for word in words if word.lower() not in STOPWORDS] or words


def _terms(words: Sequence[str], languages: Sequence[str]) -> list[str]:
    """Return the distinct terms of `words` in all `languages`; the function words of a question are left out.

    In a short query every word matters: `vitamin a`, `will smith`, `IT jobs`; and German's `was` is not a stop word.
    """
    left = topical(words)
    asked = left if len(words) >= QUESTION_WORDS and len(left) >= TOPICAL_WORDS else words
    return list(
        dict.fromkeys(term for word in asked for language in languages for term in analyze_word(word, language))
    )


def _any(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    return queries[0] if len(queries) == 1 else tantivy.Query.boolean_query([(SHOULD, query) for query in queries])


def _boost(query: tantivy.Query, weight: float) -> tantivy.Query:
    return query if weight == 1.0 else tantivy.Query.boost_query(query, weight)
