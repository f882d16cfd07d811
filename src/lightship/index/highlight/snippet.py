"""Makes the snippets of a query: the best passage of each page with matches highlighted.

Candidate words are found by the beginnings of their stems in the page's language, and verified by analyzing them. See
DESIGN.md for the alternatives that were measured.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

from lightship.index.analysis.versions import analysis_of
from lightship.index.highlight.passage import (
    ANSWER_EFFORT,
    BEGINNING,
    Accepts,
    Effort,
    Needle,
    Passage,
    best_place,
    fold,
    has_accents,
    passage_at,
    word_at,
    written,
)
from lightship.index.query.compiler import Compiled
from lightship.index.query.weights import topical

_OPEN, _CLOSE = "\x02", "\x03"  # documents have no control characters, and escaping does not change these


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What to find in texts of one language; the order of the needles decides which passage is chosen."""

    accepts: Accepts
    needles: tuple[Needle, ...]
    stems: tuple[str, ...]  # beginnings of words, in lower case


class Highlighter:
    """Makes the snippets of one query."""

    def __init__(self, compiled: Compiled, frequency: Callable[[str], int]) -> None:
        """Prepare for `compiled`; `frequency` returns the number of documents with a term (the rarest decides)."""
        self._compiled, self._frequency = compiled, frequency
        self._analysis = analysis_of(compiled.version)
        self._pairs = tuple(dict.fromkeys(gram for run in compiled.runs for gram in run.grams()))
        self._wanted: dict[str, _Wanted] = {}
        self._effort = Effort()

    @property
    def spent(self) -> int:
        """The effort spent so far, about equal to nanoseconds."""
        return ANSWER_EFFORT - self._effort.left

    def snippet(self, text: bytes, language: str | None, fallback: str = "") -> str:
        """Return escaped HTML with `<mark>`: a passage of `text`, or its beginning (or `fallback`) without a match.

        `text` is in UTF-8. The total effort for the texts of a query is bounded.
        """
        stemmed_by = self._analysis.stem_language(language)
        wanted = self._wanted.get(stemmed_by) or self._want(stemmed_by)
        place = best_place(text, wanted.needles, wanted.accepts, self._effort)
        passage: Passage = passage_at(fallback[:BEGINNING].encode() if place < 0 and fallback else text, max(place, 0))
        marked = self._mark(" ".join(passage.text.split()), wanted)
        return f"{'… ' if passage.cut_before else ''}{marked}{' …' if passage.cut_after else ''}"

    def _want(self, language: str) -> _Wanted:
        kept, analyze_word = frozenset(self._compiled.terms), self._analysis.analyze_word
        asked = topical(self._compiled.words)
        found = dict.fromkeys(term for word in asked for term in analyze_word(word, language))
        terms = sorted(kept.intersection(found), key=lambda term: (self._frequency(term), term))
        wanted = frozenset([*terms, *self._compiled.expanded])
        stems = tuple(dict.fromkeys([*map(_stem, terms), *map(fold, self._compiled.asked.prefixes)]))
        runs = [Needle((run.text.encode(),), 2.0, is_run=True) for run in self._compiled.runs]
        words = [Needle(written(stem), 1.0 / (1 + rank)) for rank, stem in enumerate(stems)]
        pairs = [Needle((pair.encode(),), 1.0, is_run=True) for pair in self._pairs]

        def accepts(word: str) -> bool:
            return not wanted.isdisjoint(analyze_word(word, language))

        made = self._wanted[language] = _Wanted(accepts, (*runs, *words, *pairs), stems)
        return made

    def _mark(self, passage: str, wanted: _Wanted) -> str:
        folded = fold(passage) if has_accents(passage.encode()) else passage.lower()
        spans = _word_spans(folded, wanted)
        if self._pairs:
            spans.update(_run_spans(passage, self._pairs))
        parts, at = [], 0
        for start, end in sorted(spans):
            parts += [passage[at:start], _OPEN, passage[start:end], _CLOSE]
            at = end
        marked = html.escape("".join([*parts, passage[at:]]))
        return marked.replace(_OPEN, "<mark>").replace(_CLOSE, "</mark>")


def _word_spans(folded: str, wanted: _Wanted) -> set[tuple[int, int]]:
    """Return the (start, end) of the words in `folded`, a passage in lower case, that have one of the terms."""
    spans = set()
    for stem in wanted.stems:
        for place in _all(folded, stem):
            if place and word_at(folded, place - 1):
                continue
            word = word_at(folded, place)
            if word and wanted.accepts(word[0]):
                spans.add(word.span())
    return spans


def _run_spans(passage: str, pairs: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Yield the stretches of CJK text that the query's bigrams cover."""
    covered = sorted({i for pair in pairs for place in _all(passage, pair) for i in range(place, place + len(pair))})
    for _, stretch in groupby(enumerate(covered), key=lambda numbered: numbered[1] - numbered[0]):
        places = [place for _, place in stretch]
        yield places[0], places[-1] + 1


def _stem(term: str) -> str:
    """Return how words with the stem `term` begin: `hope` is the stem of hoping, `histori` of history."""
    if len(term) > 3 and term.endswith(("e", "i", "abl", "ibl")):
        return term[:-1]
    return term


def _all(text: str, part: str) -> Iterator[int]:
    place = text.find(part)
    while place >= 0:
        yield place
        place = text.find(part, place + 1)
