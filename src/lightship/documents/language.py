"""Language detection: by script, then by the most frequent words and the letters of the languages of that script."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from lightship.core.model import Document
from lightship.core.unicode import normalize
from lightship.documents.frequent_words import LETTERS, WORDS

SAMPLE = 400  # characters sampled from the start, and from the middle of a longer text
MARGIN = 2  # words and letters more than any other language has: docs/decisions/0012-language.md has measurements
SHORTEST = 120  # characters; a shorter text of Latin letters can be a piece of a page in any script
SEEN = 150  # characters of a sample, every nth one, that decide about its script

CJK = frozenset({"zh", "ja", "ko"})

# The languages of each script, and its blocks of Unicode: first and last character. Those without frequent words are
# only told where they are alone.
SCRIPTS: dict[tuple[str, ...], str] = {
    ("ru", "uk", "bg", "be", "sr", "mk", "kk", "ky", "mn", "tg", "tt", "ba", "cv", "ce"): "\u0400\u052f",
    ("ar", "fa", "ur", "ps", "ug", "sd", "ku"): "\u0600\u06ff\u0750\u077f\ufb50\ufdff\ufe70\ufeff",
    ("he", "yi"): "\u0590\u05ff",
    ("el",): "\u0370\u03ff\u1f00\u1fff",
    ("th",): "\u0e00\u0e7f",
    ("lo",): "\u0e80\u0eff",
    ("bo", "dz"): "\u0f00\u0fff",
    ("hi", "mr", "ne", "sa"): "\u0900\u097f",
    ("bn", "as"): "\u0980\u09ff",
    ("pa",): "\u0a00\u0a7f",
    ("gu",): "\u0a80\u0aff",
    ("or",): "\u0b00\u0b7f",
    ("ta",): "\u0b80\u0bff",
    ("te",): "\u0c00\u0c7f",
    ("kn",): "\u0c80\u0cff",
    ("ml",): "\u0d00\u0d7f",
    ("si",): "\u0d80\u0dff",
    ("my",): "\u1000\u109f",
    ("ka",): "\u10a0\u10ff",
    ("am", "ti"): "\u1200\u137f",
    ("hy",): "\u0530\u058f",
    ("km",): "\u1780\u17ff",
    ("ja",): "\u3040\u30ff",
    ("ko",): "\u1100\u11ff\uac00\ud7af",
    ("zh", "ja"): "\u3400\u9fff\uf900\ufaff\U00020000\U0003ffff",
}

_JAPANESE, _KOREAN, _HAN = ("ja",), ("ko",), ("zh", "ja")
_LATIN = re.compile("[a-z]")
_RANGES = {languages: "".join(map("{}-{}".format, blocks[::2], blocks[1::2])) for languages, blocks in SCRIPTS.items()}
_FOREIGN = re.compile(f"[{''.join(_RANGES.values())}]")
_ACCENT = re.compile("[\u0300-\u036f]")
# Japanese hardly uses these characters
_CHINESE = re.compile("[是这個个們们說说沒没嗎吗為为與与對对你您還还从时经开关问间门见车东书习网页载电脑设进让并请]")
_SUBTAG = re.compile(r"[a-z]{2,3}(?![a-z])")
_OTHERS = CJK.union(*SCRIPTS)  # not written in Latin letters
_CHINESE_LENGTH = 20  # characters without any kana that are hardly Japanese


class _Evidence(NamedTuple):
    """What each frequent word, and each letter, speaks for: a number with a 1 in the byte of each of `languages`.

    The sum of such numbers has the counts of all languages in its bytes: no language has 256 words and letters.
    """

    languages: tuple[str, ...]
    words: Mapping[str, int]
    letters: Mapping[str, int]


def _evidence(languages: Iterable[str]) -> _Evidence:
    known = tuple(languages)
    words, letters = dict[str, int](), dict[str, int]()
    for place, language in enumerate(known):
        for table, signs in ((words, WORDS.get(language, "").split()), (letters, LETTERS.get(language, ""))):
            for sign in dict.fromkeys(signs):
                table[sign] = table.get(sign, 0) | 1 << 8 * place
    return _Evidence(known, words, letters)


_EVIDENCE = {languages: _evidence(languages) for languages in SCRIPTS if len(languages) > 1}
_EVIDENCE[()] = _evidence(language for language in WORDS if language not in _OTHERS)


def primary_subtag(tag: str | None) -> str | None:
    """Return the language of a BCP 47 tag (`en` for `en-GB`), or None if it names no language."""
    found = _SUBTAG.match((tag or "").strip().lower())
    return found[0] if found and found[0] != "und" else None


def detect_language(text: str, declared: str | None = None) -> str | None:
    """Return the language of `text` as a primary subtag, or None when it is uncertain.

    The language `declared` by the author is trusted unless it is not written in the script of the text.
    """
    sample = _sample(text)
    languages = _languages_of_script(sample)
    if declared and _is_plausible(declared, languages, sample):
        return declared
    return languages[0] if len(languages) == 1 else _language_of_words(sample, languages)


def can_be_in(language: str, text: str) -> bool:
    """Return True if `text` is written in the script of `language`."""
    languages = _languages_of_script(_sample(text))
    return language in languages if languages else language not in _OTHERS


def words_of(document: Document) -> str:
    """Return the text of `document` or, if that is short, whatever it says."""
    if len(document.text) >= SAMPLE:
        return document.text
    return "\n".join((document.title, *document.headings, document.description, document.text))


def _sample(text: str) -> str:
    """Return a part of `text` in lower case, so that upper-case words are words too, and in composed form (NFC)."""
    sample = text[:SAMPLE]
    if len(text) > SAMPLE:
        middle = max(SAMPLE, len(text) // 2)
        sample += text[middle : middle + SAMPLE]
    sample = sample.lower()
    if not sample.isascii() and _ACCENT.search(sample):
        return normalize("NFC", sample.replace("i\u0307", "i"))  # that is what İ becomes
    return sample


def _is_plausible(declared: str, languages: tuple[str, ...], sample: str) -> bool:
    """Return True if text in the script of `languages` (none: Latin or mixed) can be in the declared language."""
    if not languages:
        return declared not in _OTHERS or len(sample) < SHORTEST or not sample.isascii()
    if languages[0] in CJK:
        return declared in CJK
    return declared in languages or (declared not in WORDS and declared not in _OTHERS)


def _languages_of_script(sample: str) -> tuple[str, ...]:
    """Return the languages of the script of at least a quarter of the letters in `sample`; none for Latin letters."""
    if sample.isascii():
        return ()
    seen = sample[:: len(sample) // SEEN or 1]
    foreign = _FOREIGN.findall(seen)
    if not foreign or len(foreign) * 3 < len(_LATIN.findall(seen)):
        return ()
    count = Counter(map(_script_of, foreign))
    script = max(count, key=count.__getitem__)
    if script not in (_HAN, _JAPANESE):
        return script
    if count[_JAPANESE] * 10 > count[_HAN]:
        return _JAPANESE
    return ("zh",) if len(sample) >= _CHINESE_LENGTH or _CHINESE.search(sample) else _HAN


@lru_cache(4096)
def _script_of(letter: str) -> tuple[str, ...]:
    return next(
        languages
        for languages, blocks in SCRIPTS.items()
        if any(first <= letter <= last for first, last in zip(blocks[::2], blocks[1::2], strict=True))
    )


def _language_of_words(sample: str, languages: tuple[str, ...]) -> str | None:
    """Return the one of `languages` (none: those of Latin letters) that `sample` has most frequent words of.

    Different words count, not their number: a table of "a" and "I" is no English text. See Grefenstette, Comparing two
    language identification schemes, 1995: words beat letter statistics on texts of more than a few words, and what has
    none, like code, names and numbers, is left alone.
    """
    if languages not in _EVIDENCE:
        return None
    known, words, letters = _EVIDENCE[languages]
    found = words.keys() & sample.replace("’", "'").replace("'", "' ").split()
    total = sum(map(words.__getitem__, found))
    if not sample.isascii():
        total += sum(map(letters.__getitem__, letters.keys() & set(sample)))
    counts = total.to_bytes(len(known), "little")
    *_, second, first = sorted(counts)
    return known[counts.index(first)] if first - second >= MARGIN else None
