"""What an index knows about the words of queries: their terms in its languages, and how many documents have these.

Looking that up is most of the work of compiling a query, and queries share words: a view keeps it for the words it was
asked.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from lightship.index.analysis.versions import analysis_of
from lightship.index.fields.schema import FORMS, WEIGHTS, main_field

FORM_WEIGHT = 0.2  # of a part of an odd word, or an odd word without its signs, compared with a word of the text
# Documents that have a word itself, with which it is not looked for in odd words: these are ranked lower, and would cost a
# fifth of the search
ENOUGH = 1000
MAX_WORDS = 2000  # that are kept, of at most LONGEST characters: some 3 MB with five languages
LONGEST = 64


class Statistics(Protocol):
    """What the index knows about its terms."""

    @property
    def documents(self) -> int:
        """The number of documents."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The words that were looked up in this index."""

    def documents_in(self, language: str) -> int:
        """Return the number of documents whose words are stemmed in `language`."""

    def documents_with(self, field: str, term: str) -> int:
        """Return the number of documents with `term` in `field`."""

    def terms_with_prefix(self, field: str, prefix: str, limit: int) -> list[str]:
        """Return the terms of `field` that begin with `prefix`, most frequent first."""


class Found(NamedTuple):
    """A term of a word in a field: its language, weight, inverse document frequency, and the documents that have it."""

    field: str
    term: str
    language: str
    weight: float
    documents: int
    idf: float


class Known(NamedTuple):
    """A word: its stems in all languages, and its terms.

    `in_language` has the terms of each language, in order, with the number of documents; `terms` each distinct term with
    its (first) language; `languages` those whose documents have the word. `found` groups what documents have by field, with
    the terms of odd words among those of the text; it is empty for the first version of the schema.
    """

    stems: tuple[str, ...]
    in_language: Mapping[str, Sequence[tuple[str, int]]]
    terms: Mapping[str, str]
    languages: frozenset[str]
    found: Sequence[Sequence[Found]]


class Vocabulary:
    """The words of one index: its schema version, the languages of its documents, and its statistics if known."""

    def __init__(self, version: int, languages: Sequence[str], statistics: Statistics | None) -> None:
        """Start with no word."""
        self._languages, self._statistics = tuple(languages), statistics
        self._analysis, self._weights = analysis_of(version), WEIGHTS[version]
        self._field, self._knows = main_field(version), statistics is not None and self._analysis.has_forms
        self._known: dict[str, Known] = {}

    def __getitem__(self, word: str) -> Known:
        """Return what is known about a plain word."""
        known = self._known.get(word)
        if known is None:
            known = self._look_up(word)
            if len(word) <= LONGEST:
                if len(self._known) >= MAX_WORDS:
                    self._known.clear()
                self._known[word] = known
        return known

    def documents(self, word: str) -> int:
        """Return about how many documents have `word`, in the text or in an odd word: that of its most frequent term."""
        return max((each.documents for field in self[word].found for each in field), default=0)

    def _look_up(self, word: str) -> Known:
        stems, terms, in_language = dict[str, None](), dict[str, str](), dict[str, list[tuple[str, int]]]()
        for language in self._languages:
            made = self._analysis.analyze_word(word, language)
            stems.update(dict.fromkeys(made))
            in_language[language] = [
                (term, self._count(self._field, term)) for term in self._analysis.with_language(made, language)
            ]
            for term, _ in in_language[language]:
                terms.setdefault(term, language)  # Latin words in Russian texts are English
        having = frozenset(terms[term] for counted in in_language.values() for term, count in counted if count)
        found = tuple(tuple(self._found(field, terms)) for field in self._weights) if self._knows else ()
        return Known(tuple(stems), in_language, terms, having, found)

    def _found(self, field: str, terms: Mapping[str, str]) -> Iterator[Found]:
        """Yield the `terms` that documents have in `field`; with the main field, also those in odd words."""
        fields = [(field, self._weights[field])]
        if field == self._field and sum(self._count(field, term) for term in terms) < ENOUGH:
            fields.append((FORMS, self._weights[field] * FORM_WEIGHT))
        for name, weight in fields:
            for term, language in terms.items():
                if count := self._count(name, term):
                    yield Found(name, term, language, weight, count, idf(count, self._documents))

    @property
    def _documents(self) -> int:
        return self._statistics.documents if self._statistics else 0

    def _count(self, field: str, term: str) -> int:
        return self._statistics.documents_with(field, term) if self._statistics else 0


def idf(count: float, documents: float) -> float:
    """Return BM25's inverse document frequency, as tantivy computes it."""
    documents = max(documents, count)
    return math.log(1 + (documents - count + 0.5) / (count + 0.5))
