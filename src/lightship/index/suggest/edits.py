"""How far apart two words are, in edits, and how likely these are mistakes.

The distance is the optimal string alignment distance: insertions, deletions, substitutions, and transpositions of
neighbours (Boytsov, "Indexing methods for approximate dictionary searching", JEA 2011).
"""

from __future__ import annotations

from itertools import accumulate

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


def distance(one: str, other: str, most: int) -> int:
    """Return the number of edits between `one` and `other`; `most` + 1 if there are more than `most`."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    shortest, same = min(len(one), len(other)), 0
    while same < shortest and one[same] == other[same]:
        same += 1
    one, other = one[same:], other[same:]
    before: list[int] = []
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        earlier, before, row = before, row, [number]
        for place, against in enumerate(other, 1):
            least = before[place - 1] if letter == against else 1 + min(before[place - 1], before[place], row[-1])
            if number > 1 < place and letter == other[place - 2] and one[number - 2] == against:
                least = min(least, earlier[place - 2] + 1)
            row.append(least)
        if min(row) > most and min(before) > most:
            return most + 1
    return min(row[-1], most + 1)


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


def begun_otherwise(word: str, alphabet: str) -> set[str]:
    """Return all words that are one edit from `word`, with the letters of `alphabet`, but another first letter."""
    made = {letter + tail for tail in (word, word[1:]) for letter in alphabet}
    made |= {word[1:], word[1:2] + word[:1] + word[2:]}
    return {each for each in made if each[:1] not in ("", word[:1])}
