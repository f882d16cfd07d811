"""Chooses a page's passage for a query and highlights it.

The passage is the best one around the rarest word of the query that the page has, anywhere in the page. Words are found
with `str.find`, by how the stems of the page's own language may begin; what is found is analyzed to be sure. See
DESIGN.md for what else was measured.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice

from lightship.index.analysis import CJK, CJK_RUN, analyze_word, bigrams, stem_language
from lightship.index.compiler import Compiled

PASSAGE = 240  # characters; half of it for Chinese, Japanese and Korean, whose characters are twice as wide
_LEAD = 60  # characters shown before the word that was found
_OCCURRENCES = 16  # places of the rarest word that are compared

_OPEN, _CLOSE = "\x02", "\x03"  # documents have no control characters, and escaping leaves these alone

_word_at = re.compile(rf"[^\W_{CJK}]+").match
_SENTENCE_END = re.compile(r"[.!?。!?]\s+|\n")
_HAS_ACCENTS = re.compile("[\u00c0-\u024f\u0370-\u1fff\uff00-\uffef]")  # letters that folding changes


@dataclass(frozen=True, slots=True)
class _Needle:
    """What is looked for in a text: `forms` of its beginning, and how much a passage gains by it."""

    forms: tuple[str, ...]
    weight: float
    is_run: bool = False  # CJK text, which has no word boundaries


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a query looks for in texts of one language: needles in the order in which they choose the passage."""

    language: str
    terms: frozenset[str]
    needles: tuple[_Needle, ...]
    stems: tuple[str, ...]  # how words begin, in lower case


class Highlighter:
    """Makes the snippets of one query."""

    def __init__(self, compiled: Compiled, frequency: Callable[[str], int]) -> None:
        """Prepare for `compiled`; `frequency` tells how many documents have a term (the rarest decides the passage)."""
        self._compiled, self._frequency = compiled, frequency
        self._pairs = tuple(dict.fromkeys(pair for run in compiled.runs for pair in bigrams(run)))
        self._wanted: dict[str, _Wanted] = {}

    def snippet(self, text: str, language: str | None, fallback: str = "") -> str:
        """Return escaped HTML with `<mark>`: a passage of `text`, or its beginning (or `fallback`) if nothing matches."""
        stemmed_by = stem_language(language)
        wanted = self._wanted.get(stemmed_by) or self._want(stemmed_by)
        place = _passage(text, wanted)
        if place < 0:
            text, place = fallback or text, 0
        start, end = _window(text, place)
        marked = self._mark(" ".join(text[start:end].split()), wanted)
        return f"{'… ' if start else ''}{marked}{' …' if end < len(text) else ''}"

    def _want(self, language: str) -> _Wanted:
        kept = frozenset(self._compiled.terms)  # no stop words
        found = dict.fromkeys(term for word in self._compiled.words for term in analyze_word(word, language))
        terms = sorted(kept.intersection(found), key=lambda term: (self._frequency(term), term))
        stems = tuple(dict.fromkeys(map(_stem, terms)))
        runs = [_Needle((run,), 2.0, is_run=True) for run in self._compiled.runs]
        words = [_Needle(_written(stem), 1.0 / (1 + rank)) for rank, stem in enumerate(stems)]
        pairs = [_Needle((pair,), 1.0, is_run=True) for pair in self._pairs]
        made = _Wanted(language, frozenset(terms), (*runs, *words, *pairs), stems)
        self._wanted[language] = made
        return made

    def _mark(self, passage: str, wanted: _Wanted) -> str:
        if passage.isascii():
            spans = _word_spans(passage.lower(), wanted)
        else:
            spans = _word_spans(_fold(passage), wanted)
            spans.update(_run_spans(passage, self._pairs))
        parts, at = [], 0
        for start, end in sorted(spans):
            parts += [passage[at:start], _OPEN, passage[start:end], _CLOSE]
            at = end
        marked = html.escape("".join([*parts, passage[at:]]))
        return marked.replace(_OPEN, "<mark>").replace(_CLOSE, "</mark>")


def _passage(text: str, wanted: _Wanted) -> int:
    """Return where the best passage's word stands in `text`; -1 when there is none."""
    place = _best_place(text, wanted)
    if place < 0 and not text.isascii() and _HAS_ACCENTS.search(text):
        return _best_place(_fold(text), wanted)  # comes last, since folding a whole text takes long
    return place


