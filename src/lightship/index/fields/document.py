"""Adds the searched fields of a document to its indexed form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote

import tantivy

from lightship.core.model import Document
from lightship.index.analysis import scripts
from lightship.index.analysis.forms import MAX_FORMS, emoji, forms_of, is_only_joined, joined, odd_words
from lightship.index.analysis.languages import DEFAULT_LANGUAGE
from lightship.index.analysis.normalize import Normalized, normalized
from lightship.index.analysis.title_key import title_keys
from lightship.index.analysis.words import (
    cuts_apostrophes,
    is_marked,
    plain_analyzer,
    pre_tokenized,
    terms,
    whitespace_analyzer,
    without_apostrophes,
)
from lightship.index.fields.repetitive import repeated
from lightship.index.fields.schema import FORMS, REPEATS, SCHEMA_VERSION, TITLE_KEY, VOCABULARY, grams

BEGINNING = 1200  # characters of title, headings and text whose words are suggested
_PART = "\x1e"  # between parts of a text, so that no phrase goes from one to the next
_HOST = re.compile(r"^[a-z][a-z0-9+.-]*:(?://[^/?#]*)?", re.IGNORECASE)
_NUMBERS = re.compile(r"\b\d+\b|\.(?:html?|php|aspx?|jsp)\b")


def add_searched(made: tantivy.Document, document: Document, language: str, more: Sequence[str] = ()) -> str:
    """Add `document`, whose words are stemmed in `language`, and `more` texts to the searched fields of `made`.

    Return the text that has all words.
    """
    title = _add_grams(made, "title", normalized(document.title))
    _add_words(made, "title", title, without_apostrophes(title.text, language), language)
    for key in title_keys(document.title):
        if key:
            made.add_text(TITLE_KEY, key)
    parts = [
        document.title,
        *document.ranked_headings,
        document.text,
        document.description,
        url_words(document.url),
        *more,
    ]
    whole = normalized(_PART.join(filter(None, parts)))
    _add_repeated(made, whole, language)
    text = _add_grams(made, "text", whole)
    bare = without_apostrophes(text.text, language)
    _add_words(made, "text", text, bare, language)
    _add_forms(made, text, bare if cuts_apostrophes(language) else text.text, language)
    return bare


def _add_grams(made: tantivy.Document, field: str, given: Normalized) -> Normalized:
    """Add the grams of unspaced scripts, and return the text without them."""
    if not given.is_wide:
        return given
    text, runs = scripts.split(given.text)
    if runs:
        made.add_text(grams(field, SCHEMA_VERSION), scripts.gram_terms(runs))
    return given._replace(text=text)


def _add_words(made: tantivy.Document, field: str, given: Normalized, bare: str, language: str) -> None:
    """Add the words of `bare`, which is the text of `given` without apostrophes."""
    marked = given.is_wide and is_marked(bare)
    for part in bare.split(_PART):
        if not part or part.isspace():
            continue
        if language == DEFAULT_LANGUAGE and not marked:
            made.add_text(field, part)  # the field's own analyzer keeps tokens in Rust: more than twice as fast
        else:
            made.add_pre_tokenized_text(field, pre_tokenized(part, language, marked=marked))


def _add_repeated(made: tantivy.Document, given: Normalized, language: str) -> None:
    """Mark a document that has a word, or a gram, again and again."""

    def terms_of(text: str) -> list[str]:
        text, runs = scripts.split(text) if given.is_wide else (text, [])
        bare = without_apostrophes(text, language)
        return terms(bare, language, marked=is_marked(bare)) + [gram for run in runs for gram in run.grams()]

    if found := repeated(given.text, terms_of):
        made.add_text(FORMS, " ".join([REPEATS, *(REPEATS + term for term in found)]))


def add_vocabulary(made: tantivy.Document, text: str) -> None:
    """Add the words of the title, the headings and the beginning of the text, which are suggested."""
    beginning = text[:BEGINNING]
    if len(beginning) == BEGINNING:
        beginning = beginning.rpartition(" ")[0]
    if is_marked(beginning):
        words = plain_analyzer(marked=True).analyze(beginning)
        made.add_pre_tokenized_text(VOCABULARY, whitespace_analyzer().pre_tokenize(" ".join(words)))
    elif beginning and not beginning.isspace():
        made.add_text(VOCABULARY, beginning)


def _add_forms(made: tantivy.Document, given: Normalized, text: str, language: str) -> None:
    exact, plain = emoji(given.text) if given.has_symbols else [], list[str]()
    only_joined = list[bytes]()
    for word in odd_words(text):
        if is_only_joined(word):
            only_joined.append(word)
        elif forms := forms_of(word):
            if forms.exact:
                exact.append(forms.exact)
            elif forms.joined:
                plain.append(forms.joined)
            plain += forms.parts
    if only_joined:
        plain.append(joined(only_joined))
    if exact or plain:
        found = dict.fromkeys([*exact, *terms(" ".join(plain), language)])
        made.add_text(FORMS, " ".join(list(found)[:MAX_FORMS]))


def url_words(url: str) -> str:
    """Return the searchable words of a url: those of its path and query, without numbers, percent-decoded."""
    return _NUMBERS.sub(" ", unquote(_HOST.sub("", url)).replace(_PART, " "))
