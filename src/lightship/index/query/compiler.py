"""Compiles a query to tantivy's: words become terms, unspaced text grams, and weights boosts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import tantivy

from lightship.index.analysis.scripts import Run
from lightship.index.fields.schema import main_field
from lightship.index.query.bonus import TYPED, URL, Bonuses
from lightship.index.query.boolean import MUST, SHOULD, Clause, any_of, expanded, joined, required_clauses
from lightship.index.query.expansion import Expansion, Piece, Word, pieces
from lightship.index.query.fields import ADDRESSES_SINCE, boosted, field_queries
from lightship.index.query.language.expression import FILTERS, Leaf
from lightship.index.query.language.parser import Query
from lightship.index.query.vocabulary import Statistics, Variant, idf
from lightship.index.query.weights import topical, weighted_words

RUN_BOOST = 2.0  # of a whole run over its grams, so that an exact match ranks above a scattered one
MAX_LEVELS = 12  # of a query: each copies those below
BONUSES_SINCE = 2  # the first schema version that has title keys, and one field for all text


@dataclass(frozen=True)
class Compiled:
    """A compiled query. What its cost and highlighting need is computed at once, tantivy's query only on demand.

    `asked_pieces` and `asked_runs` are what ranks as asked, apart from phrases. `terms` are the stems of all words in
    all languages, and `runs` all runs of unspaced scripts, both also those of phrases. `found_by` are the words that
    rank, expanded to the terms that they are found by, and `typed` those whose documents come first.
    """

    asked: Query
    version: int
    languages: tuple[str, ...]
    lang: str
    asked_pieces: tuple[Piece, ...]
    asked_runs: tuple[Run, ...]
    terms: tuple[str, ...]
    runs: tuple[Run, ...]
    found_by: tuple[Word, ...]
    typed: tuple[Word, ...]
    expansions: dict[str, tuple[str, ...]]  # the terms of each prefix
    statistics: Statistics | None = None
    notice: str | None = None
    filters: tuple[Clause, ...] = ()  # by declared fields

    @cached_property
    def variants(self) -> tuple[Variant, ...]:
        """The distinct terms of all words."""
        return tuple(dict.fromkeys(variant for word in self.found_by for variant in word.all_variants()))

    @cached_property
    def functional(self) -> frozenset[Variant]:
        """The variants of function words, if documents have any other word of the query: alone, they find nothing.

        Nearly every document has them, so that they would be most of what is counted, and of what a search costs.
        """
        left = set(topical([*(word.text for word in self.found_by), *self.expansions]))
        others = {variant for word in self.found_by if word.text in left for variant in word.all_variants()}
        return frozenset(self.variants).difference(others) if others or self._begins_words else frozenset()

    @property
    def _begins_words(self) -> bool:
        """Whether documents have a word that begins with a prefix of the query."""
        statistics, field = self.statistics, main_field(self.version)
        return any(
            statistics is None or statistics.documents_with(field, term) for term in (*self.completed, *self.expanded)
        )

    @property
    def expanded(self) -> tuple[str, ...]:
        """The terms of the prefixes that rank."""
        return tuple(term for prefix in self.asked.prefixes for term in self.expansions[prefix])

    @property
    def completed(self) -> tuple[str, ...]:
        """The terms of the word that is being typed, itself and those that begin with it."""
        return self.expansions.get(self.asked.begun, ())

    @property
    def query(self) -> tantivy.Query:
        """The query for tantivy."""
        return self._built.query

    @cached_property
    def raised(self) -> tantivy.Query | None:
        """The query for those of its documents that have a bonus, with their full scores; None if none can have one."""
        built, bonuses = self._built, _bonuses(self) if self._built.words else []
        if not (built.words and bonuses):
            return None
        return joined([(MUST, any_of(bonuses)), (SHOULD, built.words), *built.clauses])

    @property
    def ranks(self) -> bool:
        """False if all results would have the same score."""
        return self._built.ranks

    @cached_property
    def _built(self) -> _Built:
        return _build(self)


@dataclass(frozen=True, slots=True)
class _Built:
    query: tantivy.Query
    words: tantivy.Query | None  # what ranks, apart from phrases
    clauses: Sequence[Clause]  # the others
    ranks: bool


def compile_query(
    query: Query, version: int, languages: Sequence[str], lang: str = "", statistics: Statistics | None = None
) -> Compiled:
    """Return `query` compiled for an index of the schema `version` whose documents are stemmed in `languages`.

    `lang` restricts the results to one language. Without the index's `statistics`, variants of a word are not balanced,
    nothing has a bonus, prefixes stand for themselves only, and odd words in documents are only found by odd words.
    """
    asked, runs = pieces(query.words, version)
    quoted, quoted_runs = pieces(query.phrases, version)
    words = [word for piece in [*asked, *quoted] for word in piece.words]
    kept = weighted_words(words)
    glued = [piece.forms.joined for piece in asked if piece.forms and piece.forms.joined]
    expansion, lowered = Expansion(version, languages, statistics), {word.lower(): kept[word] for word in kept}
    expansion.favour(kept)
    found_by = [word for piece in _distinct(asked) for word in expansion.piece(piece, lowered)]
    found_by += [expansion.run(run) for run in dict.fromkeys(runs)]
    expansions = {
        prefix: expanded(statistics, main_field(version), prefix, version, languages) for prefix in query.all_prefixes
    }
    return Compiled(
        query, version, tuple(languages), lang, tuple(asked), tuple(dict.fromkeys(runs)),
        expansion.stems([*kept, *glued, *query.typed]), tuple(dict.fromkeys([*runs, *quoted_runs])), tuple(found_by),
        tuple(map(expansion.word, query.typed)), expansions, statistics, _missing_filters(query, version),
    )  # fmt: skip


def _distinct(asked: Sequence[Piece]) -> list[Piece]:
    """Return `asked` without repetitions."""
    return list({piece.text.lower(): piece for piece in reversed(asked)}.values())[::-1]


def _missing_filters(query: Query, version: int) -> str | None:
    """Return a notice about filters that an index of `version` can't apply."""
    if version >= ADDRESSES_SINCE or not any("/" in site for site in (*query.sites, *query.excluded_sites)):
        return None
    return "This index can't filter by paths yet: the whole site was searched."


