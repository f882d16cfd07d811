"""Ranks the sections of a text by the words of a query that they hold.

After each match, a word is looked for in the next section only. So the effort grows with the sections that have it, and
not with how often they repeat it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from lightship.index.highlight.search import IN_WORD, PLACE, Effort, Needle, Search

MOST = 3  # sections that are found
ENOUGH = 0.5  # share of the best section's score that another one needs
_WORD = 1.0  # what each word adds to a section's score, besides its weight: more words count more than a rare one
_PAIR = 1.0  # what two words side by side add
_HEADING = 2.5  # factor for what stands in the heading
_COVERED = 2.0  # what a heading without other words adds


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


class SectionScores:
    """The scores of the sections of `text`."""

    def __init__(self, text: bytes, bounds: Bounds, effort: Effort) -> None:
        """Prepare to score the sections within `bounds`."""
        self._text, self._form, self._effort = text, text.lower(), effort
        self._starts, self._bodies = bounds
        self._scores: dict[int, float] = {}
        self._covered: dict[int, int] = {}  # bytes of words in headings

    def add(self, search: Search) -> None:
        """Add what the words and pairs of `search` are worth."""
        for needle, _, pairs in search.targets:
            seen: set[int] = set()
            for word in needle.forms:
                self._add(word, _WORD + needle.weight, seen, search, needle)
            for pair in pairs:
                self._add(pair, _PAIR, set())

    def _add(
        self, word: bytes, worth: float, seen: set[int], search: Search | None = None, needle: Needle | None = None
    ) -> None:
        """Add `worth` to each section with `word`, unless it was `seen`; `search` verifies that it is one of `needle`."""
        form, starts, effort = self._form, self._starts, self._effort
        effort.left -= len(form)
        at = form.find(word)
        while at >= 0 and effort.left > 0:
            effort.left -= PLACE
            if (
                search
                and needle
                and (
                    not (needle.is_inner or not at or not IN_WORD[form[at - 1]])
                    or not search.is_match(self._text, at, needle, effort)
                )
            ):
                at = form.find(word, at + 1)
                continue
            number = bisect_right(starts, at)
            if number not in seen:
                seen.add(number)
                in_heading = number and at < self._bodies[number - 1]
                self._scores[number] = self._scores.get(number, 0.0) + worth * (_HEADING if in_heading else 1.0)
                if in_heading and needle:
                    self._covered[number] = self._covered.get(number, 0) + len(word)
            at = form.find(word, starts[number]) if number < len(starts) else -1

    def best(self) -> list[int]:
        """Return the numbers of at most MOST sections, best first; none if no word was found as it was typed."""
        for number, covered in self._covered.items():
            self._scores[number] += _COVERED * covered / (self._bodies[number - 1] - self._starts[number - 1])
        ranked = sorted(self._scores.items(), key=lambda item: (-item[1], item[0]))[:MOST]
        return [number for number, score in ranked if score >= ENOUGH * ranked[0][1]]
