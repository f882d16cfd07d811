"""The words of texts in letters: split at signs, lower-cased, stripped of accents, and stemmed in the text's language.

A term belongs to one language, so that stems of two languages never meet. English terms stand as they are, which
tantivy's own analyzer makes fast. Terms of another language end with MARK and its code. Only words in letters that a
stemmer changes need that: a Hindi word is the same term in a text of any language.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import tantivy

from lightship.core.caching import cache_short
from lightship.index.analysis.languages import DEFAULT_LANGUAGE, NOT_LATIN, STEMMERS
from lightship.index.analysis.normalize import normalized

MARK = "\x1f"  # not in any text
LONGEST_WORD = 100  # bytes; longer ones are data. Some languages have words of 40 letters, of two or three bytes each

# French and Italian articles by length. Searching for the apostrophe first takes a seventieth of the time
_ARTICLES = (
    "[cdjlmnst]",
    "gl|qu|un",
    "agl|all",
    "coll|dagl|dall|degl|dell|negl|nell|sugl|sull",
    "jusqu|quell|quest",
    "lorsqu|puisqu|quoiqu",
)
_ELISION = re.compile(rf"\b(?:{'|'.join(_ARTICLES)})'(?=\w)", re.IGNORECASE)
_ELIDED = re.compile(
    r"'(?=\w)(?:" + "|".join(rf"(?<=\b({article})')" for article in _ARTICLES) + ")",
    re.IGNORECASE,
)
_ELIDING = {"fr", "it", "ca", "oc"}
_SUFFIX = re.compile(r"'(?<=\w')[^\W\d_]+")  # of a proper name in Turkish: Ankara'da
_SUFFIXING = {"tr", "az"}
_APOSTROPHE = re.compile(r"'(?<=\w')(?=\w)(?:[sS]\b)?")
# Scripts whose words have marks that tantivy's tokenizer takes for signs
_MARKED = re.compile(
    "[\u0700-\u109f\u135d-\u135f\u1680-\u1cff\ua66f-\ua69f\ua800-\uabff\U00010a00-\U00011fff\U0001e000-\U0001efff]"
)


def without_apostrophes(text: str, language: str) -> str:
    """Return `text` with its apostrophes removed: `dont`, `oreilly`; without English 's, and French or Italian articles."""
    if "'" not in text:
        return text
    if language in _ELIDING:
        text = _without_articles(text)
    elif language in _SUFFIXING:
        text = _SUFFIX.sub("", text)
    return _APOSTROPHE.sub("", text)


def apostrophes(language: str) -> Sequence[tuple[re.Pattern[str], str]]:
    """Return the replacements that remove the apostrophes of a text in `language`."""
    if language in _ELIDING:
        return (_ELISION, " "), (_APOSTROPHE, "")
    return ((_SUFFIX, ""), (_APOSTROPHE, "")) if language in _SUFFIXING else ((_APOSTROPHE, ""),)


def _without_articles(text: str) -> str:
    kept, end = list[str](), 0
    for found in _ELIDED.finditer(text):
        kept.append(text[end : found.start(found.lastindex or 0)])
        end = found.end()
    return " ".join([*kept, text[end:]])


def cuts_apostrophes(language: str) -> bool:
    """Return True if what stands before or after an apostrophe is no part of the word in `language`."""
    return language in _ELIDING or language in _SUFFIXING


@cache
def word_analyzer(language: str, *, marked: bool = False) -> tantivy.TextAnalyzer:
    """Return the analyzer for words of `language`, which is that of `stem_language`; `marked` for texts with marks."""
    tokenizer = tantivy.Tokenizer.regex(r"[\p{L}\p{N}\p{M}]+") if marked else tantivy.Tokenizer.simple()
    builder = (
        tantivy.TextAnalyzerBuilder(tokenizer)
        .filter(tantivy.Filter.remove_long(LONGEST_WORD))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
    )
    if language in STEMMERS:
        builder = builder.filter(tantivy.Filter.stemmer(STEMMERS[language]))
    if language in NOT_LATIN:
        builder = builder.filter(tantivy.Filter.stemmer(STEMMERS[DEFAULT_LANGUAGE]))
    return builder.build()


@cache
def plain_analyzer(*, marked: bool = False) -> tantivy.TextAnalyzer:
    """Return the analyzer that keeps words as they are written, but for capitals; `marked` for texts with marks."""
    tokenizer = tantivy.Tokenizer.regex(r"[\p{L}\p{N}\p{M}]+") if marked else tantivy.Tokenizer.simple()
    builder = tantivy.TextAnalyzerBuilder(tokenizer).filter(tantivy.Filter.remove_long(LONGEST_WORD))
    return builder.filter(tantivy.Filter.lowercase()).build()


@cache
def whitespace_analyzer() -> tantivy.TextAnalyzer:
    """Return the analyzer of fields whose terms are made in Python."""
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()


def is_marked(text: str) -> bool:
    """Return True if `text` has words with marks."""
    return _MARKED.search(text) is not None


def terms(text: str, language: str, *, marked: bool = False) -> list[str]:
    """Return the terms of `text`, normalized and without apostrophes, in `language`."""
    return with_language(word_analyzer(language, marked=marked).analyze(text), language)


def with_language(stems: Sequence[str], language: str) -> list[str]:
    """Return the terms of `stems`, which are of `language`."""
    if language == DEFAULT_LANGUAGE:
        return list(stems)
    mark = MARK + language
    is_latin = language not in NOT_LATIN
    return [stem + mark if stem.isascii() is is_latin else stem for stem in stems]


def pre_tokenized(text: str, language: str, *, marked: bool = False) -> tantivy.PreTokenizedString:
    """Return the terms of `text` in a form that a field takes."""
    return whitespace_analyzer().pre_tokenize(" ".join(terms(text, language, marked=marked)))


@cache_short(entries=65_536, longest=64)
def analyze_word(text: str, language: str) -> tuple[str, ...]:
    """Return the stems of a few words in `language`."""
    if text.isascii() and text.isalnum():  # nearly all: half of the time
        return tuple(word_analyzer(language, marked=False).analyze(text))
    text = without_apostrophes(normalized(text).text, language)
    return tuple(word_analyzer(language, marked=is_marked(text)).analyze(text))
