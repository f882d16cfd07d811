"""Tells texts that repeat a word again and again, as texts made against a search engine do.

Comparing positions of words takes time by the occurrences, which the index counts nowhere. Documents with such texts are
marked, so that `cost.py` can tell what a query may meet.
"""

from __future__ import annotations

from collections import Counter

LONG_TEXT = 1 << 14  # characters; the positions of shorter texts take little time, whatever they repeat
SAMPLES = 64
MORE_SAMPLES = 1024  # of texts of which the first ones tell nothing good: one page of Wikipedia in fifty, for its "the"
OFTEN = 12 / 64  # of the samples: in ordinary texts the most frequent word is one of fifteen

_REACH = 40  # characters in which a word is looked for


def is_repetitive(text: str) -> bool:
    """Return True if a fifth of a long text is one word, as far as a sample tells."""
    if len(text) < LONG_TEXT:
        return False
    return all(_most_frequent(text, samples) >= OFTEN for samples in (SAMPLES, MORE_SAMPLES))


def _most_frequent(text: str, samples: int) -> float:
    """Return the share of the most frequent word in so many `samples`."""
    step = len(text) // samples
    found = Counter(_word_at(text, place * step) for place in range(samples))
    return found.most_common(1)[0][1] / samples


def _word_at(text: str, place: int) -> str:
    """Return the first whole word from `place` on; two characters where a script has no spaces."""
    piece = text[place : place + _REACH]
    parts = piece.split(maxsplit=2)
    return parts[1].lower() if len(parts) > 2 else piece[:2]
