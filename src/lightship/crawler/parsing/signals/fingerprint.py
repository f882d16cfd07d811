"""Fingerprints of texts, which differ in few bits for near-duplicates: SimHash of the shingles.

M. Charikar, Similarity estimation techniques from rounding algorithms, STOC 2002; G. S. Manku, A. Jain, A. Das Sarma,
Detecting near-duplicates for web crawling, WWW 2007: pages within 3 of 64 bits are near-duplicates.
"""

from __future__ import annotations

import hashlib
import re
import sys
from array import array

NEAR = 3  # bits by which near-duplicates differ at most
SHORTEST = 50  # words (or Chinese, Japanese, Korean characters); fewer are not significant
MAX_TEXT = 200_000  # characters used
LONGEST_KEPT, MAX_KEPT = 64, 65_536  # characters of a word whose hash is kept; words

_WORDS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]+")
_BLANKED = bytes(byte if byte > 127 or chr(byte).isalnum() else 32 for byte in range(256))  # signs of ASCII are blanks
_MASK = (1 << 64) - 1
_FIRST, _SECOND, _THIRD = (
    0x9E3779B97F4A7C15,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
)  # odd, so that multiplication loses no bits
_LANE, _STEP = 24, 3  # bytes for each hash in a number of many, where three products of it fit; the same in hashes
_ROOM = bytes(_LANE - 8)


def fingerprint(text: str) -> int:
    """Return the 64-bit fingerprint of `text`; 0 if it is too short.

    It is the same on all machines. A text of 10 KB takes about a millisecond.
    """
    return fingerprints(text)[0]


def fingerprints(text: str) -> tuple[int, int]:
    """Return the fingerprint of `text`, and 64 bits that are the same for two texts with the same set of telling words.

    Telling are numbers, names with digits, and words of four letters or more: not `a`, `the` or `und`.
    """
    words = _words(text[:MAX_TEXT].lower())
    hashes = list(map(_hashes.__getitem__, words))
    telling = [
        hashed
        for word, hashed in dict(zip(words, hashes, strict=True)).items()
        if len(word) > 3 or not (word.isascii() and word.isalpha())
    ]
    return _of_shingles(hashes) if len(words) >= SHORTEST else 0, sum(_numbers(b"".join(telling))) & _MASK


def _words(text: str) -> list[str]:
    """Return the words of `text`; those of ASCII need no regular expression, which takes four times as long."""
    pieces = text.encode("utf-8", "surrogatepass").translate(_BLANKED).decode("utf-8", "surrogatepass").split()
    if text.isascii():
        return pieces
    return [word for piece in pieces for word in ((piece,) if piece.isascii() else _WORDS.findall(piece))]


def _of_shingles(hashes: list[bytes]) -> int:
    """Return the fingerprint of words by their `hashes`; those of all shingles are computed as parts of one number."""
    every = int.from_bytes(_ROOM.join(hashes), "little")
    lane = 8 * _LANE
    sums = every * _FIRST + (every >> lane) * _SECOND + (every >> 2 * lane) * _THIRD
    return _majority(array("Q", set(_numbers(sums.to_bytes(len(hashes) * _LANE, "little"))[: -2 * _STEP : _STEP])))


def _numbers(data: bytes) -> array[int]:
    """Return the numbers of 64 bits in `data`."""
    found = array("Q", data)
    if sys.byteorder == "big":
        found.byteswap()
    return found


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
    bits = [ones << bit for bit in range(8)]
    for place in range(8):
        column = int.from_bytes(data[place::8], "big")
        for bit, mask in enumerate(bits):
            if (column & mask).bit_count() * 2 > len(hashes):
                result |= 1 << (8 * place + bit)
    return result


class _Hashes(dict[str, bytes]):
    """The hashes of words. Those of short ones are kept, since every page has them, until there are too many."""

    def __missing__(self, word: str) -> bytes:
        hashed = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if len(word) <= LONGEST_KEPT:
            if len(self) >= MAX_KEPT:
                self.clear()
            self[word] = hashed
        return hashed


_hashes = _Hashes()