def _build(compiled: Compiled) -> _Built:
    query, fields = compiled.asked, field_queries(compiled.version)
    scored = _scored(compiled)
    required = [fields.phrase(text, compiled.languages) for text in query.phrases]
    clauses: list[Clause] = [(MUST, part) for part in required if part is not None]
    selecting = bool(clauses or query.requires_text)
    ranks = bool(clauses or scored)
    if not ranks and (query.words or query.phrases or query.prefixes):  # symbols only, like "→", match nothing
        clauses.append((MUST, tantivy.Query.empty_query()))
    clauses += fields.filters(query, compiled.languages, compiled.lang)
    clauses += compiled.filters
    clauses += required_clauses(query.required, lambda leaf: _leaf_query(leaf, compiled))
    words = _with_functional(any_of(scored), compiled) if scored else None
    whole = [(SHOULD if selecting else MUST, words), *clauses] if words else list(clauses)
    if not any(occur is MUST for occur, _ in whole):
        whole.append((MUST, tantivy.Query.const_score_query(tantivy.Query.all_query(), 0.0)))
    return _Built(joined(whole), words, clauses, ranks)


def _scored(compiled: Compiled) -> list[tantivy.Query]:
    """Return the queries for what finds and ranks, apart from phrases: kept flat, because nested unions are slower."""
    query, fields = compiled.asked, field_queries(compiled.version)
    scored = [fields.variant(variant) for variant in compiled.variants if variant not in compiled.functional]
    scored += _typed(compiled)
    for run in compiled.asked_runs:
        if run.is_exact and len(run.units) > run.length:
            scored += [boosted(part, RUN_BOOST) for part in fields.run(run)]
    known = {variant.term for variant in compiled.variants}
    begun = dict.fromkeys(term for term in compiled.expanded if term not in known)
    expansion = Expansion(compiled.version, compiled.languages, compiled.statistics)
    scored += [fields.variant(variant) for variant in expansion.begun(begun)] if begun else []
    if compiled.completed:
        scored.append(_completed(compiled))
    if query.url_variants and compiled.version < BONUSES_SINCE:
        scored.append(fields.exact("url", query.url_variants, URL))
    return scored


def _with_functional(words: tantivy.Query, compiled: Compiled) -> tantivy.Query:
    """Return `words`, ranked by function words, too.

    A union of optional terms reads whole blocks of documents. So each term is a level of its own, unless there are many.
    """
    fields = field_queries(compiled.version)
    parts = [fields.variant(variant) for variant in compiled.variants if variant in compiled.functional]
    for part in [any_of(parts)] if len(parts) > MAX_LEVELS else parts:
        words = joined([(MUST, words), (SHOULD, part)])
    return words


def _completed(compiled: Compiled) -> tantivy.Query:
    """Return the query for words that begin with the last one: all count the same, so that it itself ranks above them."""
    found = any_of(field_queries(compiled.version).terms(compiled.completed))
    statistics, field = compiled.statistics, main_field(compiled.version)
    if statistics is None:
        return found
    most = sum(statistics.documents_with(field, term) for term in compiled.completed)
    return tantivy.Query.const_score_query(found, idf(min(most, statistics.documents), statistics.documents))


def _bonuses(compiled: Compiled) -> list[tantivy.Query]:
    query, statistics = compiled.asked, compiled.statistics
    if statistics is None or compiled.version < BONUSES_SINCE:
        return []
    bonuses = Bonuses(compiled.version, compiled.languages, statistics)
    found = bonuses.of(" ".join(query.words), compiled.asked_pieces, compiled.found_by, query.url_variants)
    if first := _typed(compiled):
        found.append(tantivy.Query.const_score_query(any_of(first), TYPED))
    return found


def _typed(compiled: Compiled) -> list[tantivy.Query]:
    fields = field_queries(compiled.version)
    return [fields.variant(variant) for word in compiled.typed for variant in word.variants]


def _leaf_query(leaf: Leaf, compiled: Compiled) -> tantivy.Query | None:
    """Return a query for documents that have `leaf`; None if it has nothing to search for."""
    fields = field_queries(compiled.version)
    if leaf.kind in FILTERS:
        return fields.exact("language" if leaf.kind == "language" else "site", [leaf.text])
    if leaf.kind == "title":
        return field_queries(compiled.version, "title").phrase(leaf.text, compiled.languages)
    if leaf.kind == "prefix":
        terms = compiled.expansions.get(leaf.text, ())
        return any_of(fields.terms(terms)) if terms else None
    return fields.phrase(leaf.text, compiled.languages)
