"""Keys of titles, so that a query which is a title is known by one term."""

from __future__ import annotations

import re
from functools import cache

import tantivy

from lightship.index.analysis.forms import forms_of, odd_words
from lightship.index.analysis.normalize import normalized
from lightship.index.analysis.stopwords import STOPWORDS
from lightship.index.analysis.words import without_apostrophes

_MAX_WORDS, _MAX_LENGTH = 32, 250

_is_plain = re.compile(r"[a-z0-9]*(?: [A-Za-z]?[a-z0-9]*)*").fullmatch  # no sign, and no capital within a word


@cache
def _analyzer() -> tantivy.TextAnalyzer:
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.regex(r"[\p{L}\p{N}\p{M}]+"))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
        .build()
    )


def title_keys(text: str) -> tuple[str, str]:
    """Return the keys of a title or a query: of its words in order, and of its content words in any order.

    Both are empty for a text without words. Words are not stemmed; case, accents and signs do not matter, except those
    of odd words (`C++`).
    """
    text = text[: 4 * _MAX_LENGTH]
    if text.isascii() and _is_plain(text):  # nearly all queries, in a quarter of the time
        return _keys(text.lower().split()[:_MAX_WORDS])
    text = normalized(text).text
    exact = [forms.exact for word in odd_words(text) if (forms := forms_of(word)) and forms.exact]
    words = [*_analyzer().analyze(without_apostrophes(text, "")), *exact][:_MAX_WORDS]
    return _keys(words)


def _keys(words: list[str]) -> tuple[str, str]:
    if not words:
        return "", ""
    content = sorted({word for word in words if word not in STOPWORDS} or set(words))
    return "=" + " ".join(words)[:_MAX_LENGTH], "~" + " ".join(content)[:_MAX_LENGTH]
