"""Texts as the index has them, with a map back to the text that they were made from.

Normalization joins letters and their marks, and makes two letters of `ﬁ`, none of a soft hyphen. What is found in a
normalized text is marked in the original.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from lightship.core.caching import cache_short
from lightship.core.unicode import MAX_MARKS
from lightship.index.analysis.forms import fold_word
from lightship.index.analysis.normalize import ANUSVARA, NASAL, folded, is_folded, replaced

_BLOCKS = ((0x300, 0x3400), (0xA000, 0xAC00), (0xFB00, 0xFF00), (0x10A00, 0x12000))  # that have marks
_JAMO = r"\u1160-\u11ff\ud7b0-\ud7ff\u3131-\u318e\uffa0-\uffdc"  # joins the jamo before it
_INVISIBLE = r"\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
_VARIANTS = r"\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef"  # colours of emoji, variants of ideographs


def _mark_ranges() -> str:
    """Return the ranges of all combining marks for a character class."""
    ranges: list[list[int]] = []
    for code in (code for first, last in _BLOCKS for code in range(first, last)):
        if unicodedata.category(chr(code))[0] == "M":
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


MARKS = _mark_ranges()
_JOINING = rf"[{MARKS}{_JAMO}{_INVISIBLE}{_VARIANTS}\uff9e\uff9f]"
_joining = re.compile(_JOINING).match
_boundary = re.compile(rf"(?!{_JOINING})[\s\S]").search
# What is normalized as a whole: a character and what joins it
_SEGMENT = re.compile(rf"[\x00-\x7f]+(?!{_JOINING})|[\s\S]{_JOINING}*")
_others = re.compile("[^\x00-\x7f]{1,1000}").sub

_SEVERAL = "\x00"  # stands for a character that gives none or several


class _Single(dict[int, str]):
    """Maps a character to the one that `made` makes of it."""

    def __init__(self, made: Callable[[str], str]) -> None:
        self._made = made

    def __missing__(self, code: int) -> str:
        character = chr(code)
        made = self._made(character) or (" " if character.isspace() else "")
        single = _SEVERAL if len(made) != 1 or _joining(character) else made
        if len(self) < 20_000:
            self[code] = single
        return single


def _normal(segment: str) -> str:
    return folded(replaced(segment))


_normal_single = _Single(_normal)
_fold_single = _Single(lambda character: fold_word(_normal(character)))


def folded_singly(text: str) -> str | None:
    """Return `text` in the form of `fold`, if that has one character for each of its characters; None otherwise."""
    if text.isascii():
        return text.lower()
    made = _others(lambda found: found[0].translate(_fold_single), text)
    return None if _SEVERAL in made else made.lower()


class Aligned:
    """A `text` made from another one: character i came from `starts[i]` up to `ends[i]` there."""

    __slots__ = ("ends", "starts", "text")

    def __init__(self, text: str, starts: Sequence[int] | None = None, ends: Sequence[int] | None = None) -> None:
        """Make one; without a map, each character came from the one at its place."""
        self.text = text
        self.starts: Sequence[int] = range(len(text)) if starts is None else starts
        self.ends: Sequence[int] = range(1, len(text) + 1) if ends is None else ends

    def sub(self, pattern: re.Pattern[str], replacement: str) -> Aligned:
        """Return the text with `replacement` for each match of `pattern`, none of which is empty."""
        parts: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        at = 0
        for found in pattern.finditer(self.text):
            first, last = found.span()
            parts += (self.text[at:first], replacement)
            starts += [*self.starts[at:first], *[self.starts[first]] * len(replacement)]
            ends += [*self.ends[at:first], *[self.ends[last - 1]] * len(replacement)]
            at = last
        if not parts:
            return self
        return Aligned("".join((*parts, self.text[at:])), [*starts, *self.starts[at:]], [*ends, *self.ends[at:]])

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where the characters from `start` up to `end` came from; there must be one."""
        return self.starts[start], self.ends[end - 1]


def aligned(text: str) -> Aligned:
    """Return `text` normalized, with its map. Takes 200 ns a character where characters are not replaced one by one."""
    if text.isascii():
        return Aligned(text)
    single = _others(lambda found: found[0].translate(_normal_single), text)
    if _SEVERAL not in single:
        return Aligned(single)
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    normalize = _folded_segment if is_folded(text) else replaced
    for found in _SEGMENT.finditer(text):
        start, end = found.span()
        segment = found[0]
        if segment.isascii():
            parts.append(segment)
            starts += range(start, end)
            ends += range(start + 1, end + 1)
        else:
            made = normalize(segment)
            parts.append(made)
            starts += [start] * len(made)
            ends += [end] * len(made)
    return Aligned("".join(parts), starts, ends).sub(NASAL, ANUSVARA)


_folded_segment = cache_short(entries=4096, longest=MAX_MARKS)(_normal)


class Folding:
    """Makes the searchable form of one text: normalized, in lower case, accents folded, in UTF-8."""

    def __init__(self, text: str) -> None:
        """Prepare for the parts of `text`."""
        self._text = text
        self._is_folded = is_folded(text)

    def normal(self, text: str) -> bytes:
        """Return a part of the text normalized, in UTF-8."""
        return self._normal(text).encode("utf-8", "replace")

    def _normal(self, text: str) -> str:
        text = replaced(text)
        return NASAL.sub(ANUSVARA, folded(text)) if self._is_folded else text

    def fold(self, text: str) -> bytes:
        """Return a part of the text in its searchable form. Latin takes some 6 ns a character, other text 60."""
        text = self._normal(text).lower()
        encoded = text.encode("utf-8", "replace")
        if not encoded.translate(
            None, _NEAR
        ):  # also of the other characters, which are signs, only one is left for each
            latin = text.encode("latin-1", "replace").translate(_LATIN)
            return latin.replace(b"\xdf", b"ss").replace(b"\xe6", b"ae").replace(b"\xfe", b"th")
        return _letters(lambda found: found[0].translate(_folded), text).encode("utf-8", "replace")

    def origin(self, place: int, form: Callable[[str], bytes]) -> int:
        """Return the place in the text of what is at byte `place` of its `form`. Takes twice as long as that."""
        low, high, before = 0, len(self._text), 0
        while high - low > 1:
            found = _boundary(self._text, (low + high) // 2, high)
            if found is None:
                high = (low + high) // 2
                continue
            middle = found.start()
            length = before + len(form(self._text[low:middle]))
            if length <= place:
                low, before = middle, length
            else:
                high = middle
        return low


def fold(text: str) -> bytes:
    """Return a short text in its searchable form."""
    return Folding(text).fold(text)


# First bytes of ASCII, Latin-1 and punctuation in UTF-8
_NEAR = bytes([*range(0xC0), 0xC2, 0xC3, 0xE2])
_letters = re.compile("[\u00c0-\u02af\u1d00-\u1dbf\u1e00-\u1eff\u2c60-\u2c7f\ua720-\ua7ff\ufb00-\ufb06]{1,1000}").sub


class _Folded(dict[int, str]):
    def __missing__(self, code: int) -> str:
        made = fold_word(chr(code)) or chr(code)
        self[code] = made
        return made


_folded = _Folded()
_LATIN = bytes(
    ord(made) if code > 0x7F and len(made := fold_word(chr(code))) == 1 and ord(made) < 256 else code
    for code in range(256)
)
