"""Corrects mistyped words of a query: those that no document has, and that are much like words that documents have."""

from __future__ import annotations

import re

from lightship.index.analysis.normalize import normalized
from lightship.index.fields.schema import main_field
from lightship.index.query.language.parser import Query
from lightship.index.reader import View
from lightship.index.suggest.words import Words, is_correctable

SECONDS = 0.01  # for the correction of a word
MOST_CORRECTED = 3  # words of a query: more are no mistakes, but another language or a code

_WORD = re.compile(r"(?<!\S)[(\[{'\"]*([^\W\d_]+)[)\]}'\".,;:!?]*(?!\S)")  # not a part of a code


def mistyped(query: Query, view: View) -> list[str]:
    """Return the words of `query` that no document has, if they may be mistakes.

    Nothing is corrected in a query that has more than words and filters: it means what it says. Nor is a word that is
    being typed, while documents have words that begin with it.
    """
    if query.phrases or query.excluded or query.required or query.url_variants:
        return []
    words = dict.fromkeys(word for each in query.words for word in _WORD.findall(each))
    unknown = [word for word in words if is_correctable(word.lower()) and not view.vocabulary.documents(word)]
    if query.begun in unknown and view.terms_with_prefix(main_field(view.version), query.begun.lower(), 1):
        unknown.remove(query.begun)
    return unknown if len(unknown) <= MOST_CORRECTED else []


def corrected(text: str, unknown: list[str], words: Words) -> str | None:
    """Return the query `text` with its `unknown` words corrected; None if there is nothing to correct them to."""
    found = {word: words.correct(normalized(word).text.lower()) for word in unknown}
    instead = {word: each.text for word, each in found.items() if each}
    if not instead:
        return None
    return _WORD.sub(lambda match: match[0].replace(match[1], instead.get(match[1], match[1])), text)
