"""Chooses a page's passage for a query and highlights it.

The passage is the best one around the rarest word of the query that the page has, anywhere in the page: it is found
with `str.find`, and only that short passage is then analyzed word by word. See DESIGN.md for what else was measured.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lightship.index.analysis import CJK, CJK_RUN, analyze_word, bigrams, stem_language
from lightship.index.compiler import Compiled

PASSAGE = 240  # characters; half of it for Chinese, Japanese and Korean, whose characters are twice as wide
_LEAD = 60  # characters shown before the word that was found
_OCCURRENCES = 16  # places of the rarest word that are compared

_WORD = re.compile(rf"[^\W_{CJK}]+")
_SENTENCE_END = re.compile(r"[.!?。!?]\s+|\n")


@dataclass(frozen=True)
class Needle:
    """What is looked for in a text: `forms` of a term as it may be written, and the term's `weight`."""

    forms: tuple[str, ...]
    weight: float


class Highlighter:
    """Makes the snippets of one query."""

    def __init__(self, compiled: Compiled, frequency: Callable[[str], int]) -> None:
        """Prepare for `compiled`; `frequency` tells how many documents have a term (the rarest decides the passage)."""
        self._terms = frozenset(compiled.terms)
        self._heads = frozenset(term[:2] for term in compiled.terms)
        self._pairs = tuple(dict.fromkeys(pair for run in compiled.runs for pair in bigrams(run)))
        counted = sorted((frequency(term), term) for term in compiled.terms)
        runs = [Needle((run,), 2.0) for run in compiled.runs]
        pairs = [Needle((pair,), 1.0) for pair in self._pairs]
        self._needles = (
            runs + [Needle(_written(term), 1.0 / (1 + rank)) for rank, (_, term) in enumerate(counted)] + pairs
        )

    def snippet(self, text: str, language: str | None, fallback: str = "") -> str:
        """Return escaped HTML with `<mark>`: a passage of `text`, or its beginning (or `fallback`) if nothing matches."""
        start, found = self._passage(text)
        if not found and fallback:
            text = fallback
        start, end = _window(text, start)
        passage = " ".join(text[start:end].split())
        marked = self._mark(passage, stem_language(language))
        return f"{'… ' if start else ''}{marked}{' …' if end < len(text) else ''}"

    def _passage(self, text: str) -> tuple[int, bool]:
        """Return where the best passage's word stands in `text`, and whether one was found at all."""
        for folded in (text, None) if not text.isascii() else (text,):
            searched = _fold(text) if folded is None else text
            for needle in self._needles:
                places = list(_places(searched, needle.forms))
                if places:
                    return max(places, key=lambda place: self._worth(searched, place)), True
        return 0, False

    def _worth(self, text: str, place: int) -> float:
        around = text[max(0, place - _LEAD) : place + PASSAGE - _LEAD]
        return sum(needle.weight for needle in self._needles if any(form in around for form in needle.forms))

    def _mark(self, passage: str, language: str) -> str:
        parts, at = [], 0
        for start, end in self._matches(passage, language):
            parts += [html.escape(passage[at:start]), "<mark>", html.escape(passage[start:end]), "</mark>"]
            at = end
        return "".join([*parts, html.escape(passage[at:])])

    def _matches(self, passage: str, language: str) -> Iterator[tuple[int, int]]:
        """Yield the (start, end) of each match in `passage`, in order, none overlapping."""
        if not passage.isascii():
            folded = _fold(passage)
            spans = [*self._word_matches(folded, language), *self._run_matches(passage)]
            yield from sorted(spans)
        else:
            yield from self._word_matches(passage, language)

    def _word_matches(self, passage: str, language: str) -> Iterator[tuple[int, int]]:
        heads, terms = self._heads, self._terms
        for word in _WORD.finditer(passage):
            written = word[0]
            if written[:2].lower() in heads and not terms.isdisjoint(analyze_word(written, language)):
                yield word.span()

    def _run_matches(self, passage: str) -> Iterator[tuple[int, int]]:
        """Yield the stretches of CJK text that the query's bigrams cover."""
        covered = {i for pair in self._pairs for place in _all(passage, pair) for i in range(place, place + len(pair))}
        start = previous = -2
        for i in sorted(covered):
            if i != previous + 1:
                if start >= 0:
                    yield start, previous + 1
                start = i
            previous = i
        if start >= 0:
            yield start, previous + 1


def _written(term: str) -> tuple[str, ...]:
    """Return how words of the stem `term` may begin in a text: English stems end in i where words have y."""
    stem = term[:-1] if len(term) > 3 and term.endswith("i") else term
    return tuple(dict.fromkeys((stem, stem.capitalize(), stem.upper())))


def _places(text: str, forms: Sequence[str]) -> Iterator[int]:
    """Yield the first places where a word of `text` begins with one of `forms`."""
    for form in forms:
        inside = CJK_RUN.match(form) is not None  # such text has no word boundaries
        count = 0
        for place in _all(text, form):
            if inside or place == 0 or not _WORD.match(text, place - 1):
                yield place
                count += 1
                if count == _OCCURRENCES:
                    break


def _all(text: str, part: str) -> Iterator[int]:
    place = text.find(part)
    while place >= 0:
        yield place
        place = text.find(part, place + 1)


def _window(text: str, place: int) -> tuple[int, int]:
    """Return the (start, end) of a passage around `place` that begins with a sentence or a word and ends with a word."""
    width = PASSAGE // 2 if CJK_RUN.search(text, place, place + 40) else PASSAGE
    lead = _LEAD * width // PASSAGE
    start = max(0, place - lead)
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
    """Maps a character to its base letter, one to one, so that places in a text stay the same."""

    def __missing__(self, code: int) -> int:
        base = (
            unicodedata.normalize("NFKD", chr(code))[:1] if code > 0x7F and not 0xAC00 <= code <= 0xD7FF else chr(code)
        )
        self[code] = ord(base) if len(self) < 20_000 else code
        return ord(base)


_folding = _Folding()


def _fold(text: str) -> str:
    return text.translate(_folding)
