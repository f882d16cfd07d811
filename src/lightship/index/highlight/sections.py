"""Ranks the sections of a text by the words of a query that they hold.

After each match, a word is looked for in the next section only. So the effort grows with the sections that have it, and
not with how often they repeat it. Words that are not among the LEADING of a page are looked for only in the sections
that have one of those: a frequent word may stand in all of a hundred sections.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from lightship.index.highlight.search import IN_WORD, PLACE, TEXT_EFFORT, Effort, Needle, Search, plain_word

MOST = 3  # sections that are found
LEADING = 2  # words of the query, the rarest of those that a page has, of which a section must have one
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
    """A section of a text. The first word of the query stands at byte `place`; if all are in its heading, that is its end.

    `is_headed`: the heading has one.
    """

    number: int
    place: int
    is_headed: bool


class SectionScores:
    """The scores of the sections of `text`."""

    def __init__(self, text: bytes, bounds: Bounds, search: Search, effort: Effort) -> None:
        """Score the sections within `bounds` by the words and pairs of `search`."""
        self._text, self._form, self._search, self._effort = text, text.lower(), search, effort
        self._starts, self._bodies = bounds
        self._scores: dict[int, float] = {}
        self._headed: dict[int, float] = {}  # what words in headings are worth
        self._covered: dict[int, int] = {}  # bytes of these words
        self._places: dict[int, int] = {}  # of the first word found below each heading
        self._add()

    def _add(self) -> None:
        """Add what the words and pairs are worth, as far as the effort for one text allows."""
        effort = self._effort
        saved = max(effort.left - TEXT_EFFORT, 0)  # for other texts
        effort.left -= saved
        leading = 0
        among: list[int] | None = None
        for needle, _, pairs, _, _ in self._search.targets:
            if effort.left <= 0:
                break
            seen: set[int] = set()
            for word in needle.forms:
                self._add_word(word, needle, seen, among)
            leading += bool(seen)
            if leading == LEADING and among is None:
                among = sorted(self._scores)
            for pair in pairs:
                self._add_pair(pair)
        effort.left = max(effort.left + saved, 0)

    def _add_word(self, word: bytes, needle: Needle, seen: set[int], among: Sequence[int] | None) -> None:
        """Add what `word`, a form of `needle`, is worth to each section that has it, unless another form was `seen`.

        If `among` is given, only its sections are looked at.
        """
        if among is None:
            at = 0
            while at >= 0:
                at = self._add_next(word, needle, seen, at, len(self._form))
            return
        for number in among:
            start, end = self._starts[number - 1] if number else 0, self._end(number)
            if number not in seen:
                self._add_next(word, needle, seen, start, end)

    def _end(self, number: int) -> int:
        return self._starts[number] if number < len(self._starts) else len(self._form)

    def _add_next(self, word: bytes, needle: Needle, seen: set[int], at: int, last: int) -> int:
        """Look for `word` from byte `at` up to `last`, and return where the next section begins; -1 if there is none."""
        text, form, effort, is_inner = self._text, self._form, self._effort, needle.is_inner
        start, at = at, form.find(word, at, last)
        effort.left -= (at if at >= 0 else last) - start
        while at >= 0 and effort.left > 0:
            effort.left -= PLACE
            begins = is_inner or not at or not IN_WORD[form[at - 1]]
            plain = plain_word(text, at) if begins else None  # others, like `e-mail`, are not looked at exactly
            if begins and (not plain or self._search.is_known(plain[0], effort)):
                break
            at = form.find(word, at + 1, last)
        if at < 0 or effort.left <= 0:
            return -1
        number = bisect_right(self._starts, at)
        if number not in seen:
            seen.add(number)
            worth = _WORD + needle.weight
            if number and at < self._bodies[number - 1]:
                self._headed[number] = self._headed.get(number, 0.0) + worth
                self._covered[number] = self._covered.get(number, 0) + len(word)
            else:
                self._places.setdefault(number, at)
            self._scores[number] = self._scores.get(number, 0.0) + worth
        return self._starts[number] if number < len(self._starts) else -1

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
            Best(number, self._places.get(number, bodies[number - 1] if number else 0), number in self._covered)
            for score, number in ranked
            if score <= ENOUGH * ranked[0][0]
        ]
