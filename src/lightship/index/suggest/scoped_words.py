"""The words of a scoped view, looked up each time: a snapshot for each filter would take too long."""

from __future__ import annotations

from math import inf

from lightship.index.fields.schema import VOCABULARY
from lightship.index.reader import View
from lightship.index.suggest.snapshot import least_documents
from lightship.index.suggest.words import MAX_WORDS, Correction, Words

WORDS_SECONDS = 30e-9  # per document of the whole index, to look up the words that begin with one letter
LEAST_LETTERS = 2  # of the beginning of words that are looked up: fewer begin too many


class ScopedWords:
    """The words of a scoped view. A correction takes about `seconds`."""

    def __init__(self, view: View) -> None:
        """Look them up in `view`."""
        self._view, self._least = view, least_documents(view)
        self.seconds = Words.seconds + (view.whole or 0) * WORDS_SECONDS / LEAST_LETTERS

    def documents(self, word: str) -> int:
        """Return how many documents have `word`; 0 if it is not suggested."""
        count = self._view.documents_with(VOCABULARY, word)
        return count if count >= self._least else 0

    def beginning(self, prefix: str, most: int) -> list[tuple[str, int]]:
        """Return the most frequent words that begin with `prefix`, with their documents; none for a single letter."""
        if len(prefix) < LEAST_LETTERS:
            return []
        return [each for each in self._view.counted_terms(VOCABULARY, prefix, most) if each[1] >= self._least]

    def correct(self, word: str, least: float = -inf) -> Correction | None:
        """Return what `word` was probably meant to be, like `Words.correct`, among words that begin with the same letters."""
        return Words(self.beginning(word[:LEAST_LETTERS], MAX_WORDS)).correct(word, least)
