"""Searches a text for the place of its best passage: around the rarest query word that the text contains.

Texts are UTF-8 bytes, as stored. Lower-casing bytes and searching for one form of a word takes a third of the time of
searching for three forms in a `str`. Only where that finds nothing is the text normalized. A long text is searched
piece by piece, as far as `Effort` allows.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lightship.index.analysis.forms import odd_places
from lightship.index.highlight.alignment import Folding
from lightship.index.highlight.passage import LEAD, PASSAGE

_OCCURRENCES = 4  # places of a word that are compared
_PAIR = 4.0  # weight of two words side by side; that of a word is 1 at most
_PAIR_REACH = 8 << 10  # bytes after these places that are searched for a pair
_NEAR = 8  # forms of other needles that are looked for near a place
PIECE = 128 << 10  # bytes that are searched at once

# Budget for finding passages: reading a byte costs 1, about a nanosecond. An ordinary page costs about 50,000
ANSWER_EFFORT = 64 << 20  # for all texts of an answer
TEXT_EFFORT = 16 << 20  # for one text
PLACE, _LATIN, _LETTER = 512, 6, 96  # to examine a place, to fold a byte of Latin or of other text
_ODD, _ODD_WORD = 40, 2048  # to look for odd words in a byte, and at one
WORD, WORD_BYTE = 8192, 1024  # to match a word exactly, and each character of it

LONGEST_WORD = 120  # bytes
IN_WORD = bytes(chr(code).isalnum() and code < 0x80 for code in range(256))
_BEFORE = bytes(code in b' \n\t(["-/' for code in range(256))  # no odd word goes on before these
plain_word = re.compile(rb"[0-9A-Za-z]{1,40}(?=(?:'s)?[.,;:!?)\"]{0,4}(?:[ \n\t]|$)|[-/])").match
_SIGNS, _QUOTE = b"'-_.,&", "\u2019".encode()
_FAR = bytes([*range(0xC4), 0xE2])  # first bytes of ASCII, Latin-1 and punctuation
_words = re.compile(rb"\S+").finditer


class Effort:
    """The remaining budget for finding passages: see ANSWER_EFFORT."""

    __slots__ = ("left",)

    def __init__(self, left: int = ANSWER_EFFORT) -> None:
        """Start with a budget of `left`."""
        self.left = left


class Needle(NamedTuple):
    """Something to find: the `forms` of its beginning, and the `weight` that it adds to a passage.

    `pairs` are the word and its neighbours in the query, as typed. It is verified with `reach` bytes around it; 0 for
    what stands between spaces.
    """

    forms: tuple[bytes, ...]
    weight: float
    pairs: tuple[bytes, ...] = ()
    reach: int = 0
    is_inner: bool = False  # letters may stand before it


def written(stem: str) -> tuple[bytes, ...]:
    """Return the forms of `stem` in a text whose ASCII letters are in lower case."""
    if stem.isascii():
        return (stem.encode(),)
    return tuple(dict.fromkeys(form.encode() for form in (stem, stem.capitalize(), stem.upper())))


# A piece of a text, and its searchable form; a word may begin from the first place up to the last one
_Look = tuple[bytes, bytes, int, int]


class Target(NamedTuple):
    """A needle, and what makes a place of it better than another: other words `near` it, with their weights, and pairs.

    Only needles that come later count: the text has none of those before.
    """

    needle: Needle
    near: tuple[tuple[bytes, float], ...]
    pairs: tuple[bytes, ...]
    word: bytes  # the beginning of the needle, if it is a plain word; empty for others
    full: float  # what a place is worth that has all of these; none is better


def _targets(needles: Sequence[Needle]) -> list[Target]:
    targets: list[Target] = []
    later: list[tuple[bytes, float]] = []
    for needle in reversed(needles):
        near = tuple(later[:_NEAR])
        pairs = tuple(pair for pair in needle.pairs if any(form in pair for form, _ in near))
        is_word = len(needle.forms) == 1 and not (needle.reach or needle.is_inner)
        full = sum(weight for _, weight in near) + (_PAIR * len(pairs) if near else 0)
        targets.append(Target(needle, near, pairs, needle.forms[0] if is_word else b"", full))
        later[:0] = ((form, needle.weight) for form in needle.forms)
    return targets[::-1]


class Search(ABC):
    """Searches texts for the `needles` of a query, best first."""

    def __init__(self, needles: Sequence[Needle], *, has_forms: bool) -> None:
        """Search for `needles`; with `has_forms`, also for odd words. `targets` are the needles, best first."""
        self.targets, self._has_forms = _targets(needles), has_forms
        self._known: dict[bytes, bool] = {}

    @abstractmethod
    def accepts(self, text: str, effort: Effort) -> bool:
        """Return True if a short text that may match does."""

    def best_place(self, text: bytes, effort: Effort) -> int:
        """Return the byte offset of the best passage's word in `text`; -1 if nothing is found with `effort`."""
        saved = max(effort.left - TEXT_EFFORT, 0)  # for other texts
        effort.left -= saved
        found, start = -1, 0
        if len(text) <= PIECE and effort.left > 0:
            found, start = self._place_in(text, 0, len(text), effort), len(text)
        while found < 0 and start < len(text) and effort.left > 0:
            before, end = _boundary(text, start - 4), _boundary(text, start + PIECE)
            piece = text[before : _boundary(text, end + LONGEST_WORD)]
            place = self._place_in(piece, start - before, end - before, effort)
            found, start = before + place if place >= 0 else -1, end
        effort.left = max(effort.left + saved, 0)
        return found

    def _place_in(self, piece: bytes, start: int, end: int, effort: Effort) -> int:
        effort.left -= len(piece)
        place = self._best((piece, piece.lower(), start, end), effort)
        if place < 0 and effort.left > 0 and not piece.isascii():
            effort.left -= len(piece) * (_LETTER if piece.translate(None, _FAR) else _LATIN)
            place = self._folded_place(piece, start, end, effort)
        if place < 0 and effort.left > 0 and (self._has_forms or b"'" in piece or _QUOTE in piece):
            effort.left -= len(piece) * _ODD
            place = self._odd_place(piece, start, end, effort)
        return place

    def _folded_place(self, piece: bytes, start: int, end: int, effort: Effort) -> int:
        text = piece.decode(errors="replace")
        folding = Folding(text)
        form = folding.fold(text)
        before = len(folding.fold(piece[:start].decode(errors="replace")))
        place = self._best((form, form, before, len(form)), effort)
        if place < 0:
            return -1
        found = len(text[: folding.origin(place, folding.fold)].encode())
        return found if start <= found < end else -1

    def _odd_place(self, piece: bytes, start: int, end: int, effort: Effort) -> int:
        """Return the place of an odd word that has a needle without its signs: `don't` for `dont`."""
        text = piece.decode(errors="replace")
        folding = Folding(text)
        form = b" " + folding.normal(text)
        places = odd_places(form)
        effort.left -= len(places) * _ODD_WORD
        for first, last in places.items():
            if effort.left < 0:
                break
            word = form[first:last].decode(errors="ignore")
            bare = word.lower().encode().translate(None, _SIGNS)
            if not any(part in bare for target in self.targets for part in target.needle.forms):
                continue
            if self.accepts(word, effort):
                place = len(text[: folding.origin(first - 1, folding.normal)].encode())
                if start <= place < end:
                    return place
        return -1

    def _best(self, look: _Look, effort: Effort) -> int:
        for target in self.targets:
            if target.word:
                place = self._best_word(target, look, effort)
                if place >= 0:
                    return place
                continue
            needle = target.needle
            places = _places(look, needle, effort, _OCCURRENCES)
            if not places:
                continue
            if target.near and len(places) > 1:
                effort.left -= len(places) * len(target.near) * PLACE
                _sort(places, look, target)
            place = self._first_match(look[0], places, needle, effort)
            if place < 0 and len(places) >= _OCCURRENCES:  # what only begins alike may hide the right one
                place = self._first_match(look[0], _places(look, needle, effort, PIECE), needle, effort)
            if place >= 0:
                return place
        return -1

    def _best_word(self, target: Target, look: _Look, effort: Effort) -> int:
        """Return the best of the first places of a plain word; -1 if it is nowhere."""
        (text, form, start, end), (_, near, pairs, word, full) = look, target
        price = PLACE * (1 + len(near))
        find, last, allowed = form.find, end + len(word) - 1, effort.left // price
        best, best_worth, places, looks = -1, -1.0, 0, 0
        at = find(word, start, last)
        while at >= 0 and looks < allowed:
            looks += 1
            if not at or not IN_WORD[form[at - 1]]:
                places += 1
                worth = _worth(form, at, near, pairs) if near else 0.0
                if worth > best_worth and self._is_match(text, at, effort):
                    best, best_worth = at, worth
                    if worth >= full:
                        break
                if places >= _OCCURRENCES and best >= 0:  # what only begins alike may hide the right one
                    break
            at = find(word, at + 1, last)
        effort.left -= (at if at >= 0 else end) - start + looks * price
        if pairs and places >= _OCCURRENCES and 0.0 <= best_worth < _PAIR:
            first = find(pairs[0], at, min(end, at + _PAIR_REACH))
            place = find(word, first, last) if first >= 0 else -1
            if place >= 0 and self._is_match(text, place, effort):
                return place
        return best

    def _is_match(self, text: bytes, place: int, effort: Effort) -> bool:
        """Return True if what stands at `place` between two spaces matches."""
        plain = plain_word(text, place) if not place or _BEFORE[text[place - 1]] else None
        if plain:
            known = self._known.get(plain[0])
            return known if known is not None else self.is_known(plain[0], effort)
        return self.accepts(_word_around(text, place), effort)

    def _first_match(self, text: bytes, places: Sequence[int], needle: Needle, effort: Effort) -> int:
        """Return the first of `places` where `needle` is not just part of another word; -1 if there is none."""
        known = self._known
        for place in places:
            plain = plain_word(text, place) if not (needle.reach or (place and not _BEFORE[text[place - 1]])) else None
            if plain:
                word = plain[0]
                is_match = known[word] if word in known else self.is_known(word, effort)
            elif needle.reach:
                is_match = self.accepts(_around(text, place, needle.reach), effort)
            else:
                is_match = self.accepts(_word_around(text, place), effort)
            if is_match:
                return place
            effort.left -= PLACE
            if effort.left < 0:
                break
        return -1

    def is_known(self, word: bytes, effort: Effort) -> bool:
        """Return True if a plain word, of ASCII letters and digits, matches."""
        known = self._known.get(word)
        if known is None:
            known = self._known[word] = self.accepts(word.decode("ascii"), effort)
        return known


