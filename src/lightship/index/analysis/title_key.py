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

_WORD = re.compile(r"[a-z0-9]+")
_may_be_exact = re.compile(r"[.+#]|\d[',_-]").search  # all forms that are exact have one of these


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
    text = normalized(text[: 4 * _MAX_LENGTH]).text
    odd = odd_words(text) if _may_be_exact(text) else ()
    exact = [forms.exact for word in odd if (forms := forms_of(word)) and forms.exact]
    return _keys([*_words(without_apostrophes(text, "")), *exact][:_MAX_WORDS])


def _words(text: str) -> list[str]:
    if text.isascii():  # nearly all queries; as the analyzer does, in a quarter of the time
        return _WORD.findall(text.lower())
    return list(_analyzer().analyze(text))


def _keys(words: list[str]) -> tuple[str, str]:
    if not words:
        return "", ""
    content = sorted({word for word in words if word not in STOPWORDS} or set(words))
    return "=" + " ".join(words)[:_MAX_LENGTH], "~" + " ".join(content)[:_MAX_LENGTH]
