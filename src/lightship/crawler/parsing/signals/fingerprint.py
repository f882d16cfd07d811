"""Fingerprints of texts, which differ in few bits for near-duplicates: SimHash of the shingles.

M. Charikar, Similarity estimation techniques from rounding algorithms, STOC 2002; G. S. Manku, A. Jain, A. Das Sarma,
Detecting near-duplicates for web crawling, WWW 2007: pages within 3 of 64 bits are near-duplicates.
"""

from __future__ import annotations

import hashlib
import re
import sys
from array import array

from lightship.core.caching import cache_short

NEAR = 3  # bits by which near-duplicates differ at most
SHORTEST = 50  # words (or Chinese, Japanese, Korean characters); fewer are not significant
MAX_TEXT = 200_000  # characters used

_WORDS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]+")
_MASK = (1 << 64) - 1
_FIRST, _SECOND, _THIRD = (
    0x9E3779B97F4A7C15,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
)  # odd, so that multiplication loses no bits


def fingerprint(text: str) -> int:
    """Return the 64-bit fingerprint of `text`; 0 if it is too short.

    It is the same on all machines. A text of 10 KB takes about a millisecond.
    """
    words = [_hash(word) for word in _WORDS.findall(text[:MAX_TEXT].lower())]
    if len(words) < SHORTEST:
        return 0
    shingles = array("Q", {
        (one * _FIRST + two * _SECOND + three * _THIRD) & _MASK
        for one, two, three in zip(words, words[1:], words[2:], strict=False)
    })  # fmt: skip
    return _majority(shingles)


def telling_words(text: str) -> int:
    """Return 64 bits that are the same for two texts if both have the same set of telling words.

    Telling are numbers, names with digits, and words of four letters or more: not `a`, `the` or `und`.
    """
    found = set(_WORDS.findall(text[:MAX_TEXT].lower()))
    return sum(_hash(word) for word in found if len(word) > 3 or not (word.isascii() and word.isalpha())) & _MASK


def distance(one: int, other: int) -> int:
    """Return the number of bits by which two fingerprints (not 0) differ: at most NEAR for near-duplicates.

    Either may be signed, as the store has it.
    """
    return ((one ^ other) & _MASK).bit_count()


def _majority(hashes: array[int]) -> int:
    """Return the bitwise majority of `hashes`: bits are counted a whole column at a time."""
    if sys.byteorder == "big":
        hashes.byteswap()
    data, result = hashes.tobytes(), 0
    ones = int.from_bytes(b"\x01" * len(hashes), "big")
    for place in range(8):
        column = int.from_bytes(data[place::8], "big")
        for bit in range(8):
            if ((column >> bit) & ones).bit_count() * 2 > len(hashes):
                result |= 1 << (8 * place + bit)
    return result


@cache_short(entries=65_536, longest=64)
def _hash(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
