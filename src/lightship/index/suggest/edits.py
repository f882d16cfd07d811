"""How far apart two words are, in edits, and how likely these are mistakes.

The distance is the optimal string alignment distance: insertions, deletions, substitutions, and transpositions of
neighbours (Boytsov, "Indexing methods for approximate dictionary searching", JEA 2011).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from itertools import accumulate, compress

# What mistakes cost: the likelier, the less (docs/decisions/0016-corrections.md has the measurements)
_MISSING, _MISSING_VOWEL, _EXTRA, _REPEATED, _SWAPPED = 0.9, 0.6, 1.4, 0.6, 0.7
_VOWEL, _SIMILAR, _OTHER = 0.8, 1.2, 1.5  # another letter: a vowel for a vowel, a consonant that sounds similar, others
_FIRST, _LAST = 0.4, 0.3  # more for these letters
_VOWELS = frozenset("aeiouyàáâäãåèéêëìíîïòóôöõùúûüаеиоуыэюяё")
_TAKEN_FOR = {
    "b": "pv",
    "c": "kqs",
    "d": "t",
    "f": "v",
    "g": "jk",
    "k": "qs",
    "l": "r",
    "m": "n",
    "q": "s",
    "s": "xz",
    "v": "w",
}
_PAIRS = frozenset(
    pair for one, others in _TAKEN_FOR.items() for other in others for pair in (one + other, other + one)
)

_BYTES = 8  # of the bits of a word
_ONES = bytes(byte.bit_count() for byte in range(256))
_AT_MOST = {most: bytes(byte <= most for byte in range(256)) for most in (2, 4, 6)}  # two bits for each edit


def distance_from(word: str) -> Callable[[str], int]:
    """Return the function that tells how many edits another text is from `word`, which has a letter at least.

    A column of the table of distances is two integers, with a bit for each letter: whether a value is one more than that
    above, or one less (Hyyrö, "A bit-vector algorithm for computing Levenshtein and Damerau edit distances", 2003).
    """
    places: dict[str, int] = {}
    for place, letter in enumerate(word):
        places[letter] = places.get(letter, 0) | 1 << place
    length, every, last = len(word), (1 << len(word)) - 1, 1 << len(word) - 1

    def distance(other: str) -> int:
        more, less, diagonal, before, edits = every, 0, every, 0, length
        for letter in other:
            same = places.get(letter, 0)
            swapped = (~diagonal & same) << 1 & before
            diagonal = ((same & more) + more ^ more) | same | less | swapped
            right, left = less | ~(diagonal | more), diagonal & more
            edits += 1 if right & last else -1 if left & last else 0
            right, left = right << 1 | 1, left << 1
            more, less, before = (left | ~(diagonal | right)) & every, right & diagonal & every, same
        return edits

    return distance


def mistake_cost(typed: str, meant: str) -> float:
    """Return how unlikely it is that somebody who meant a word typed the other; most mistakes cost about 1.

    The least sum over all ways to edit one into the other (the noisy channel of Kernighan, Church and Gale, "A spelling
    correction program based on a noisy channel model", COLING 1990, with a few kinds of mistakes in place of a table).
    """
    before: list[float] = []
    missing = [_missing(meant, place, letter) for place, letter in enumerate(meant)]
    row = list(accumulate(missing, initial=0.0))
    for number, letter in enumerate(typed):
        extra = _extra(typed, number, letter)
        earlier, before, row = before, row, [row[0] + extra]
        for place, against in enumerate(meant):
            least = before[place] + (0.0 if letter == against else _replaced(typed, number, meant, place))
            least = min(least, before[place + 1] + extra, row[place] + missing[place])
            if number and place and letter == meant[place - 1] and against == typed[number - 1]:
                least = min(least, earlier[place - 1] + _SWAPPED)
            row.append(least)
    return row[-1]


def _missing(meant: str, place: int, letter: str) -> float:
    if place and meant[place - 1] == letter:
        return _REPEATED
    return (_MISSING_VOWEL if place and letter in _VOWELS else _MISSING) + _at(place, meant)


def _extra(typed: str, place: int, letter: str) -> float:
    return _REPEATED if place and typed[place - 1] == letter else _EXTRA + _at(place, typed)


def _replaced(typed: str, number: int, meant: str, place: int) -> float:
    letter, against = typed[number], meant[place]
    more = min(_at(number, typed), _at(place, meant))
    if letter in _VOWELS and against in _VOWELS:
        return _VOWEL + more
    return (_SIMILAR if letter + against in _PAIRS else _OTHER) + more


def _at(place: int, word: str) -> float:
    """Return what a mistake costs more at this place: people take care of the first letter, and of endings."""
    return _FIRST if not place else _LAST if place == len(word) - 1 else 0.0


def unrepeated(word: str) -> set[str]:
    """Return what `word` may have been before two to four letters were typed twice: *appropropriate*."""
    return {
        word[:place] + word[place + length :]
        for length in (2, 3, 4)
        for place in range(len(word) - 2 * length + 1)
        if word[place : place + length] == word[place + length : place + 2 * length]
    }


def letter_bits(word: str) -> int:
    """Return 64 bits for the letters of `word`, with one for each that it has at least once, and one for twice.

    An edit changes two of them at most: the distance of two words is at least half the number of different bits.
    """
    once = twice = 0
    for letter in word:
        bit = 1 << (ord(letter) & 31)
        twice |= once & bit
        once |= bit
    return twice << 32 | once


def packed_bits(words: Iterable[str]) -> int:
    """Return the `letter_bits` of all `words` as one number."""
    return int.from_bytes(b"".join(letter_bits(word).to_bytes(_BYTES, "little") for word in words), "little")


def similar(bits: int, words: Sequence[str], packed: int, most: int) -> Iterator[str]:
    """Yield the `words` whose `packed_bits` differ from `bits` in `most` bits at most.

    All are compared at once, in a dozen operations: one after the other takes ten times as long.
    """
    size = _BYTES * len(words)
    differing = packed ^ int.from_bytes(bits.to_bytes(_BYTES, "little") * len(words), "little")
    counts = int.from_bytes(differing.to_bytes(size, "little").translate(_ONES), "little")
    for half in (32, 16, 8):
        counts += counts >> half  # the lowest byte of each word's becomes the sum of its eight
    totals = counts.to_bytes(size + 1, "little")[:size:_BYTES]
    return compress(words, totals.translate(_AT_MOST[most]))


def begun_otherwise(word: str, alphabet: str, known: Container[str]) -> set[str]:
    """Return the `known` words that are one edit from `word`, with the letters of `alphabet`, but another first letter."""
    others = [letter for letter in alphabet if letter != word[0]]
    found = {each for tail in (word, word[1:]) for letter in others if (each := letter + tail) in known}
    return found | {
        each for each in (word[1:], word[1:2] + word[:1] + word[2:]) if each[:1] != word[0] and each in known
    }
