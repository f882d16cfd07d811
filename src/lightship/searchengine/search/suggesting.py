"""Suggestions for what is being typed: words that complete it, and titles of documents."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import msgspec

from lightship.index.analysis.normalize import normalized
from lightship.index.fields.schema import VOCABULARY
from lightship.index.fields.stored_document import decode_source
from lightship.index.query.compiler import Compiled, compile_query
from lightship.index.query.language.expression import Any, Expression, Leaf
from lightship.index.query.language.parser import Query
from lightship.index.reader import View, find, reading
from lightship.index.suggest.scoped_words import LEAST_LETTERS, WORDS_SECONDS, ScopedWords
from lightship.index.suggest.words import Words
from lightship.searchengine.search.admission import CHEAP_SECONDS
from lightship.searchengine.search.api import SearchRequest, shown_title
from lightship.searchengine.search.seen import Seen
from lightship.searchengine.search.selecting import Selecting

MAX_SUGGESTIONS = 20
SUGGESTIONS_TYPE = "application/x-suggestions+json"
MAX_TYPED = 200  # characters of a query that is completed
MAX_WHOLE = 8  # words before the last one that documents must have
COMPLETIONS = 20  # of the last word, that titles are searched with


class Suggestion(msgspec.Struct, frozen=True):
    """A query, which is a `word` to complete what was typed, or the `title` of the document at `url`."""

    text: str
    kind: str
    url: str | None = None


class Suggestions(msgspec.Struct, frozen=True):
    """The suggestions for `query`, best first: words, then titles."""

    query: str
    suggestions: list[Suggestion]


def suggest(seen: Seen, request: SearchRequest) -> Suggestions:
    """Return suggestions for what has been typed of a query, from the documents that its filters leave.

    Raises UnavailableError if nothing is installed yet, InvalidInputError for a wrong filter.
    """
    view, words, most = seen.view, seen.words, min(request.size, MAX_SUGGESTIONS)
    selecting = Selecting(view, request)
    typed = normalized(selecting.typed.text[:MAX_TYPED]).text
    *whole, last = typed.split() or [""]
    if words is None or not last or unicodedata.category(last[-1])[0] not in "LMN":
        return Suggestions(request.query, [])
    selected = _Selected(view, selecting, request.lang)
    before = list(dict.fromkeys(whole))[-MAX_WHOLE:]
    found = selected.completions(words, before, last.lower())
    texts = [" ".join([*whole, word]) for word in found]
    shown = [Suggestion(text, "word") for text in texts if text.lower() != typed.lower()]
    titles = selected.titles(before, [last, *found][:COMPLETIONS], max(1, most // 2))
    return Suggestions(request.query, [*shown[: most - len(titles)], *titles])


def suggest_seconds(seen: Seen, request: SearchRequest) -> float:
    """Return the estimated seconds for the suggestions: short beginnings begin many words."""
    before, _, last = request.query.rpartition(" ")
    view = seen.view
    seconds = (view.whole or view.documents) * WORDS_SECONDS / max(1, len(last))
    return max(seconds, CHEAP_SECONDS) if before and view.is_repetitive else seconds


def opensearch_form(found: Suggestions) -> list[str | list[str]]:
    """Return the form that browsers ask for (OpenSearch Suggestions 1.1): query, texts, descriptions, urls."""
    texts = [each.text for each in found.suggestions]
    return [found.query, texts, [""] * len(texts), [each.url or "" for each in found.suggestions]]


class _Selected:
    """The documents that the filters of a request leave."""

    def __init__(self, view: View, selecting: Selecting, lang: str) -> None:
        self._view, self._selecting, self._lang = view, selecting, lang

    def completions(self, words: Words | ScopedWords, whole: list[str], prefix: str) -> list[str]:
        """Return the most frequent words with `prefix`, among the documents with the words before it."""
        is_filtered = whole or self._selecting.conditions or self._lang
        if not is_filtered or len(prefix) < LEAST_LETTERS:
            return [word for word, _ in words.beginning(prefix, COMPLETIONS)]
        among = self._compiled(Query(required=[Leaf("word", word) for word in whole]))
        return [word for word, _ in self._view.counted_terms(VOCABULARY, prefix, COMPLETIONS, among.query)]

    def titles(self, whole: list[str], last: list[str], most: int) -> list[Suggestion]:
        """Return the best documents whose title has the `whole` words and one of `last`."""
        ends = tuple(Leaf("title", word) for word in dict.fromkeys(last))
        required: list[Expression] = [
            *(Leaf("title", word) for word in whole),
            ends[0] if len(ends) == 1 else Any(ends),
        ]
        found = find(
            self._view, self._compiled(Query(words=[*whole, *last], required=required)), 0, most, by_date=False
        )
        with reading:
            documents = [decode_source(found.stored(number)) for number in range(len(found.scores))]
        return [Suggestion(shown_title(each.title), "title", each.url) for each in documents]

    def _compiled(self, query: Query) -> Compiled:
        compiled = compile_query(query, self._view.version, self._view.languages, self._lang, self._view)
        return replace(compiled, filters=self._selecting.filters)
