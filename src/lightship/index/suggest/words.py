"""The words of an index as people write them, with the number of documents that have each: for suggestions.

They are a snapshot of a view: the most frequent words of titles, headings and the beginnings of texts.
"""

from __future__ import annotations

import heapq
import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from math import inf, log
from typing import NamedTuple

from lightship.core.caching import Recent
from lightship.index.analysis.scripts import UNSPACED
from lightship.index.suggest.edits import (
    begun_otherwise,
    distance_from,
    letter_bits,
    mistake_cost,
    packed_bits,
    similar,
    unrepeated,
)

MAX_WORDS = 80_000  # that are kept: some 10 MB
MAX_LETTERS = 128  # that corrections try
# Letters: shorter words are codes and abbreviations as often as mistakes, and longer ones no words
LEAST_CORRECTED, MOST_CORRECTED = 4, 40
MAX_KEPT = 1000  # corrections: a search as you type asks for the same word with each letter after it
TWO_EDITS, THREE_EDITS = 6, 9  # letters from which a word may have so many mistakes
# A word that costs 1 more has to be in 148 times as many documents; this is what a space that was left out costs, and
# letters that were typed twice
COST, SPLIT_COST, TWICE_COST = 5.0, 2.5, 1.3

_CORRECTABLE = re.compile(r"[^\W\d_]+")
_NONE = list[str](), 0
_UNSPACED = re.compile(f"[{UNSPACED}]")


class Correction(NamedTuple):
    """What a word was probably meant to be: one word, or two that were joined."""

    text: str
    documents: int


def is_correctable(word: str) -> bool:
    """Return False for numbers, codes, short or very long words, and words of scripts without spaces."""
    if not LEAST_CORRECTED <= len(word) <= MOST_CORRECTED:
        return False
    return _CORRECTABLE.fullmatch(word) is not None and not _UNSPACED.search(word)


class Words:
    """Words and how many documents have each. A correction takes about `seconds`."""

    seconds = 0.001

    def __init__(self, counted: Iterable[tuple[str, int]]) -> None:
        """Keep the MAX_WORDS most frequent of the `counted` words."""
        self._counts = dict(sorted(heapq.nlargest(MAX_WORDS, counted, key=lambda each: each[1])))
        self._words = list(self._counts)
        sample = self._words[:: max(1, len(self._words) // 5000)]
        letters = Counter(letter for word in sample for letter in word if letter.isalpha())
        self._alphabet = "".join(letter for letter, _ in letters.most_common(MAX_LETTERS))
        self._alike = _alike(self._words)
        self._corrected = Recent[str, tuple[float, Correction | None]](MAX_KEPT)

    def __len__(self) -> int:
        """Return the number of words that are kept."""
        return len(self._words)

    def documents(self, word: str) -> int:
        """Return how many documents have `word`; 0 if it is not among the words."""
        return self._counts.get(word, 0)

    def beginning(self, prefix: str, most: int) -> list[tuple[str, int]]:
        """Return the most frequent words that begin with `prefix`, with their documents."""
        found = self._words[bisect_left(self._words, prefix) : bisect_left(self._words, prefix + "\U0010ffff")]
        best = heapq.nsmallest(most, found, key=lambda word: (-self._counts[word], word))
        return [(word, self._counts[word]) for word in best]

    def correct(self, word: str, least: float = -inf) -> Correction | None:
        """Return what `word` was probably meant to be; None if it may be right.

        The likelihood of a correction is the logarithm of its documents, less COST times what the mistake costs; it has
        to be more than `least`.
        """
        if not is_correctable(word):
            return None
        kept = self._corrected.get(word)
        if kept is None:
            kept = self._correct(word)
            self._corrected.keep(word, kept)
        likelihood, found = kept
        return found if likelihood > least else None

    def _correct(self, word: str) -> tuple[float, Correction | None]:
        """Return the likeliest correction, after its likelihood."""
        near = {*self._within(word, 1, word[0]), *begun_otherwise(word, self._alphabet, self._counts)} - {word}
        if not near and len(word) >= TWO_EDITS:
            near = set(self._within(word, 2, word[:2])) - {word}
        if not near and len(word) >= THREE_EDITS:
            near = set(self._within(word, 3, word[0], word[:2])) - {word}
        found = [(mistake_cost(word, each), Correction(each, self._counts[each])) for each in sorted(near)]
        once = self._counts.keys() & unrepeated(word)
        found += [(TWICE_COST, Correction(each, self._counts[each])) for each in sorted(once)]
        found += [(SPLIT_COST, each) for each in self._split(word)]
        likely = [(log(each.documents) - COST * cost, each) for cost, each in found]
        return max(likely, key=lambda each: each[0], default=(-inf, None))

    def _split(self, word: str) -> Iterator[Correction]:
        """Yield the two words that `word` may have been joined of."""
        for place in range(2, len(word) - 1):
            one, other = self.documents(word[:place]), self.documents(word[place:])
            if one and other:
                yield Correction(f"{word[:place]} {word[place:]}", min(one, other))

    def _within(self, word: str, edits: int, starts: str, begin: str = "") -> Iterator[str]:
        """Yield the words within so many `edits` that begin with one of the letters `starts`, and with `begin`."""
        bits, distance = letter_bits(word), distance_from(word)
        for start in dict.fromkeys(starts):
            for length in range(len(word) - edits, len(word) + edits + 1):
                words, packed = self._alike.get((start, length), _NONE)
                for each in similar(bits, words, packed, 2 * edits):
                    if each.startswith(begin) and distance(each) <= edits:
                        yield each


def _alike(words: Iterable[str]) -> dict[tuple[str, int], tuple[list[str], int]]:
    """Return the `words` that may be meant by a mistyped one, with their packed bits, by first letter and length.

    Comparing bits leaves few words whose distance has to be computed, which takes a hundred times as long.
    """
    found = defaultdict[tuple[str, int], list[str]](list)
    for word in words:
        if len(word) >= LEAST_CORRECTED - 1:
            found[word[0], len(word)].append(word)
    return {key: (alike, packed_bits(alike)) for key, alike in found.items()}
