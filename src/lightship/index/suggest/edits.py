"""How far apart two words are, in edits, and how likely these are mistakes.

The distance is the optimal string alignment distance: insertions, deletions, substitutions, and transpositions of
neighbours (Boytsov, "Indexing methods for approximate dictionary searching", JEA 2011).
"""

from __future__ import annotations

# What mistakes cost: the likelier, the less (docs/decisions/0016-corrections.md has the measurements)
_MISSING, _EXTRA, _REPEATED, _SWAPPED, _VOWEL, _OTHER, _FIRST = 1.0, 1.3, 0.6, 0.7, 1.0, 1.5, 0.4
_VOWELS = frozenset("aeiouyàáâäãåèéêëìíîïòóôöõùúûüаеиоуыэюяё")


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
    """Return how unlikely it is that somebody who meant a word typed the other; a missing letter costs 1.

    The least sum over all ways to edit one into the other (the noisy channel of Kernighan, Church and Gale, "A spelling
    correction program based on a noisy channel model", COLING 1990, with a few kinds of mistakes in place of a table).
    """
    before: list[float] = []
    row = [0.0]
    for place, letter in enumerate(meant):
        row.append(row[-1] + _missing(meant, place, letter))
    for number, letter in enumerate(typed):
        earlier, before, row = before, row, [row[0] + _extra(typed, number, letter)]
        for place, against in enumerate(meant):
            least = before[place] + (0.0 if letter == against else _replaced(number + place, letter, against))
            least = min(
                least, before[place + 1] + _extra(typed, number, letter), row[place] + _missing(meant, place, against)
            )
            if number and place and letter == meant[place - 1] and against == typed[number - 1]:
                least = min(least, earlier[place - 1] + _SWAPPED)
            row.append(least)
    return row[-1]


def _missing(meant: str, place: int, letter: str) -> float:
    if not place:
        return _MISSING + _FIRST
    return _REPEATED if meant[place - 1] == letter else _MISSING


def _extra(typed: str, place: int, letter: str) -> float:
    if not place:
        return _EXTRA + _FIRST
    return _REPEATED if typed[place - 1] == letter else _EXTRA


def _replaced(place: int, letter: str, against: str) -> float:
    cost = _VOWEL if letter in _VOWELS and against in _VOWELS else _OTHER
    return cost if place else cost + _FIRST


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
