"""Keys of titles, so that a query which is a title is known by one term."""

from __future__ import annotations

from functools import cache

import tantivy

from lightship.index.fields.forms import forms_of, odd_words
from lightship.index.fields.normalize import normalized
from lightship.index.fields.stopwords import STOPWORDS
from lightship.index.fields.words import without_apostrophes

_MAX_WORDS, _MAX_LENGTH = 32, 250


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
    exact = []
    if not text.replace(" ", "").isalpha():
        exact = [forms.exact for word in odd_words(text) if (forms := forms_of(word)) and forms.exact]
    words = [*_analyzer().analyze(without_apostrophes(text, "")), *exact][:_MAX_WORDS]
    if not words:
        return "", ""
    content = sorted({word for word in words if word not in STOPWORDS} or set(words))
    return "=" + " ".join(words)[:_MAX_LENGTH], "~" + " ".join(content)[:_MAX_LENGTH]
