"""What an index knows about the words of queries: their terms in its languages, and how many documents have these.

Looking that up is most of the work of compiling a query, and queries share words: a view keeps it for the words it was
asked.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from lightship.core.caching import Recent
from lightship.index.analysis.versions import analysis_of
from lightship.index.fields.schema import FORMS, WEIGHTS, main_field

FORM_WEIGHT = 0.2  # of a part of an odd word, or an odd word without its signs, compared with a word of the text
# Documents that have a word itself, with which it is not looked for in odd words: these are ranked lower, and would cost a
# fifth of the search
ENOUGH = 1000
MAX_WORDS = 6000  # that are kept, of at most LONGEST characters: some 12 MB with six languages
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


class Variant(NamedTuple):
    """A term to look for; its score is BM25's times `boost`, or `boost` itself if it `is_constant`."""

    field: str
    term: str
    boost: float
    is_constant: bool = False


class Known(NamedTuple):
    """A word: its stems in all languages, and its terms.

    `in_language` has the terms of each language, in order, with the number of documents; `languages` are those whose
    documents have the word. `found` groups what documents have by field, with the terms of odd words among those of the
    text; without it, for the first version of the schema, `terms` are all that there are. `variants` are the terms to look
    for if all the languages of `found`, `found_in`, count the same; `documents` is how many have the most frequent of them.

    Tuples, since thousands of words are kept: the smallest set or list takes as much as a tuple of twenty.
    """

    stems: tuple[str, ...]
    in_language: Mapping[str, tuple[tuple[str, int], ...]]
    terms: tuple[str, ...]
    languages: tuple[str, ...]
    found: tuple[tuple[Found, ...], ...]
    found_in: tuple[str, ...]
    variants: tuple[Variant, ...]
    documents: int


class Vocabulary:
    """The words of one index: its schema version, the languages of its documents, and its statistics if known."""

    def __init__(self, version: int, languages: Sequence[str], statistics: Statistics | None) -> None:
        """Start with no word."""
        self._languages, self._statistics = tuple(languages), statistics
        self._analysis, self._weights = analysis_of(version), WEIGHTS[version]
        self._field, self._knows = main_field(version), statistics is not None and self._analysis.has_forms
        self._known = Recent[str, Known](MAX_WORDS)

    def __getitem__(self, word: str) -> Known:
        """Return what is known about a plain word."""
        known = self._known.get(word)
        if known is None:
            known = self._look_up(word)
            if len(word) <= LONGEST:
                self._known.keep(word, known)
        return known

    def _look_up(self, word: str) -> Known:
        stems, terms, made = dict[str, None](), dict[str, str](), dict[str, Sequence[str]]()
        for language in self._languages:
            of_language = self._analysis.analyze_word(word, language)
            stems.update(dict.fromkeys(of_language))
            made[language] = self._analysis.with_language(of_language, language)
            for term in made[language]:
                terms.setdefault(term, language)  # Latin words in Russian texts are English
        counts = {term: self._count(self._field, term) for term in terms}
        having = dict.fromkeys(terms[term] for term, count in counts.items() if count)
        counted = {term: (term, count) for term, count in counts.items()}
        in_language = {language: tuple(map(counted.__getitem__, made[language])) for language in made}
        found = [tuple(self._found(field, terms, counts)) for field in self._weights] if self._knows else []
        most = max((each.documents for field in found for each in field), default=0)
        variants = [variant for field in found if field for variant in self.as_one(field, {})]
        found_in = dict.fromkeys(each.language for field in found for each in field)
        return Known(
            tuple(stems), in_language, () if self._knows else tuple(terms), tuple(having),
            tuple(found), tuple(found_in), tuple(variants), most,
        )  # fmt: skip

    def _found(self, field: str, terms: Mapping[str, str], counts: Mapping[str, int]) -> Iterator[Found]:
        """Yield the `terms` that documents have in `field`; with the main field, also those in odd words.

        `counts` are those of the main field, which has the words of all others.
        """
        fields = [(field, self._weights[field])]
        if field == self._field and sum(counts.values()) < ENOUGH:
            fields.append((FORMS, self._weights[field] * FORM_WEIGHT))
        for name, weight in fields:
            for term, language in terms.items():
                count = counts[term]
                if name == FORMS or (count and name != self._field):
                    count = self._count(name, term)
                if count:
                    yield Found(name, term, language, weight, count, idf(count, self._documents))

    def as_one(self, found: Sequence[Found], factors: Mapping[str, float]) -> list[Variant]:
        """Return the variants of one word with the idf of their union; each language counts as much as its factor.

        The union is one among the documents in languages that have the word: an English query is ranked in an index of
        twenty languages as it would be among the English documents.
        """
        assert self._statistics
        of_languages = {each.language: factors.get(each.language, 1.0) for each in found}
        documents = sum(self._statistics.documents_in(language) * factor for language, factor in of_languages.items())
        union = idf(sum(each.documents * of_languages[each.language] for each in found), documents)
        return [
            Variant(each.field, each.term, each.weight * of_languages[each.language] * union / each.idf)
            for each in found
        ]

    @property
    def _documents(self) -> int:
        return self._statistics.documents if self._statistics else 0

    def _count(self, field: str, term: str) -> int:
        return self._statistics.documents_with(field, term) if self._statistics else 0


def idf(count: float, documents: float) -> float:
    """Return BM25's inverse document frequency, as tantivy computes it."""
    documents = max(documents, count)
    return math.log(1 + (documents - count + 0.5) / (count + 0.5))
