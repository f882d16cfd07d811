"""The words of an index as people write them, with the number of documents that have each: for suggestions.

They are a snapshot of a view: the most frequent words of titles, headings and the beginnings of texts.
"""

from __future__ import annotations

import heapq
import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lightship.index.analysis.scripts import UNSPACED
from lightship.index.suggest.edits import distance, neighbours

MAX_WORDS = 60_000  # that are kept: some 5 MB
MAX_LETTERS = 128  # that corrections try
LEAST_CORRECTED = 4  # letters; shorter words are codes and abbreviations as often as mistakes
TWO_EDITS = 7  # letters from which a word may have two mistakes

_CORRECTABLE = re.compile(r"[^\W\d_]+")
_UNSPACED = re.compile(f"[{UNSPACED}]")


class Correction(NamedTuple):
    """What a word was probably meant to be: one word, or two that were joined."""

    text: str
    documents: int


def _most_frequent(found: Iterable[Correction]) -> Correction | None:
    """Return the first of those that most documents have; None if no document has any."""
    return max((each for each in found if each.documents), key=lambda each: each.documents, default=None)


def is_correctable(word: str) -> bool:
    """Return False for numbers, codes, short words, and words of scripts without spaces."""
    return len(word) >= LEAST_CORRECTED and _CORRECTABLE.fullmatch(word) is not None and not _UNSPACED.search(word)


class Words:
    """Words and how many documents have each."""

    def __init__(self, counted: Iterable[tuple[str, int]]) -> None:
        """Keep the MAX_WORDS most frequent of the `counted` words."""
        kept = sorted(heapq.nlargest(MAX_WORDS, counted, key=lambda each: each[1]))
        self._words = [word for word, _ in kept]
        self._counts = array("L", [count for _, count in kept])
        sample = self._words[:: max(1, len(kept) // 5000)]
        letters = Counter(letter for word in sample for letter in word if letter.isalpha())
        self._alphabet = "".join(letter for letter, _ in letters.most_common(MAX_LETTERS))

    def __len__(self) -> int:
        """Return the number of words that are kept."""
        return len(self._words)

    def documents(self, word: str) -> int:
        """Return how many documents have `word`; 0 if it is not among the words."""
        place = bisect_left(self._words, word)
        return self._counts[place] if place < len(self._words) and self._words[place] == word else 0

    def beginning(self, prefix: str, most: int) -> list[tuple[str, int]]:
        """Return the most frequent words that begin with `prefix`, with their documents."""
        places = heapq.nsmallest(most, self._places(prefix), key=lambda place: (-self._counts[place], place))
        return [(self._words[place], self._counts[place]) for place in places]

    def _places(self, prefix: str) -> range:
        """Return where the words are that begin with `prefix`."""
        return range(bisect_left(self._words, prefix), bisect_left(self._words, prefix + "\U0010ffff"))

    def correct(self, word: str) -> Correction | None:
        """Return what `word`, which no document has, was probably meant to be; None if it may be right."""
        if not is_correctable(word):
            return None
        near = [Correction(each, self.documents(each)) for each in neighbours(word, self._alphabet)]
        near += self._split(word)
        best = _most_frequent(near)
        if best is None and len(word) >= TWO_EDITS:
            best = _most_frequent(Correction(each, self.documents(each)) for each in self._within_two(word))
        return best

    def _split(self, word: str) -> Iterator[Correction]:
        """Yield the two words that `word` may have been joined of."""
        for place in range(2, len(word) - 1):
            one, other = self.documents(word[:place]), self.documents(word[place:])
            if one and other:
                yield Correction(f"{word[:place]} {word[place:]}", min(one, other))

    def _within_two(self, word: str) -> Iterator[str]:
        """Yield the words within two edits that begin with one of the first two letters of `word`."""
        for start in dict.fromkeys(word[:2]):
            for place in self._places(start):
                if abs(len(self._words[place]) - len(word)) <= 2 and distance(word, self._words[place], 2) <= 2:
                    yield self._words[place]
