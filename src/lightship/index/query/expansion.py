"""Expands the words of a query to the terms of the index that they may be found by.

A word has a term for each language whose stems the index holds. A document has terms of one language only, so the sum
of the variants' scores is the score of the one that it has. Each is boosted to the idf that one term in all of their
documents would have: otherwise a word is worth most in the language that has the fewest documents.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain
from typing import NamedTuple, Protocol

import tantivy

from lightship.index.fields.analysis import Analysis, analysis_of
from lightship.index.fields.forms import Forms, emoji, forms_of, odd_words
from lightship.index.fields.schema import FORMS, WEIGHTS, grams, main_field
from lightship.index.fields.scripts import Run

FORM_WEIGHT = 0.2  # of a part of an odd word, or an odd word without its signs, compared with a word of the text
# Documents that have a word itself, with which it is not looked for in odd words: these are ranked lower, and would cost a
# fifth of the search
ENOUGH = 1000
EXACT_WEIGHT = 2.0  # of an odd word as written: times its idf, it is above what its parts score in a long text


class Statistics(Protocol):
    """What the index knows about its terms."""

    @property
    def documents(self) -> int:
        """The number of documents."""

    @property
    def documents_with(self) -> Callable[[str, str], int]:
        """The function from (field, term) to the number of documents with it."""


class Variant(NamedTuple):
    """A term to look for; its score is BM25's times `boost`, or `boost` itself if it `is_constant`."""

    field: str
    term: str
    boost: float
    is_constant: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the query: found in a document that has any of the `variants`, or all of the `parts` (if there are any).

    `node.js` has its forms as variants, and two parts. A run of a script without spaces has its grams as parts.
    """

    text: str
    variants: tuple[Variant, ...]
    parts: tuple[Word, ...] = ()

    def all_variants(self) -> Iterable[Variant]:
        """Yield the variants of the word and its parts."""
        yield from self.variants
        for part in self.parts:
            yield from part.all_variants()


class Piece(NamedTuple):
    """What stands between two spaces of a query: its words, and its forms if it is odd."""

    text: str
    words: tuple[str, ...]
    forms: Forms | None
    emoji: tuple[str, ...]


@cache
def _splitter() -> tantivy.TextAnalyzer:
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.regex(r"[\p{L}\p{N}\p{M}']+")).build()


def pieces(texts: Iterable[str], version: int) -> tuple[list[Piece], list[Run]]:
    """Return the pieces and the runs of unspaced scripts in `texts`, in order."""
    analysis = analysis_of(version)
    found, runs = list[Piece](), list[Run]()
    for text in texts:
        spaced, more = analysis.split(text)
        runs += more
        found += [_piece(part, analysis) for part in spaced.split()]
    return found, runs


@lru_cache(maxsize=16384)
def _piece(text: str, analysis: Analysis) -> Piece:
    if not analysis.has_forms or text.isalnum():
        return Piece(text, (text,), None, ())
    words = tuple(word for word in _splitter().analyze(text) if word.strip("'"))
    forms = next(filter(None, map(forms_of, odd_words(text))), None)
    return Piece(text, words, forms, tuple(emoji(text)))


@lru_cache(maxsize=65536)
def _terms(word: str, languages: tuple[str, ...], analysis: Analysis) -> tuple[str, ...]:
    """Return the distinct terms of `word` in all `languages`."""
    terms = [analysis.with_language(analysis.analyze_word(word, language), language) for language in languages]
    return tuple(dict.fromkeys(chain.from_iterable(terms)))


class Expansion:
    """Expands words for one index: its schema version, the languages of its documents, and its statistics if known."""

    def __init__(self, version: int, languages: Sequence[str], statistics: Statistics | None) -> None:
        """Start with no word."""
        self._version, self._languages, self._statistics = version, tuple(languages), statistics
        self._analysis, self._weights = analysis_of(version), tuple(WEIGHTS[version].items())
        self._main = main_field(version)
        self._documents = statistics.documents if statistics else 0

    def piece(self, piece: Piece, left_out: frozenset[str] = frozenset()) -> list[Word]:
        """Return the words of `piece`, without those `left_out`; its signs make them the parts of one word."""
        words = [Word(sign, (self._exact(sign),)) for sign in piece.emoji]
        if piece.forms is None:
            return words + [self.word(word) for word in piece.words if word not in left_out]
        exact, joined, _ = piece.forms
        variants = (self._exact(exact),) if exact else self.word(joined).variants if joined else ()
        parts = tuple(self.word(word) for word in piece.words)
        if not variants:
            return words + list(parts)
        return [*words, Word(piece.text, variants, parts)]

    def word(self, word: str) -> Word:
        """Return a plain word."""
        terms: Sequence[str] = _terms(word, self._languages, self._analysis)
        if self._statistics is None or not self._analysis.has_forms:
            return self._without_statistics(word, terms)
        count = self._statistics.documents_with
        forms = [(term, documents) for term in terms if (documents := count(FORMS, term))]
        if len(terms) > 1 or forms:
            counts = [count(self._main, term) for term in terms]
            terms = [term for term, documents in zip(terms, counts, strict=True) if documents]
            if sum(counts) >= ENOUGH:
                forms = []
        if len(terms) == 1 and not forms:
            return self._without_statistics(word, terms)
        variants = list[Variant]()
        for field, weight in self._weights:
            found = [(field, term, weight, count(field, term)) for term in terms]
            if field == self._main:
                found += [(FORMS, term, weight * FORM_WEIGHT, documents) for term, documents in forms]
            variants += self._as_one(found)
        return Word(word, tuple(variants))

    def _without_statistics(self, word: str, terms: Sequence[str]) -> Word:
        return Word(word, tuple([Variant(field, term, weight) for term in terms for field, weight in self._weights]))

    def run(self, run: Run) -> Word:
        """Return the grams of `run` as one word."""
        fields = [(grams(field, self._version), weight) for field, weight in self._weights]
        parts = [
            Word(gram, tuple(Variant(field, gram, weight) for field, weight in fields))
            for gram in dict.fromkeys(run.grams())
        ]
        return Word(run.text, (), tuple(parts))

    def _as_one(self, found: Sequence[tuple[str, str, float, int]]) -> Iterable[Variant]:
        """Return the variants of one word, from (field, term, weight, documents), with the idf of their union."""
        union = self._idf(sum(documents for *_, documents in found))
        for field, term, weight, documents in found:
            if documents:
                yield Variant(field, term, weight * union / self._idf(documents))

    def _exact(self, form: str) -> Variant:
        count = self._statistics.documents_with(FORMS, form) if self._statistics else 0
        return Variant(FORMS, form, EXACT_WEIGHT * self._idf(count), is_constant=True)

    def _idf(self, count: int) -> float:
        """Return BM25's inverse document frequency, as tantivy computes it."""
        documents = max(self._documents, count)
        return math.log(1 + (documents - count + 0.5) / (count + 0.5))
