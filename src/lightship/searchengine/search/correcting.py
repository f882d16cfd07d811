"""Words of a query that (almost) no document has: mistyped ones are corrected, one still being typed begins others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from math import inf, log
from typing import NamedTuple

from lightship.index.analysis.normalize import normalized
from lightship.index.analysis.versions import CJK, analysis_of
from lightship.index.fields.document import BEGINNING
from lightship.index.fields.schema import VOCABULARY, VOCABULARY_SINCE, main_field
from lightship.index.query.language.parser import Query
from lightship.index.query.language.tokens import LEAST_PREFIX
from lightship.index.reader import View
from lightship.index.suggest.scoped_words import ScopedWords
from lightship.index.suggest.words import Words, is_correctable

MOST_CORRECTED = 3  # words of a query: more are no mistakes, but another language or a code
# How likely a word is right that documents have (more than their logarithm), and one of which they only have the stem
RIGHT, OTHERWISE = 4.0, -2.0
SHORT = 4  # letters of words that are right if documents have them: such a word is near to many others
MOST_FORMS = 50  # words with the stem of another
MOST_COMPLETED = 3  # words for a beginning of one or two letters

_SHORT = re.compile(rf"[^\W_{CJK}]{{1,{LEAST_PREFIX - 1}}}")
_WORD = re.compile(r"(?<!\S)[(\[{'\"]*([^\W\d_]+)[)\]}'\".,;:!?]*(?!\S)")  # not a part of a code


def mistyped(query: Query, view: View, words: Words | ScopedWords) -> dict[str, float]:
    """Return the words of `query` that (almost) no document has, if they may be mistakes.

    Each has the likelihood that its correction must exceed, see `Words.correct`: -inf if no document is found by it.
    Nothing is corrected in a query that has more than words and filters: it means what it says. Nor is a word that is
    being typed, while documents have words that begin with it.
    """
    if query.phrases or query.excluded or query.required or query.url_variants:
        return {}
    asked = dict.fromkeys(word for each in query.words for word in ([each] if each.isalpha() else _WORD.findall(each)))
    rare = [word for word in asked if not words.documents(word.lower()) and is_correctable(word.lower())]
    if query.begun in rare and _begins_words(query.begun, view):
        rare.remove(query.begun)
    if len(rare) > MOST_CORRECTED:
        rare = [word for word in rare if not view.vocabulary[word].documents]
    return {word: _likelihood(word, view) for word in rare} if len(rare) <= MOST_CORRECTED else {}


def _likelihood(word: str, view: View) -> float:
    """Return how likely it is that a rare `word` is right, as the logarithm of a number of documents."""
    if not view.vocabulary[word].documents:
        return -inf
    written = _written(word, view)
    if written and len(word) <= SHORT:
        return inf
    return log(written) + RIGHT if written else OTHERWISE


def _written(word: str, view: View) -> int:
    """Return how many documents have `word` as it is written, about.

    The text is stemmed, and how words are written is only known of its beginning. What is found by a stem, but by none
    of its other forms there, may have the word further down. In short documents, it may only have the stem itself, as a
    word with accents or as a part of an odd word.
    """
    known, typed = view.vocabulary[word], normalized(word).text.lower()
    if written := view.documents_with(VOCABULARY, typed):
        return written
    analysis, left = analysis_of(view.version), known.documents
    for stem in known.stems if known.languages else ():
        begin = stem[:-1] if stem.endswith(("e", "i")) and len(stem) > LEAST_PREFIX else stem  # making, happy
        for form, documents in view.counted_terms(VOCABULARY, begin, MOST_FORMS):
            if any(stem in analysis.analyze_word(form, language) for language in known.languages):
                left -= documents
    if left > 0 and known.stems[0] not in (typed, typed.removesuffix("e")):
        terms = [(each.field, each.term) for found in known.found for each in found]
        left = min(left, view.longer_with(terms, BEGINNING / 2))  # title and headings count, too
    return max(left, 0)


def _begins_words(word: str, view: View) -> bool:
    """Whether documents have a word, or a stem, that begins with `word`."""
    fields = [main_field(view.version), *[VOCABULARY] * (view.version >= VOCABULARY_SINCE)]
    return any(view.terms_with_prefix(field, normalized(word).text.lower(), 1) for field in fields)


class Instead(NamedTuple):
    """The text of a corrected query, and the words that were corrected though documents have them as they were `typed`."""

    text: str
    typed: list[str]


def corrected(text: str, rare: Mapping[str, float], words: Words | ScopedWords) -> Instead | None:
    """Return the query `text` with its `rare` words corrected; None if there is nothing to correct them to."""
    found = {word: words.correct(normalized(word).text.lower(), least) for word, least in rare.items()}
    instead = {word: each.text for word, each in found.items() if each}
    if not instead:
        return None
    made = _WORD.sub(lambda match: match[0].replace(match[1], instead.get(match[1], match[1])), text)
    return Instead(made, [word for word in instead if rare[word] > OTHERWISE])


def with_completed(query: Query, text: str, view: View, words: Words | ScopedWords | None) -> Query:
    """Return `query`, parsed from `text`, with the most frequent words that begin with its last one.

    Only where that is too short to be a prefix, no document has it, and it only ranks.
    """
    last = query.words[-1] if query.words and not query.begun else ""
    if words is None or query.required or not (last and text.endswith(last) and _SHORT.fullmatch(last)):
        return query
    if view.vocabulary[last].languages or view.vocabulary[last].documents:
        return query
    completed = [word for word, _ in words.beginning(normalized(last).text.lower(), MOST_COMPLETED)]
    return replace(query, words=[*query.words[:-1], *completed]) if completed else query
