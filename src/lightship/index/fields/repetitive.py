"""Tells texts that repeat a word again and again, as texts made against a search engine do.

Comparing positions of words takes time by the occurrences, which the index counts nowhere. Documents with such texts are
marked, so that `cost.py` can tell what a query may meet.
"""

from __future__ import annotations

from collections import Counter

LONG_TEXT = 1 << 14  # characters; the positions of shorter texts take little time, whatever they repeat
SAMPLES = 64
OFTEN = 12  # of the samples: in ordinary texts the most frequent word is one of fifteen

_REACH = 40  # characters in which a word is looked for


def is_repetitive(text: str) -> bool:
    """Return True if a fifth of a long text is one word, as far as a sample tells."""
    if len(text) < LONG_TEXT:
        return False
    step = len(text) // SAMPLES
    found = Counter(_word_at(text, place * step) for place in range(SAMPLES))
    return found.most_common(1)[0][1] >= OFTEN


def _word_at(text: str, place: int) -> str:
    """Return the first whole word from `place` on; two characters where a script has no spaces."""
    piece = text[place : place + _REACH]
    parts = piece.split(maxsplit=2)
    return parts[1].lower() if len(parts) > 2 else piece[:2]
