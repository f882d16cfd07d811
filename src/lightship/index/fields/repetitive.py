"""Finds the words that a text repeats thousands of times, as texts made against a search engine do.

Comparing positions of words takes time by the occurrences, which the index counts nowhere. A document is marked with each
word that it repeats, so that `cost.py` can tell what a query may meet.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import blake2b

OFTEN = 4096  # occurrences of a word, whose positions are compared in some 10 µs

_PIECE, _STEP = 128, 2048  # characters of a sample, and from one sample to the next


def repeated(text: str, terms: Callable[[str], Sequence[str]]) -> list[str]:
    """Return the terms that `text` has some OFTEN times or more, as far as samples tell; `terms` returns those of a text.

    A digest of the text says where samples are, so that nobody can write other words there.
    """
    if len(text) < 2 * OFTEN:
        return []
    chance = random.Random(blake2b(text.encode()).digest())
    places = (start + chance.randrange(_STEP - _PIECE) for start in range(0, len(text), _STEP))
    found = Counter(terms(" ".join(text[place : place + _PIECE] for place in places)))
    return [term for term, count in found.items() if count * _STEP >= OFTEN * _PIECE]
