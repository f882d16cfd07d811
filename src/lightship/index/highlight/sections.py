"""Ranks the sections of a text by the words of a query that they hold.

After each match, a word is looked for in the next section only. So the effort grows with the sections that have it, and
not with how often they repeat it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from lightship.index.highlight.search import IN_WORD, PLACE, TEXT_EFFORT, Effort, Needle, Search, plain_word

MOST = 3  # sections that are found
ENOUGH = 0.5  # share of the best section's score that another one needs
_WORD = 1.0  # what each word adds to a section's score, besides its weight: more words count more than a rare one
_PAIR = 1.0  # what two words side by side add
_HEADING = 0.5  # share that is added for what stands in the heading
_COVERED = 1.0  # the same for a heading without other words


class Bounds(NamedTuple):
    """The bytes of a text where its sections begin, and where their headings end.

    Sections are numbered from 1; 0 is what stands before the first.
    """

    starts: Sequence[int]
    bodies: Sequence[int]

    def body(self, number: int) -> int:
        """Return where the text of section `number` begins, below its heading."""
        return self.bodies[number - 1] if number else 0

    def end(self, number: int) -> int | None:
        """Return where section `number` ends; None for the last one, which goes to the end of the text."""
        return self.starts[number] if number < len(self.starts) else None


class Best(NamedTuple):
    """A section that has words of the query: one below its heading at byte `place` (-1: none), or in it (`is_headed`)."""

    number: int
    place: int
    is_headed: bool


class SectionScores:
    """The scores of the sections of `text`."""

    def __init__(self, text: bytes, bounds: Bounds, effort: Effort) -> None:
        """Prepare to score the sections within `bounds`."""
        self._text, self._form, self._effort = text, text.lower(), effort
        self._starts, self._bodies = bounds
        self._scores: dict[int, float] = {}
        self._headed: dict[int, float] = {}  # what words in headings are worth
        self._covered: dict[int, int] = {}  # bytes of these words
        self._places: dict[int, int] = {}  # of the first word found below each heading

    def add(self, search: Search) -> None:
        """Add what the words and pairs of `search` are worth, as far as the effort for one text allows."""
        effort = self._effort
        saved = max(effort.left - TEXT_EFFORT, 0)  # for other texts
        effort.left -= saved
        for needle, _, pairs in search.targets:
            if effort.left <= 0:
                break
            seen: set[int] = set()
            for word in needle.forms:
                self._add_word(word, needle, seen, search)
            for pair in pairs:
                self._add_pair(pair)
        effort.left = max(effort.left + saved, 0)

    def _add_word(self, word: bytes, needle: Needle, seen: set[int], search: Search) -> None:
        """Add what `word`, a form of `needle`, is worth to each section that has it, unless another form was `seen`."""
        text, form, starts, effort = self._text, self._form, self._starts, self._effort
        effort.left -= len(form)
        worth, is_inner = _WORD + needle.weight, needle.is_inner
        at = form.find(word)
        while at >= 0 and effort.left > 0:
            effort.left -= PLACE
            begins = is_inner or not at or not IN_WORD[form[at - 1]]
            plain = plain_word(text, at) if begins else None  # others, like `e-mail`, are not looked at exactly
            if not begins or (plain and not search.is_known(plain[0], effort)):
                at = form.find(word, at + 1)
                continue
            number = bisect_right(starts, at)
            if number not in seen:
                seen.add(number)
                if number and at < self._bodies[number - 1]:
                    self._headed[number] = self._headed.get(number, 0.0) + worth
                    self._covered[number] = self._covered.get(number, 0) + len(word)
                else:
                    self._places.setdefault(number, at)
                self._scores[number] = self._scores.get(number, 0.0) + worth
            at = form.find(word, starts[number]) if number < len(starts) else -1

    def _add_pair(self, pair: bytes) -> None:
        form, starts = self._form, self._starts
        self._effort.left -= len(form)
        at = form.find(pair)
        while at >= 0 and self._effort.left > 0:
            self._effort.left -= PLACE
            number = bisect_right(starts, at)
            self._scores[number] = self._scores.get(number, 0.0) + _PAIR
            at = form.find(pair, starts[number]) if number < len(starts) else -1

    def best(self) -> list[Best]:
        """Return at most MOST sections, best first; none if no word was found as it was typed."""
        starts, bodies, scores = self._starts, self._bodies, self._scores
        for number, worth in self._headed.items():
            share = self._covered[number] / (bodies[number - 1] - starts[number - 1])
            scores[number] += worth * (_HEADING + _COVERED * share)
        ranked = sorted([(-score, number) for number, score in scores.items()])[:MOST]
        return [
            Best(number, self._places.get(number, -1), number in self._covered)
            for score, number in ranked
            if score <= ENOUGH * ranked[0][0]
        ]
