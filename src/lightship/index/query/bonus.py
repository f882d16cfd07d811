"""Bonuses: what raises a document above others with the same words.

It has them side by side, or all of them, or it has the query as its title, or as its url. Each is a clause that few
documents match. A search for those is separate from that for the words: a union with phrases costs several times as
much as one of terms. docs/decisions/0011-ranking.md has the measurements.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import tantivy

from lightship.index.analysis.languages import DEFAULT_LANGUAGE
from lightship.index.analysis.stopwords import STOPWORDS
from lightship.index.analysis.title_key import title_keys
from lightship.index.fields.schema import TITLE_KEY, main_field
from lightship.index.query.boolean import all_of, any_of
from lightship.index.query.expansion import Piece, Word
from lightship.index.query.fields import boosted, field_queries
from lightship.index.query.vocabulary import Statistics, idf

PAIR = 0.2  # weight of two adjacent words as a phrase
MAX_PAIRS = 8  # the rarest ones
MAX_SENTENCE = 16  # words of a query that is looked for as a whole
MAX_COMPARED = 3000  # documents whose positions are read for the pairs of a query, about 50 ns each
GAP = 2  # positions between the words of a pair at most: a function word may stand between them

# The following are multiples of the idf of the query's words
ALL = 0.1  # all words; only for short queries: a question has words that its answer lacks
MAX_ALL = 3  # words
SENTENCES = {4: 0.5, 5: 2.0}  # number of words (or more) -> all words as one phrase
TITLE, TITLE_WORDS = 1.5, 1.0  # the query is the title; it has the content words of the title
URL = 1e6  # above whatever words can score
TYPED = 1e4  # of a word as it was typed: above what the one that it was corrected to scores


class _Term(NamedTuple):
    position: int
    term: str
    documents: int
    is_content: bool


class Bonuses:
    """The bonuses of one query for an index with `statistics`."""

    def __init__(self, version: int, languages: Sequence[str], statistics: Statistics) -> None:
        """Prepare for an index of the schema `version` whose documents are stemmed in `languages`."""
        self._version, self._languages, self._statistics = version, languages, statistics
        self._field, self._fields = main_field(version), field_queries(version)

    def of(self, text: str, asked: Sequence[Piece], words: Sequence[Word], urls: Sequence[str]) -> list[tantivy.Query]:
        """Return the queries of all bonuses that a document of the index may have.

        `text` is the query, `asked` its pieces, `words` what ranks, and `urls` the urls that it may be.
        """
        worth = sum(self._worth(word) for word in words)
        found = list(self._titles(text, worth))
        if known := [url for url in urls if self._statistics.documents_with("url", url)]:
            found.append(self._fields.exact("url", known, URL))
        if 2 <= len(words) <= MAX_ALL and (every := self._all(words)):
            found.append(_constant(every, ALL * worth))
        for language, terms in self._terms(asked):
            found += self._adjacent(terms, language, worth)
        return found

    def _terms(self, asked: Sequence[Piece]) -> Iterator[tuple[str, list[_Term]]]:
        """Yield the terms of the words in each language, in order, with the number of documents of each."""
        words = [word for piece in asked for word in piece.words]
        known = [self._statistics.vocabulary[word] for word in words]
        content = [word.lower() not in STOPWORDS for word in words]
        having = {DEFAULT_LANGUAGE}.union(*(each.languages for each in known))
        for language in self._languages:
            if language not in having:
                continue
            made = [each.in_language[language] for each in known]
            if sum(count > 0 for terms in made for _, count in terms) > 1:
                is_content = [each for each, terms in zip(content, made, strict=True) for _ in terms]
                every = [term for terms in made for term in terms]
                yield language, [_Term(place, *term, is_content[place]) for place, term in enumerate(every)]

    def _scale(self, first: _Term, second: _Term, language: str) -> float:
        """Return what makes the idf of two terms that among the documents in `language`."""
        if len(self._languages) == 1:
            return 1.0
        own, every = self._statistics.documents_in(language), self._statistics.documents
        return sum(idf(term.documents, own) for term in (first, second)) / sum(
            idf(term.documents, every) for term in (first, second)
        )

    def _adjacent(self, terms: Sequence[_Term], language: str, worth: float) -> Iterator[tantivy.Query]:
        content = [term for term in terms if term.is_content] or terms
        pairs = [
            (first, second)
            for first, second in pairwise(content)
            if second.position - first.position <= GAP
            and first.term != second.term
            and first.documents
            and second.documents
        ]
        pairs = list({(first.term, second.term): (first, second) for first, second in pairs}.values())
        pairs.sort(key=lambda pair: min(pair[0].documents, pair[1].documents))
        compared = 0
        for first, second in pairs[:MAX_PAIRS]:
            compared += min(first.documents, second.documents)
            if compared > MAX_COMPARED:
                break
            places = [(0, first.term), (second.position - first.position, second.term)]
            yield boosted(self._fields.near(self._field, places), PAIR * self._scale(first, second, language))
        length = min(len(terms), max(SENTENCES))
        if length in SENTENCES and len(terms) <= MAX_SENTENCE and all(term.documents for term in terms):
            phrase = self._fields.near(self._field, [(term.position, term.term) for term in terms])
            yield _constant(phrase, SENTENCES[length] * worth)

    def _all(self, words: Sequence[Word]) -> tantivy.Query | None:
        clauses = [query for word in words if (query := self._has(word)) is not None]
        return all_of(clauses) if len(clauses) == len(words) else None

    def _has(self, word: Word) -> tantivy.Query | None:
        """Return a query for documents with `word` in their text."""
        if word.parts and not word.variants:
            parts = [query for part in word.parts if (query := self._has(part)) is not None]
            return all_of(parts) if parts else None
        variants = [variant for variant in word.variants if variant.field != "title"]
        return any_of([self._fields.variant(variant) for variant in variants]) if variants else None

    def _titles(self, text: str, worth: float) -> Iterator[tantivy.Query]:
        ordered, content = title_keys(text)
        if not content or not self._statistics.documents_with(TITLE_KEY, content):
            return  # a title that is the query has the same content words
        yield self._fields.exact(TITLE_KEY, [content], TITLE_WORDS * worth)
        if self._statistics.documents_with(TITLE_KEY, ordered):
            yield self._fields.exact(TITLE_KEY, [ordered], TITLE * worth)

    def _worth(self, word: Word) -> float:
        """Return the idf of `word`: of the rarest part if it has no term of its own."""
        if word.documents:
            return idf(word.documents, self._statistics.documents)
        counts = [
            self._statistics.documents_with(variant.field, variant.term)
            for variant in word.variants
            if variant.field != "title"
        ]
        if not counts:
            return max(map(self._worth, word.parts), default=0.0)
        return idf(max(counts), self._statistics.documents)


def _constant(query: tantivy.Query, score: float) -> tantivy.Query:
    return tantivy.Query.const_score_query(query, score)
