"""Words of a query that no document has: mistyped ones are corrected, and one still being typed begins other words."""

from __future__ import annotations

import re
from dataclasses import replace

from lightship.index.analysis.normalize import normalized
from lightship.index.analysis.versions import CJK
from lightship.index.fields.schema import VOCABULARY, VOCABULARY_SINCE, main_field
from lightship.index.query.language.parser import Query
from lightship.index.query.language.tokens import LEAST_PREFIX
from lightship.index.reader import View
from lightship.index.suggest.words import Words, is_correctable

SECONDS = 0.001  # for the correction of a word
MOST_CORRECTED = 3  # words of a query: more are no mistakes, but another language or a code
MOST_COMPLETED = 3  # words for a beginning of one or two letters

_SHORT = re.compile(rf"[^\W_{CJK}]{{1,{LEAST_PREFIX - 1}}}")
_WORD = re.compile(r"(?<!\S)[(\[{'\"]*([^\W\d_]+)[)\]}'\".,;:!?]*(?!\S)")  # not a part of a code


def mistyped(query: Query, view: View) -> list[str]:
    """Return the words of `query` that no document has, if they may be mistakes.

    Nothing is corrected in a query that has more than words and filters: it means what it says. Nor is a word that is
    being typed, while documents have words that begin with it.
    """
    if query.phrases or query.excluded or query.required or query.url_variants:
        return []
    words = dict.fromkeys(word for each in query.words for word in ([each] if each.isalpha() else _WORD.findall(each)))
    vocabulary = view.vocabulary
    unknown = [word for word in words if not vocabulary[word].documents and is_correctable(word.lower())]
    if query.begun in unknown and _begins_words(query.begun, view):
        unknown.remove(query.begun)
    return unknown if len(unknown) <= MOST_CORRECTED else []


def _begins_words(word: str, view: View) -> bool:
    """Whether documents have a word, or a stem, that begins with `word`."""
    fields = [main_field(view.version), *[VOCABULARY] * (view.version >= VOCABULARY_SINCE)]
    return any(view.terms_with_prefix(field, normalized(word).text.lower(), 1) for field in fields)


def corrected(text: str, unknown: list[str], words: Words) -> str | None:
    """Return the query `text` with its `unknown` words corrected; None if there is nothing to correct them to."""
    found = {word: words.correct(normalized(word).text.lower()) for word in unknown}
    instead = {word: each.text for word, each in found.items() if each}
    if not instead:
        return None
    return _WORD.sub(lambda match: match[0].replace(match[1], instead.get(match[1], match[1])), text)


def with_completed(query: Query, text: str, view: View, words: Words | None) -> Query:
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
