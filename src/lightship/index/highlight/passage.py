"""Finds the best passage of a text for a query: around the rarest query word that the text contains.

Texts are UTF-8 bytes, as stored. Lower-casing bytes and searching for one form of a word takes a third of the time of
searching for three forms in a `str`, and only the passage is decoded. A long text is searched piece by piece, as far as
`Effort` allows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from lightship.core.unicode import normalize
from lightship.index.analysis.version1 import CJK, CJK_RUN

PASSAGE = 240  # characters; half of it for Chinese, Japanese and Korean, whose characters are twice as wide
_LEAD = 60  # characters shown before the matched word
_OCCURRENCES = 8  # places of a word that are compared
_REACH = 4 * PASSAGE  # bytes that hold a passage in any script
BEGINNING = 2 * _REACH  # characters that are enough to show the beginning of a text

# Budget for finding passages: reading a byte costs 1, about a nanosecond. An ordinary page costs about 50,000
ANSWER_EFFORT = 64 << 20  # for all texts of an answer
TEXT_EFFORT = 16 << 20  # for one text
_PLACE, _WORD, _LETTER = 256, 8192, 400  # to examine a place, to analyze a word, to fold a letter
PIECE = 128 << 10  # bytes that are searched at once

word_at = re.compile(rf"[^\W_{CJK}]+").match
_SENTENCE_END = re.compile(r"[.!?。!?]\s+|\n")
_LONGEST_WORD = 120  # bytes
_IN_WORD = bytes(chr(code).isalnum() and code < 0x80 for code in range(256))
# Match the first bytes of letters that fold to ASCII: all of them, and those outside Latin-1
_accent = re.compile(rb"[\xc3-\xc9\xcc\xcd\xe1\xef]").search
_far_accent = re.compile(rb"[\xc4-\xc9\xcc\xcd\xe1\xef]").search


@dataclass(frozen=True, slots=True)
class Needle:
    """A word to find: the `forms` of its beginning, and the `weight` that it adds to a passage."""

    forms: tuple[bytes, ...]
    weight: float
    is_run: bool = False  # CJK text, which has no word boundaries


class Passage(NamedTuple):
    """A piece of a text; `cut_before` and `cut_after` are True if the text continues there."""

    text: str
    cut_before: bool
    cut_after: bool


Accepts = Callable[[str], bool]  # True if a lower-case word has a term of the query


def written(stem: str) -> tuple[bytes, ...]:
    """Return the forms of `stem` in a text whose ASCII letters are in lower case."""
    forms = (stem,) if stem.isascii() else (stem, stem.capitalize(), stem.upper())
    return tuple(dict.fromkeys(form.encode() for form in forms))


class Effort:
    """The remaining budget for finding passages: see ANSWER_EFFORT."""

    def __init__(self, left: int = ANSWER_EFFORT) -> None:
        """Start with a budget of `left`."""
        self.left = left


class _Look(NamedTuple):
    """A piece of a text to search; a word may begin from `start` up to `end`."""

    text: bytes
    start: int
    end: int
    effort: Effort


def best_place(text: bytes, needles: tuple[Needle, ...], accepts: Accepts, effort: Effort) -> int:
    """Return the byte offset of the best passage's word in `text`; -1 if none of `needles` is found with `effort`."""
    own = Effort(min(effort.left, TEXT_EFFORT))
    effort.left -= own.left
    found, start = -1, 0
    while found < 0 and start < len(text) and own.left > 0:
        before, end = _boundary(text, start - 4), _boundary(text, start + PIECE)
        piece = text[before : _boundary(text, end + _LONGEST_WORD)]
        place = _place_in(_Look(piece, start - before, end - before, own), needles, accepts)
        found, start = before + place if place >= 0 else -1, end
    effort.left += max(own.left, 0)
    return found


def _boundary(text: bytes, place: int) -> int:
    """Return the offset of the first byte of the character at `place`."""
    if place <= 0 or place >= len(text):
        return max(0, min(place, len(text)))
    while place and text[place] & 0xC0 == 0x80:
        place -= 1
    return place


def _place_in(look: _Look, needles: tuple[Needle, ...], accepts: Accepts) -> int:
    piece, effort = look.text, look.effort
    effort.left -= 2 * len(piece)
    place = _best(_Look(piece.lower(), look.start, look.end, effort), needles, accepts)
    if place < 0 and has_accents(piece):
        decoded = piece.decode()
        if _far_accent(piece):
            effort.left -= (len(piece) - len(decoded)) * _LETTER
            folded = fold(decoded)
        else:
            effort.left -= 4 * len(piece)
            folded = decoded.encode("latin-1", "replace").translate(_LATIN).decode("latin-1")
        # Folding maps one character to one, so that places in the folded text are places in the original
        start, end = (len(folded[: len(piece[:at].decode())].encode()) for at in (look.start, look.end))
        found = folded.encode()
        place = _best(_Look(found, start, end, effort), needles, accepts)
        if place >= 0:
            place = len(decoded[: len(found[:place].decode())].encode())
    return place


