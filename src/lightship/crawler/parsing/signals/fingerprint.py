"""Fingerprints of texts, which differ in few bits for near-duplicates: SimHash of the shingles.

M. Charikar, Similarity estimation techniques from rounding algorithms, STOC 2002; G. S. Manku, A. Jain, A. Das Sarma,
Detecting near-duplicates for web crawling, WWW 2007: pages within 3 of 64 bits are near-duplicates.
"""

from __future__ import annotations

import hashlib
import re
import sys
from array import array
from functools import lru_cache

NEAR = 3  # bits by which near-duplicates differ at most
SHORTEST = 50  # words (or Chinese, Japanese, Korean characters); fewer are not significant
MAX_TEXT = 200_000  # characters used
LONGEST_KEPT = 64  # characters of a word whose hash is kept

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
    return fingerprints(text)[0]


def fingerprints(text: str) -> tuple[int, int]:
    """Return the fingerprint of `text`, and 64 bits that are the same for two texts with the same set of telling words.

    Telling are numbers, names with digits, and words of four letters or more: not `a`, `the` or `und`.
    """
    words = _WORDS.findall(text[:MAX_TEXT].lower())
    hashes = _hashes(words)
    telling = sum(
        number
        for word, number in dict(zip(words, hashes, strict=True)).items()
        if len(word) > 3 or not (word.isascii() and word.isalpha())
    )
    return _of_shingles(hashes) if len(words) >= SHORTEST else 0, telling & _MASK


def _of_shingles(words: list[int]) -> int:
    return _majority(
        array("Q", {
            (one * _FIRST + two * _SECOND + three * _THIRD) & _MASK
            for one, two, three in zip(words, words[1:], words[2:], strict=False)
        })
    )  # fmt: skip


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


def _hashes(words: list[str]) -> list[int]:
    """Return the hash of each word; those of short ones are kept, since every page has them."""
    if max(map(len, words), default=0) <= LONGEST_KEPT:
        return list(map(_kept_hash, words))
    return [_kept_hash(word) if len(word) <= LONGEST_KEPT else _hash(word) for word in words]


def _hash(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


_kept_hash = lru_cache(65_536)(_hash)
