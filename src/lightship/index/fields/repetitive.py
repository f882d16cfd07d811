"""Finds the words that a text repeats thousands of times, as texts made against a search engine do.

Comparing positions of words takes time by the occurrences, which the index counts nowhere. A document is marked with each
word that it repeats, so that `cost.py` can tell what a query may meet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import blake2b
from itertools import cycle

LONG_TEXT = 1 << 14  # characters; the positions of shorter texts take little time, whatever they repeat
OFTEN = 4096  # occurrences of a word, whose positions are compared in some 10 µs

_PIECE, _STEP = 128, 16_384  # characters of a sample, and from one sample to the next at most


def repeated(text: str, terms: Callable[[str], Sequence[str]]) -> list[str]:
    """Return the terms that `text` has some OFTEN times or more, as far as samples tell; `terms` returns those of a text.

    A digest of the text says where samples are, so that nobody can write other words there.
    """
    if len(text) < LONG_TEXT:
        return []
    samples = -(-len(text) // _STEP)
    step, chance = len(text) // samples, cycle(blake2b(text.encode()).digest())
    places = (number * step + next(chance) * (step - _PIECE) // 255 for number in range(samples))
    found = Counter(terms(" ".join(text[place : place + _PIECE] for place in places)))
    return [term for term, count in found.items() if count * step >= OFTEN * _PIECE]
