"""Language detection by script, by letters unique to one language, and by letter statistics."""

from __future__ import annotations

import re
from typing import Any

from resiliparse.parse.lang import detect_fast, supported_langs

SAMPLE = 500  # characters sampled from the start, and from the middle of a long text: accurate enough, and 12 µs each
LONG = 4 * SAMPLE
SHORTEST = 120  # characters; the statistics of shorter texts are mostly wrong
FEW = 40  # characters; enough if the script leaves few candidate languages
MARGIN = 15  # of rank between the two best languages: measured, 0.3 % wrong on 2,400 English pages

CJK = frozenset({"zh", "ja", "ko"})

# Script -> the languages written in it, the most likely one first.
SCRIPTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "cyrillic": ("\u0400-\u052f", ("ru", "uk", "bg", "be", "sr", "mk", "kk", "ky", "mn", "tg", "tt", "ba", "cv", "ce")),
    "arabic": ("\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff", ("ar", "fa", "ur", "ps", "ug", "sd", "ku")),
    "hebrew": ("\u0590-\u05ff", ("he", "yi")),
    "greek": ("\u0370-\u03ff\u1f00-\u1fff", ("el",)),
    "thai": ("\u0e00-\u0e7f", ("th",)),
    "devanagari": ("\u0900-\u097f", ("hi", "mr", "ne", "sa")),
    "bengali": ("\u0980-\u09ff", ("bn", "as")),
    "gurmukhi": ("\u0a00-\u0a7f", ("pa",)),
    "gujarati": ("\u0a80-\u0aff", ("gu",)),
    "tamil": ("\u0b80-\u0bff", ("ta",)),
    "telugu": ("\u0c00-\u0c7f", ("te",)),
    "kannada": ("\u0c80-\u0cff", ("kn",)),
    "malayalam": ("\u0d00-\u0d7f", ("ml",)),
    "sinhala": ("\u0d80-\u0dff", ("si",)),
    "burmese": ("\u1000-\u109f", ("my",)),
    "georgian": ("\u10a0-\u10ff", ("ka",)),
    "armenian": ("\u0530-\u058f", ("hy",)),
    "khmer": ("\u1780-\u17ff", ("km",)),
}
# Letters that no other language of the same script has. Their absence is no evidence.
_LETTERS = {
    "ru": "[ыэЫЭ](?!.*[іўІЎ])", "uk": "[їєґЇЄҐ]", "be": "[ўЎ]", "sr": "[ђћЂЋ]", "mk": "[ѓќѕЃЌЅ]", "fa": "[پچژگ](?!.*[ٹڈڑےں])",
    "ur": "[ٹڈڑےں]",
}  # fmt: skip

_KANA = re.compile("[\u3041-\u30ff]")
_HANGUL = re.compile("[\u1100-\u11ff\uac00-\ud7a3]")
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_SUBTAG = re.compile(r"[a-z]{2,3}(?![a-z])")
_RANGES = {script: re.compile(f"[{letters}]") for script, (letters, _) in SCRIPTS.items()}
_MARKS = {language: re.compile(letters, re.DOTALL) for language, letters in _LETTERS.items()}
_KNOWN = frozenset(supported_langs())
_OTHERS = CJK.union(*(languages for _, languages in SCRIPTS.values()))  # not written in Latin letters


def primary_subtag(tag: str | None) -> str | None:
    """Return the language of a BCP 47 tag (`en` for `en-GB`), or None if it names no language."""
    found = _SUBTAG.match((tag or "").strip().lower())
    return found[0] if found and found[0] != "und" else None


def detect_language(text: str, declared: str | None = None) -> str | None:
    """Return the language of `text` as a primary subtag, or None when it is uncertain.

    The language `declared` by the author is trusted unless it is not written in the script of the text.
    """
    sample = text[:SAMPLE]
    if len(text) >= LONG:
        sample += text[len(text) // 2 :][:SAMPLE]
    languages = () if sample.isascii() else _languages_of_script(sample)
    if declared and _is_plausible(declared, languages, sample):
        return declared
    return _language_of(sample, languages)


def _is_plausible(declared: str, languages: tuple[str, ...], sample: str) -> bool:
    """Return True if text in the script of `languages` (none: Latin or mixed) can be in the declared language."""
    if not languages:
        return declared not in _OTHERS or len(sample) < SHORTEST or not sample.isascii()
    if languages[0] in CJK:
        return declared in CJK
    return declared in languages or declared not in _KNOWN


def _language_of(sample: str, languages: tuple[str, ...]) -> str | None:
    if len(languages) == 1:
        return languages[0]
    marked = [language for language in languages if language in _MARKS and _MARKS[language].search(sample)]
    if len(marked) == 1:
        return marked[0]
    if languages and len(sample) < FEW:
        return languages[0] if languages[0] in ("ar", "he") and not marked else None
    return _language_of_letters(sample, languages)


def _languages_of_script(sample: str) -> tuple[str, ...]:
    """Return the languages of the script that makes up at least a quarter of `sample`; none for Latin letters."""
    kana, hangul, han = len(_KANA.findall(sample)), len(_HANGUL.findall(sample)), len(_HAN.findall(sample))
    if (kana + hangul + han) * 4 >= len(sample):
        if hangul > kana + han:
            return ("ko",)
        return ("ja",) if kana * 10 > han else ("zh",)
    for script, letters in _RANGES.items():
        if len(letters.findall(sample)) * 4 >= len(sample):
            return SCRIPTS[script][1]
    return ()


def _language_of_letters(sample: str, languages: tuple[str, ...]) -> str | None:
    if not languages and len(sample) < SHORTEST:
        return None
    best: Any = detect_fast(sample, n_results=2, langs=languages or None)
    if len(best) < 2 or best[1][1] - best[0][1] < MARGIN:
        return None
    return str(best[0][0])
