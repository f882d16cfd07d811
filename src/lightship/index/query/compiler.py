"""Compiles a query to tantivy's: words become stems in each language, CJK text bigrams, and weights boosts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import tantivy

from lightship.index.fields.analysis import analyze_word, bigrams, cjk_runs, prepared, without_cjk
from lightship.index.fields.schema import WEIGHTS, cjk, schema
from lightship.index.query.boolean import MUST, NOT, SHOULD, expanded, required_clauses
from lightship.index.query.expression import FILTERS, Leaf
from lightship.index.query.parser import Query
from lightship.index.query.weights import weighted_words

CJK_PHRASE_BOOST = 2.0  # of a whole run over its bigrams, so that an exact match ranks above a scattered one
URL_SCORE = 1e6  # of the page whose url is the query: above whatever words can score
ADDRESSES_SINCE = 2  # the first schema version whose field `site` has all of `address_values`


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
    expansions: dict[str, tuple[str, ...]]  # the terms of each prefix
    notice: str | None = None

    @property
    def expanded(self) -> tuple[str, ...]:
        """The terms of the prefixes that rank."""
        return tuple(term for prefix in self.asked.prefixes for term in self.expansions[prefix])

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

    def __init__(self, version: int, only: str = "") -> None:
        weights = {only: 1.0} if only else WEIGHTS[version]
        self.version, self._schema = version, schema(version)
        self.latin = tuple(weights.items())
        self.cjk = tuple((cjk(name), weight) for name, weight in weights.items())

    def weighted(self, term: str, fields: Weighted, factor: float = 1.0) -> list[tantivy.Query]:
        """Return a query for `term` in each of `fields`, whose weights are multiplied by `factor`."""
        term_query = tantivy.Query.term_query
        return [_boost(term_query(self._schema, name, term, "freq"), weight * factor) for name, weight in fields]

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
        if name == "site" and self.version < ADDRESSES_SINCE:
            values = [value.partition("/")[0] for value in values]
        found = _any([tantivy.Query.term_query(self._schema, name, value, "basic") for value in values])
        return tantivy.Query.const_score_query(found, score)


_fields = cache(_Fields)


def compile_query(
    query: Query, version: int, languages: Sequence[str], lang: str = "", searcher: tantivy.Searcher | None = None
) -> Compiled:
    """Return `query` compiled for an index of the schema `version` whose documents are stemmed in `languages`.

    `lang` restricts the results to one language. Without a `searcher`, prefixes stand for themselves only.
    """
    expansions: dict[str, tuple[str, ...]] = {}
    for prefix in query.all_prefixes:
        expansions[prefix] = (
            expanded(searcher, main_field(version), prefix, languages) if searcher else analyze_word(prefix, "")
        )
    words, runs = _split([*query.words, *query.phrases])
    terms = _terms(words, languages)
    return Compiled(
        query, version, tuple(languages), lang, tuple(words), tuple(terms), tuple(dict.fromkeys(runs)), expansions,
        _missing_filters(query, version),
    )  # fmt: skip


def main_field(version: int) -> str:
    """Return the searched field with the most text."""
    return max(WEIGHTS[version], key=WEIGHTS[version].__getitem__)


def _missing_filters(query: Query, version: int) -> str | None:
    """Return a notice about filters that an index of `version` can't apply."""
    if version >= ADDRESSES_SINCE or not any("/" in site for site in (*query.sites, *query.excluded_sites)):
        return None
    return "This index can't filter by paths yet: the whole site was searched."


def _build(compiled: Compiled) -> tuple[tantivy.Query, bool]:
    """Return tantivy's query, and whether its scores differ."""
    query, languages, fields = compiled.asked, compiled.languages, _fields(compiled.version)
    words, runs = _split(query.words)  # those of phrases score only as phrases
    terms = _terms(words, languages)
    scored = [
        part for term, weight in terms.items() for part in fields.weighted(term, fields.latin, weight)
    ]  # kept flat: nested unions are slower
    for run in dict.fromkeys(runs):
        scored += fields.run(run)
    others = dict.fromkeys(term for term in compiled.expanded if term not in terms)
    scored += [part for term in others for part in fields.weighted(term, fields.latin)]
    if query.url_variants:
        scored.append(fields.exact("url", query.url_variants, URL_SCORE))
    required = [fields.phrase(text, languages) for text in query.phrases]
    clauses = [(MUST, part) for part in required if part is not None]
    if scored:
        clauses.append((SHOULD if clauses or query.requires_text else MUST, _any(scored)))
    ranks = bool(clauses)
    if not ranks and (query.words or query.phrases or query.prefixes):  # symbols only, like "→", match nothing
        clauses.append((MUST, tantivy.Query.empty_query()))
    clauses += fields.filters(query, languages, compiled.lang)
    clauses += required_clauses(query.required, lambda leaf: _leaf_query(leaf, compiled))
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


def _leaf_query(leaf: Leaf, compiled: Compiled) -> tantivy.Query | None:
    """Return a query for documents that have `leaf`; None if it has nothing to search for."""
    fields = _fields(compiled.version)
    if leaf.kind in FILTERS:
        return fields.exact("language" if leaf.kind == "language" else "site", [leaf.text])
    if leaf.kind == "title":
        return _fields(compiled.version, "title").phrase(leaf.text, compiled.languages)
    if leaf.kind == "prefix":
        terms = compiled.expansions.get(leaf.text) or analyze_word(leaf.text, "")
        return _any([part for term in terms for part in fields.weighted(term, fields.latin)]) if terms else None
    return fields.phrase(leaf.text, compiled.languages)


def _terms(words: Sequence[str], languages: Sequence[str]) -> dict[str, float]:
    """Return the distinct terms of `words` in all `languages` with their weights."""
    terms: dict[str, float] = {}
    for word, weight in weighted_words(words).items():
        for language in languages:
            for term in analyze_word(word, language):
                terms[term] = max(weight, terms.get(term, 0.0))
    return terms


def _any(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    return queries[0] if len(queries) == 1 else tantivy.Query.boolean_query([(SHOULD, query) for query in queries])


def _boost(query: tantivy.Query, weight: float) -> tantivy.Query:
    return query if weight == 1.0 else tantivy.Query.boost_query(query, weight)
