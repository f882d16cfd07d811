"""Cuts the passage of a text around a place: it begins at a sentence or word, and ends at a word."""

from __future__ import annotations

import re
from typing import NamedTuple

from lightship.index.analysis.version1 import CJK

# Characters; half of them for Chinese, Japanese and Korean, whose characters are twice as wide
PASSAGE, MAX_PASSAGE = 240, 2000
LEAD = 60  # characters of those, which are shown before the matched word
BEGINNING = 8 * MAX_PASSAGE  # characters that are enough to show the beginning of a text

_LONGEST = 4  # bytes of a character
_wide = re.compile(f"[{CJK}]").search


class Passage(NamedTuple):
    """A piece of a text, its words separated by single spaces; the text continues where it is `cut_before` or `cut_after`."""

    text: str
    cut_before: bool
    cut_after: bool

    def cut(self, marked: str) -> str:
        """Return the text as `marked` with signs where it is cut."""
        return f"{'… ' if self.cut_before else ''}{marked}{' …' if self.cut_after else ''}"


def passage_at(text: bytes, place: int, length: int = PASSAGE) -> Passage:
    """Return the passage of `text` around byte `place`, of at most `length` characters."""
    lead = LEAD * length // PASSAGE
    first, last = place - lead - 1 if place > lead else 0, place + length + 1
    near = text[first:last]
    if near.isascii():
        shown, at = near.decode("ascii"), place - first
    else:
        first, last = max(0, place - _LONGEST * (lead + 1)), place + _LONGEST * (length + 1)
        head = text[first:place].decode(errors="ignore")
        shown, at = head + text[place:last].decode(errors="ignore"), len(head)
    start, end = _window(shown, at, length, lead)
    passage = shown[start:end]
    if "  " in passage or not passage.isprintable():
        passage = " ".join(passage.split())
    return Passage(passage.strip(" "), start > 0 or first > 0, end < len(shown) or last < len(text))


def _window(text: str, place: int, width: int, lead: int) -> tuple[int, int]:
    is_wide = not text.isascii() and _wide(text, place, place + 40) is not None
    width, lead = (width // 2, lead // 2) if is_wide else (width, lead)
    start = place - lead
    if start <= 0:
        start = 0
    else:
        find = text.rfind
        begin = max(
            find(". ", start, place), find("? ", start, place), find("! ", start, place), find("\n", start, place)
        )
        if not text.isascii():
            begin = max(begin, find("。", start, place))
        is_end = begin >= 0 and not text[begin + 2 : begin + 3].islower()  # unlike U.S. economy
        start = begin + 1 if is_end else _next_word(text, start, place)
    last = min(len(text), start + width)
    if last < len(text):
        space = text.rfind(" ", place + 1, last)
        last = space if space > max(last - 40, place) else last
    return start, last


def _next_word(text: str, start: int, place: int) -> int:
    space = text.find(" ", start, place)
    return space + 1 if space >= 0 else start