def _best_place(text: str, wanted: _Wanted) -> int:
    """Return the place of the first needle that `text` has where most of the others are near; -1 when it has none."""
    for number, needle in enumerate(wanted.needles, 1):
        others = wanted.needles[number:]
        best, most, enough = -1, -1.0, sum(other.weight for other in others)
        for place in _places(text, needle.forms):
            worth = _worth(text, place, others)
            if worth > most and (needle.is_run or _word_end(text, place, wanted)):
                best, most = place, worth
                if worth == enough:
                    break
        if best >= 0:
            return best
    return -1


def _worth(text: str, place: int, needles: tuple[_Needle, ...]) -> float:
    """Return how much of `needles` is near `place`."""
    worth, start, end = 0.0, max(0, place - _LEAD), place + PASSAGE - _LEAD
    for needle in needles:
        for form in needle.forms:
            if text.find(form, start, end) >= 0:
                worth += needle.weight
                break
    return worth


def _places(text: str, forms: tuple[str, ...]) -> Iterator[int]:
    """Yield the first places of `forms` in `text`, _OCCURRENCES of each at most; the last only if no other is there."""
    found = False
    for form in forms:
        if found and form is forms[-1]:
            return
        for place in islice(_all(text, form), _OCCURRENCES):
            found = True
            yield place


def _word_spans(folded: str, wanted: _Wanted) -> set[tuple[int, int]]:
    """Return the (start, end) of the words of `folded`, a passage in lower case, that have one of the terms."""
    return {
        (place, end)
        for stem in wanted.stems
        for place in _all(folded, stem)
        if (end := _word_end(folded, place, wanted))
    }


def _word_end(text: str, place: int, wanted: _Wanted) -> int:
    """Return the end of the word that begins at `place`; 0 when none does, or it has none of the terms."""
    if place and text[place - 1].isalnum() and _word_at(text, place - 1):  # CJK text is alphanumeric too
        return 0
    word = _word_at(text, place)
    if word is None or wanted.terms.isdisjoint(analyze_word(word[0].lower(), wanted.language)):
        return 0
    return word.end()


def _run_spans(passage: str, pairs: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Yield the stretches of CJK text that the query's bigrams cover."""
    covered = sorted({i for pair in pairs for place in _all(passage, pair) for i in range(place, place + len(pair))})
    for _, stretch in groupby(enumerate(covered), key=lambda numbered: numbered[1] - numbered[0]):
        places = [place for _, place in stretch]
        yield places[0], places[-1] + 1


def _stem(term: str) -> str:
    """Return how words of the stem `term` begin: English has `hope` of hoping, `histori` of history, `reliabl` of reliability."""
    if len(term) > 3 and term.endswith(("e", "i", "abl", "ibl")):
        return term[:-1]
    return term


def _written(stem: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((stem, stem.capitalize(), stem.upper())))


def _all(text: str, part: str) -> Iterator[int]:
    place = text.find(part)
    while place >= 0:
        yield place
        place = text.find(part, place + 1)


def _window(text: str, place: int) -> tuple[int, int]:
    """Return the (start, end) of a passage around `place` that begins with a sentence or a word and ends with a word."""
    is_wide = not text.isascii() and CJK_RUN.search(text, place, place + 40)
    width = PASSAGE // 2 if is_wide else PASSAGE
    start = max(0, place - _LEAD * width // PASSAGE)
    if start:
        begins = [found.end() for found in _SENTENCE_END.finditer(text, start, place)]
        start = begins[-1] if begins else _next_word(text, start, place)
    end = min(len(text), start + width)
    if end < len(text):
        space = text.rfind(" ", place + 1, end)
        end = space if space > end - 40 else end
    return start, end


def _next_word(text: str, start: int, place: int) -> int:
    space = text.find(" ", start, place)
    return space + 1 if space >= 0 else start


class _Folding(dict[int, int]):
    """Maps a character to its base letter in lower case, one to one, so that places in a text stay the same."""

    def __missing__(self, code: int) -> int:
        character = chr(code)
        if code > 0x7F and not 0xAC00 <= code <= 0xD7FF:  # Hangul would fall apart
            character = unicodedata.normalize("NFKD", character)[:1]
        lower = character.lower()
        base = ord(lower if len(lower) == 1 else character)
        if len(self) < 20_000:
            self[code] = base
        return base


_folding = _Folding({ord(letter): ord(base) for letter, base in zip("øØđĐłŁħĦŧŦı", "ooddllhhtti", strict=True)})


def _fold(text: str) -> str:
    return text.translate(_folding)
