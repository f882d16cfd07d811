"""Unicode normalization of text from outside, in time linear in its length.

`unicodedata.normalize` sorts each run of combining marks by insertion: a run of n takes n² steps, and holds the GIL
meanwhile. So runs are cut to the length that a Stream-Safe text has (UAX #15, section 13), which no language exceeds.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]

MAX_MARKS = 30  # in a row

# Of combining class 0, which is never moved; but what NFKD makes of them is
_MADE_OF_MARKS = "\u0f73\u0f75\u0f81\uff9e\uff9f"
_HALFWIDTH = ("\uff9e", "\uff9f")  # the only marks that are letters to regular expressions
_SIGN = r"(?:[^\w\x00-\u02ff]|[\uff9e\uff9f])"
_LONG = re.compile(rf"(?<!{_SIGN}){_SIGN}{{{MAX_MARKS + 1},}}")
# Looking at every fifth character is enough to exclude long runs in nearly all texts, and takes 3 ns instead of 30
_STRIDE = 5
_SAMPLED = re.compile(rf"[^\w\x00-\u02ff]{{{(MAX_MARKS + 1) // _STRIDE}}}")


def normalize(form: Form, text: str) -> str:
    """Return `text` in a normalization form; of marks in a row, only the first MAX_MARKS are kept."""
    if not text.isascii() and (_SAMPLED.search(text[::_STRIDE]) or any(sign in text for sign in _HALFWIDTH)):
        text = _LONG.sub(_cut, text)
    return unicodedata.normalize(form, text)


def is_mark(character: str) -> bool:
    """Return True if normalization may move `character`, or what it is decomposed into: a non-starter of UAX #15."""
    return unicodedata.combining(character) != 0 or character in _MADE_OF_MARKS


def _cut(signs: re.Match[str]) -> str:
    kept, marks = [], 0
    for character in signs[0]:
        marks = marks + 1 if is_mark(character) else 0
        if marks <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)
