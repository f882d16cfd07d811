"""Words of a query that no document has: mistyped ones are corrected, and one still being typed begins other words."""

from __future__ import annotations

import re
from dataclasses import replace

from lightship.index.analysis.normalize import normalized
from lightship.index.analysis.versions import CJK
from lightship.index.fields.schema import main_field
from lightship.index.query.boolean import begins_words
from lightship.index.query.language.parser import Query
from lightship.index.query.language.tokens import LEAST_PREFIX
from lightship.index.reader import View
from lightship.index.suggest.words import Words, is_correctable

SECONDS = 0.01  # for the correction of a word
MOST_CORRECTED = 3  # words of a query: more are no mistakes, but another language or a code
MOST_COMPLETED = 3  # words for a beginning of one or two letters

_OPEN = re.compile(rf"[^\W_{CJK}]+")
_WORD = re.compile(r"(?<!\S)[(\[{'\"]*([^\W\d_]+)[)\]}'\".,;:!?]*(?!\S)")  # not a part of a code


def mistyped(query: Query, view: View) -> list[str]:
    """Return the words of `query` that no document has, if they may be mistakes.

    Nothing is corrected in a query that has more than words and filters: it means what it says.
    """
    if query.phrases or query.excluded or query.required or query.url_variants:
        return []
    words = dict.fromkeys(word for each in query.words for word in _WORD.findall(each))
    unknown = [word for word in words if is_correctable(word.lower()) and not view.vocabulary.documents(word)]
    return unknown if len(unknown) <= MOST_CORRECTED else []


def corrected(text: str, unknown: list[str], words: Words) -> str | None:
    """Return the query `text` with its `unknown` words corrected; None if there is nothing to correct them to."""
    found = {word: words.correct(normalized(word).text.lower()) for word in unknown}
    instead = {word: each.text for word, each in found.items() if each}
    if not instead:
        return None
    return _WORD.sub(lambda match: match[0].replace(match[1], instead.get(match[1], match[1])), text)


def with_open_end(query: Query, text: str, view: View, words: Words | None) -> Query:
    """Return `query`, parsed from `text`, with its last word as the beginning of words if documents have only those.

    A beginning too short for a prefix stands for the most frequent of `words`. A word that documents have stays as it is,
    so that what has it is not mixed with what has not. So does a word that more than ranks: in a phrase, excluded or
    required.
    """
    last = query.words[-1] if query.words else ""
    if query.required or query.url_variants or not (text.endswith(last) and _OPEN.fullmatch(last)):
        return query
    if view.vocabulary[last].languages or view.vocabulary.documents(last):
        return query
    before = query.words[:-1]
    if len(last) < LEAST_PREFIX:
        completed = words.beginning(normalized(last).text.lower(), MOST_COMPLETED) if words else []
        return replace(query, words=[*before, *(word for word, _ in completed)]) if completed else query
    if not begins_words(view, main_field(view.version), last, view.version):
        return query
    return replace(query, words=before, prefixes=[*query.prefixes, last])
