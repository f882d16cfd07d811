"""Expands the words of a query to the terms of the index that they may be found by.

A word has a term for each language whose stems the index holds. A document has terms of one language only, so the sum
of the variants' scores is the score of the one that it has. Each is boosted to the idf that one term in all of their
documents would have: otherwise a word is worth most in the language that has the fewest documents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import tantivy

from lightship.index.analysis.forms import Forms, emoji, forms_of, odd_words
from lightship.index.analysis.scripts import Run
from lightship.index.analysis.versions import Analysis, analysis_of
from lightship.index.fields.schema import FORMS, WEIGHTS, grams
from lightship.index.query.vocabulary import Statistics, Variant, Vocabulary, idf

EXACT_WEIGHT = 2.0  # of an odd word as written: times its idf, it is above what its parts score in a long text


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the query: found in a document that has any of the `variants`, or all of the `parts` (if there are any).

    `node.js` has its forms as variants, and two parts. A run of a script without spaces has its grams as parts.
    `documents` is how many have the most frequent term of a plain word.
    """

    text: str
    variants: tuple[Variant, ...]
    parts: tuple[Word, ...] = ()
    documents: int = 0

    def all_variants(self) -> Iterable[Variant]:
        """Yield the variants of the word and its parts."""
        yield from self.variants
        for part in self.parts:
            yield from part.all_variants()

    def weighted(self, weight: float) -> Word:
        """Return the word with its scores multiplied by `weight`."""
        if weight == 1.0:
            return self
        variants = tuple(variant._replace(boost=variant.boost * weight) for variant in self.variants)
        return Word(self.text, variants, tuple(part.weighted(weight) for part in self.parts), self.documents)


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
        if text.isascii() and text.isalnum():  # nearly all
            found.append(Piece(text, (text,), None, ()))
            continue
        spaced, more = analysis.split(text)
        runs += more
        found += [_piece(part, analysis) for part in spaced.split()]
    return found, runs


def _piece(text: str, analysis: Analysis) -> Piece:
    if not analysis.has_forms or text.isalnum():
        return Piece(text, (text,), None, ())
    words = tuple(word for word in _splitter().analyze(text) if word.strip("'"))
    forms = next(filter(None, map(forms_of, odd_words(text))), None)
    return Piece(text, words, forms, tuple(emoji(text)))


def exact_forms(found: Sequence[Piece]) -> list[str]:
    """Return what a phrase requires beyond its words: signs before or after a word (`C++`, `.NET`), and emoji."""
    exact = [piece.forms.exact for piece in found if piece.forms]
    signs = [sign for piece in found for sign in piece.emoji]
    return [form for form in exact if form != form.strip(".+#")] + signs


class Expansion:
    """Expands words for one index: its schema version, the languages of its documents, and its statistics if known."""

    def __init__(self, version: int, languages: Sequence[str], statistics: Statistics | None) -> None:
        """Start with no word."""
        self._version, self._languages, self._statistics = version, languages, statistics
        self._vocabulary = statistics.vocabulary if statistics else Vocabulary(version, languages, None)
        self._weights, self._knows = WEIGHTS[version], statistics is not None and analysis_of(version).has_forms
        self._factors = dict[str, float]()  # those other than 1, by language

    def favour(self, words: Iterable[str]) -> None:
        """Let languages count less that have fewer of `words` than others: `solar power` is not Italian for `solo`."""
        if len(self._languages) == 1:
            return
        known = Counter(language for word in words for language in self._vocabulary[word].languages)
        most = max(known.values(), default=0)
        self._factors = {lang: (known[lang] / most) ** 2 for lang in self._languages if known[lang] < most}

    def stems(self, words: Iterable[str]) -> tuple[str, ...]:
        """Return the distinct stems of `words` in all languages."""
        return tuple(dict.fromkeys(stem for word in words for stem in self._vocabulary[word].stems))

    def piece(self, piece: Piece, weights: Mapping[str, float] | None = None) -> list[Word]:
        """Return the words of `piece`; its signs make them the parts of one word.

        `weights` are those of words in lower case; plain words that have none are left out.
        """
        words = [Word(sign, (self._exact(sign),)) for sign in piece.emoji]
        if piece.forms is None:
            if weights is None:
                return words + [self.word(word) for word in piece.words]
            kept = [(word, weights.get(word.lower(), 0.0)) for word in piece.words]
            return words + [self.word(word).weighted(weight) for word, weight in kept if weight]
        exact, joined, _ = piece.forms
        variants = (self._exact(exact),) if exact else self.word(joined).variants if joined else ()
        parts = tuple(self.word(word) for word in piece.words)
        if not variants:
            return words + list(parts)
        return [*words, Word(piece.text, variants, parts)]

    def word(self, word: str) -> Word:
        """Return a plain word."""
        known = self._vocabulary[word]
        if self._knows and self._factors.keys().isdisjoint(known.found_in):
            return Word(word, known.variants, (), known.documents)
        if self._knows:
            as_one, factors = self._vocabulary.as_one, self._factors
            variants = tuple(variant for found in known.found if found for variant in as_one(found, factors))
            return Word(word, variants, (), known.documents)
        return Word(
            word, tuple(Variant(field, term, weight) for term in known.terms for field, weight in self._weights.items())
        )

    def run(self, run: Run) -> Word:
        """Return the grams of `run` as one word."""
        fields = [(grams(field, self._version), weight) for field, weight in self._weights.items()]
        parts = [
            Word(gram, tuple(Variant(field, gram, weight) for field, weight in fields))
            for gram in dict.fromkeys(run.grams())
        ]
        return Word(run.text, (), tuple(parts))

    def begun(self, terms: Iterable[str]) -> list[Variant]:
        """Return variants for the `terms` that a prefix stands for, each with the idf of the most frequent one.

        With its own, a rare word, often a mistake, would rank above the one that most people are typing.
        """
        found = [(field, term, weight) for term in terms for field, weight in self._weights.items()]
        if self._statistics is None:
            return [Variant(*each) for each in found]
        counts = [self._statistics.documents_with(field, term) for field, term, _ in found]
        least = self._idf(max(counts, default=0))
        return [
            Variant(field, term, weight * least / self._idf(count))
            for (field, term, weight), count in zip(found, counts, strict=True)
            if count
        ]

    def _exact(self, form: str) -> Variant:
        count = self._statistics.documents_with(FORMS, form) if self._statistics else 0
        return Variant(FORMS, form, EXACT_WEIGHT * self._idf(count), is_constant=True)

    def _idf(self, count: int) -> float:
        return idf(count, self._statistics.documents if self._statistics else 0)
