"""Text analysis of version 1 of the schema, for queries on an index that an earlier release built.

Latin-like text is split at characters other than letters and digits, lower-cased, stripped of accents, and stemmed in
the document's language. Runs of Chinese, Japanese and Korean characters are in separate fields as character bigrams.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import tantivy

from lightship.core.caching import cache_short
from lightship.core.unicode import normalize
from lightship.index.analysis.languages import DEFAULT_LANGUAGE, STEMMERS
from lightship.index.analysis.scripts import Run

LONGEST_WORD = 60  # bytes; nobody searches for longer ones (base64, hashes)

CJK = (
    r"\u1100-\u11ff\u3005-\u3007\u3040-\u30ff\u3100-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)  # ranges for a character class of a regular expression
CJK_RUN = re.compile(f"[{CJK}]+")

_ACCENT_LEADS = b"\xcc\xcd"  # first bytes of combining accents in UTF-8
_LEADS = _ACCENT_LEADS + bytes([0xE1, *range(0xE3, 0xEE), 0xEF, 0xF0])  # and of possible CJK characters


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


@cache_short(entries=65_536, longest=64)
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
        text = normalize("NFC", text)
    return text, CJK_RUN.search(text) is not None


def split(text: str) -> tuple[str, list[Run]]:
    """Return `text` with each run of Chinese, Japanese or Korean characters replaced by a space, and the runs in NFKC."""
    text, has_runs = prepared(text)
    if not has_runs:
        return text, []
    runs = CJK_RUN.findall(normalize("NFKC", text))
    return CJK_RUN.sub(" ", text), [Run(run, run, 2, is_exact=True) for run in runs]


def with_language(stems: Sequence[str], language: str) -> Sequence[str]:
    """Return the terms of `stems`: the same for all languages."""
    return stems
