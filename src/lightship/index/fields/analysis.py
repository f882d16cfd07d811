"""Text analysis, the same for documents, queries and highlights.

Latin-like text is split at characters other than letters and digits, lower-cased, stripped of accents, and stemmed in
the document's language. Runs of Chinese, Japanese and Korean characters are indexed in separate fields as character
bigrams followed by single characters, so that unspaced text needs no dictionary and phrases are exact.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache

import tantivy

# BCP 47 primary subtag -> tantivy's stemmer. A further language needs only an entry here
STEMMERS = {
    "ar": "arabic", "da": "danish", "nl": "dutch", "en": "english", "fi": "finnish", "fr": "french", "de": "german",
    "el": "greek", "hu": "hungarian", "it": "italian", "no": "norwegian", "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "es": "spanish", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip
DEFAULT_LANGUAGE = "en"  # for Latin-like text of unknown language

LONGEST_WORD = 60  # bytes; nobody searches for longer ones (base64, hashes)

CJK = (
    r"\u1100-\u11ff\u3005-\u3007\u3040-\u30ff\u3100-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)  # ranges for a character class of a regular expression
CJK_RUN = re.compile(f"[{CJK}]+")

_ACCENT_LEADS = b"\xcc\xcd"  # first bytes of combining accents in UTF-8
_LEADS = _ACCENT_LEADS + bytes([0xE1, *range(0xE3, 0xEE), 0xEF, 0xF0])  # and of possible CJK characters

# English function words, which say nothing about the topic and fill long questions (Lucene's list and question words)
STOPWORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "but",
        "by",
        "do",
        "does",
        "did",
        "for",
        "from",
        "has",
        "have",
        "how",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "no",
        "not",
        "of",
        "on",
        "or",
        "that",
        "the",
        "their",
        "then",
        "there",
        "these",
        "they",
        "this",
        "to",
        "was",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "whom",
        "why",
        "will",
        "with",
        "you",
        "your",
        "i",
        "my",
        "me",
        "we",
        "our",
        "can",
        "could",
        "should",
        "would",
    ]
)


@cache
def word_analyzer(language: str) -> tantivy.TextAnalyzer:
    """Return the analyzer for Latin-like text in `language`; without stemming if that is not in STEMMERS."""
    builder = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(LONGEST_WORD))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
    )
    if language in STEMMERS:
        builder = builder.filter(tantivy.Filter.stemmer(STEMMERS[language]))
    return builder.build()


def gram_analyzer() -> tantivy.TextAnalyzer:
    """Return the analyzer of the fields that hold the output of `cjk_grams`."""
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()


@lru_cache(maxsize=65536)
def analyze_word(text: str, language: str) -> tuple[str, ...]:
    """Return the index terms of a few words in `language`."""
    return tuple(word_analyzer(language).analyze(text))


def stem_language(language: str | None) -> str:
    """Return the language in which a document in `language` is stemmed; empty for no stemming."""
    return language if language in STEMMERS else DEFAULT_LANGUAGE if language is None else ""


def prepared(text: str) -> tuple[str, bool]:
    """Return `text` with each letter and its accents as one character (NFC), and whether it has a CJK character.

    Some systems write accents as separate characters. Checking the leading bytes of UTF-8 excludes most texts ten times
    as fast as a regular expression.
    """
    if text.isascii():
        return text, False
    encoded = text.encode("utf-8", "replace")
    if len(encoded.translate(None, _LEADS)) == len(encoded):
        return text, False
    if len(encoded.translate(None, _ACCENT_LEADS)) != len(encoded):
        text = unicodedata.normalize("NFC", text)
    return text, CJK_RUN.search(text) is not None


def without_cjk(text: str) -> str:
    """Return `text` with each run of Chinese, Japanese or Korean characters replaced by a space."""
    return CJK_RUN.sub(" ", text)


def cjk_runs(text: str) -> list[str]:
    """Return the runs of Chinese, Japanese and Korean characters of `text`, in NFKC form."""
    return CJK_RUN.findall(unicodedata.normalize("NFKC", text))


def bigrams(run: str) -> list[str]:
    """Return the overlapping pairs of characters of `run`, or `run` itself if it is a single character."""
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def cjk_grams(texts: Iterable[str]) -> str:
    """Return the bigrams of all runs in `texts` in order, then their single characters, separated by spaces.

    The whitespace tokenizer gives the bigrams consecutive positions, so that a phrase of them matches the exact text.
    """
    runs = [run for text in texts for run in cjk_runs(text)]
    pairs = [pair for run in runs for pair in bigrams(run)]
    singles = [" ".join(run) for run in runs if len(run) > 1]
    return " ".join(pairs + singles)