def has_accents(text: bytes) -> bool:
    """Return True if `text` may contain letters that fold to ASCII."""
    return not text.isascii() and _accent(text) is not None


def passage_at(text: bytes, place: int) -> Passage:
    """Return the passage of `text` around byte `place`: it starts at a sentence or word and ends at a word."""
    first, last = max(0, place - _REACH), place + _REACH
    head, tail = text[first:place].decode(errors="ignore"), text[place:last].decode(errors="ignore")
    near, at = head + tail, len(head)
    start, end = _window(near, at)
    return Passage(near[start:end], start > 0 or first > 0, end < len(near) or last < len(text))


def _best(look: _Look, needles: tuple[Needle, ...], accepts: Accepts) -> int:
    for number, needle in enumerate(needles, 1):
        places = _places(look, needle, _OCCURRENCES)
        if len(places) > 1 and number < len(needles):
            others = needles[number:]
            look.effort.left -= len(places) * len(others) * _PLACE
            places.sort(key=lambda place: -_worth(look.text, place, others))
        place = _first_word(look, places, needle, accepts)
        if place < 0 and len(places) >= _OCCURRENCES:  # words that only share the beginning may hide the right one
            place = _first_word(look, _places(look, needle, PIECE), needle, accepts)
        if place >= 0:
            return place
    return -1


def _worth(text: bytes, place: int, needles: tuple[Needle, ...]) -> float:
    """Return the total weight of the `needles` near `place`."""
    worth, start, end = 0.0, max(0, place - _LEAD), place + PASSAGE - _LEAD
    for needle in needles:
        for form in needle.forms:
            if text.find(form, start, end) >= 0:
                worth += needle.weight
                break
    return worth


def _places(look: _Look, needle: Needle, limit: int) -> list[int]:
    """Return the first places where `needle` may occur, at most `limit` for each of its forms."""
    text, places = look.text, list[int]()
    for form in needle.forms:
        left, end = limit, look.end + len(form) - 1
        looks = most = max(look.effort.left, 0) // _PLACE
        place = text.find(form, look.start, end) if looks else -1
        while place >= 0 and left and looks:
            looks -= 1
            if needle.is_run or not place or not _IN_WORD[text[place - 1]]:
                places.append(place)
                left -= 1
            place = text.find(form, place + 1, end)
        look.effort.left -= (place if place >= 0 else end) - look.start + (most - looks) * _PLACE
    return places


def _first_word(look: _Look, places: list[int], needle: Needle, accepts: Accepts) -> int:
    """Return the first of `places` where `needle` is not just part of another word; -1 if there is none."""
    for place in places:
        if needle.is_run:
            return place
        look.effort.left -= _WORD
        if _is_word(look.text, place, accepts):
            return place
        if look.effort.left < 0:
            break
    return -1


def _is_word(text: bytes, place: int, accepts: Accepts) -> bool:
    """Return True if a word that has a term of the query begins at `place`."""
    if place and text[place - 1] > 0x7F and word_at(text[max(0, place - 4) : place].decode(errors="ignore")[-1:]):
        return False
    word = word_at(text[place : place + _LONGEST_WORD].decode(errors="ignore"))
    return word is not None and accepts(word[0])


def _window(text: str, place: int) -> tuple[int, int]:
    is_wide = not text.isascii() and CJK_RUN.search(text, place, place + 40)
    width = PASSAGE // 2 if is_wide else PASSAGE
    start = max(0, place - _LEAD * width // PASSAGE)
    if start:
        begins = [found.end() for found in _SENTENCE_END.finditer(text, start, place)]
        start = begins[-1] if begins else _next_word(text, start, place)
    end = min(len(text), start + width)
    if end < len(text):
        space = text.rfind(" ", place + 1, end)
        end = space if space > end - 40 else end
    return start, end


def _next_word(text: str, start: int, place: int) -> int:
    space = text.find(" ", start, place)
    return space + 1 if space >= 0 else start


class _Folding(dict[int, int]):
    """Maps a character to its base letter in lower case, one to one, so that offsets in a text do not change."""

    def __missing__(self, code: int) -> int:
        character = chr(code)
        if code > 0x7F and not 0xAC00 <= code <= 0xD7FF:  # Hangul would be decomposed
            character = normalize("NFKD", character)[:1]
        lower = character.lower()
        base = ord(lower if len(lower) == 1 else character)
        if len(self) < 20_000:
            self[code] = base
        return base


_folding = _Folding({ord(letter): ord(base) for letter, base in zip("øØđĐłŁħĦŧŦı", "ooddllhhtti", strict=True)})


_LATIN = bytes(base if (base := _folding[code]) < 256 else code for code in range(256))  # folds Latin-1 to Latin-1
_others = re.compile("[^\x00-\x7f]{1,1000}").sub


def fold(text: str) -> str:
    """Return `text` in lower case and without accents, with the same number of characters."""
    return _others(lambda found: found[0].translate(_folding), text).lower()