def _boundary(text: bytes, place: int) -> int:
    """Return the offset of the first byte of the character at `place`."""
    if place <= 0 or place >= len(text):
        return max(0, min(place, len(text)))
    while place and text[place] & 0xC0 == 0x80:
        place -= 1
    return place


def _around(text: bytes, place: int, reach: int) -> str:
    return text[max(0, place - reach) : place + reach].decode(errors="ignore")


def _word_around(text: bytes, place: int) -> str:
    """Return what stands around `place` between two spaces."""
    first = max(0, place - LONGEST_WORD)
    for found in _words(text, first, place + LONGEST_WORD):
        if found.end() > place:
            return found[0].decode(errors="ignore")
    return ""


def _places(look: _Look, needle: Needle, effort: Effort, limit: int) -> list[int]:
    """Return the first places where `needle` may occur, at most `limit` for each of its forms."""
    _, text, start, end = look
    find, is_inner, allowed = text.find, needle.is_inner, effort.left // PLACE
    found: list[int] = []
    for form in needle.forms:
        last, most, looks = end + len(form) - 1, limit + len(found), 0
        at = find(form, start, last)
        while at >= 0:
            looks += 1
            if is_inner or not at or not IN_WORD[text[at - 1]]:
                found.append(at)
                if len(found) == most:
                    break
            if looks > allowed:
                break
            at = find(form, at + 1, last)
        effort.left -= (at if at >= 0 else end) - start + looks * PLACE
    return found


def _worth(text: bytes, place: int, near: Iterable[tuple[bytes, float]], pairs: Iterable[bytes]) -> float:
    """Return what `place` is worth for what is `near`, and for `pairs`."""
    around = text[place - LEAD if place > LEAD else 0 : place + PASSAGE - LEAD]
    worth = 0.0
    for form, weight in near:
        if form in around:
            worth += weight
    if worth:
        for pair in pairs:
            if pair in around:
                worth += _PAIR
    return worth


def _sort(places: list[int], look: _Look, target: Target) -> None:
    """Sort `places` by what is near, best first; if none has a pair of words side by side, add one that has."""
    needle, pairs, (_, text, _, end) = target.needle, target.pairs, look
    worths = {place: -_worth(text, place, target.near, pairs) for place in places}
    if pairs and len(places) >= _OCCURRENCES and min(worths.values()) > -_PAIR:
        last = min(end, places[-1] + _PAIR_REACH)
        at = text.find(pairs[0], places[-1], last)
        place = text.find(needle.forms[0], at, last) if at >= 0 else -1
        if place >= 0:
            places.append(place)
            worths[place] = -_PAIR
    places.sort(key=worths.__getitem__)
