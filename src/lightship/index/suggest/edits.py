"""How far apart two words are, in edits.

The distance is the optimal string alignment distance: insertions, deletions, substitutions, and transpositions of
neighbours (Boytsov, "Indexing methods for approximate dictionary searching", JEA 2011).
"""

from __future__ import annotations


def distance(one: str, other: str, most: int) -> int:
    """Return the number of edits between `one` and `other`; `most` + 1 if there are more than `most`."""
    if abs(len(one) - len(other)) > most:
        return most + 1
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


def neighbours(word: str, alphabet: str) -> set[str]:
    """Return all words that are one edit from `word`, with the letters of `alphabet`."""
    splits = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    deleted = {head + tail[1:] for head, tail in splits if tail}
    swapped = {head + tail[1] + tail[0] + tail[2:] for head, tail in splits if len(tail) > 1}
    replaced = {head + letter + tail[1:] for head, tail in splits if tail for letter in alphabet}
    inserted = {head + letter + tail for head, tail in splits for letter in alphabet}
    return (deleted | swapped | replaced | inserted) - {word, ""}
