"""How far apart two words are, in edits.

The distance is the optimal string alignment distance: insertions, deletions, substitutions, and transpositions of
neighbours (Boytsov, "Indexing methods for approximate dictionary searching", JEA 2011).
"""

from __future__ import annotations


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
