"""The words of a scoped view, looked up each time: a snapshot for each filter would take too long."""

from __future__ import annotations

from lightship.index.fields.schema import VOCABULARY
from lightship.index.reader import View
from lightship.index.suggest.words import MAX_WORDS, Correction, Words

WORDS_SECONDS = 30e-9  # per document of the whole index, to look up the words that begin with one letter
LEAST_LETTERS = 2  # of the beginning of words that are looked up: fewer begin too many


class ScopedWords:
    """The words of a scoped view. A correction takes about `seconds`."""

    def __init__(self, view: View) -> None:
        """Look them up in `view`."""
        self._view = view
        self.seconds = Words.seconds + (view.whole or 0) * WORDS_SECONDS / LEAST_LETTERS

    def beginning(self, prefix: str, most: int) -> list[tuple[str, int]]:
        """Return the most frequent words that begin with `prefix`, with their documents; none for a single letter."""
        return self._view.counted_terms(VOCABULARY, prefix, most) if len(prefix) >= LEAST_LETTERS else []

    def correct(self, word: str) -> Correction | None:
        """Return what `word` was probably meant to be, among the words that begin with the same letters; or None."""
        return Words(self._view.counted_terms(VOCABULARY, word[:LEAST_LETTERS], MAX_WORDS)).correct(word)
