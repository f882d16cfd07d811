"""Text of documents for the eyes of a model: without markup, and without what people can't see.

Invisible characters can carry instructions that no reader of the page ever saw: tags, variation selectors and bidirectional
controls (Unicode Technical Report 36; https://trojansource.codes).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import unescape

import msgspec

_JOINERS = "\u200c\u200d"  # Persian, Hindi and emoji need one between two letters
_INVISIBLE = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_UNSEEN = re.compile(f"[{_INVISIBLE}]+")
_BREAKS = re.compile("[\r\x0b\x0c\x85\u2028\u2029]")
_MARK = re.compile("</?mark>")
_BREAK_SHARE = 4  # a part ends within its last quarter

_encode = msgspec.json.Encoder().encode


def plain(text: str, most: int = 0) -> str:
    """Return `text` without control and invisible characters, cut to `most` characters if given."""
    seen = _UNSEEN.sub(_kept, _BREAKS.sub("\n", text))
    return seen if not most or len(seen) <= most else f"{seen[: most - 1].rstrip()}…"


def unmarked(html: str, most: int = 0) -> str:
    """Return the text of escaped HTML whose only markup is `<mark>`, like `plain`, in one line."""
    return plain(" ".join(unescape(_MARK.sub("", html)).split()), most)


def split(text: str, most: int) -> Iterator[tuple[int, int]]:
    """Yield where the parts of `text` begin and end, of at most `most` characters: between lines, sentences or words."""
    start = 0
    while len(text) - start > most:
        least, end = start + most - most // _BREAK_SHARE, start + most
        breaks = (text.rfind(sign, least - len(sign), end) + len(sign) for sign in ("\n", ". ", "。", " "))
        end = next((place for place in breaks if place >= least), end)
        yield start, end
        start = end
    yield start, len(text)


def fitting(most: int, shapes: Iterable[msgspec.Struct]) -> bytes:
    """Return the JSON of the first of `shapes` that has at most `most` bytes, or else of the last one."""
    encoded = b""
    for shape in shapes:
        encoded = _encode(shape)
        if len(encoded) <= most:
            break
    return encoded


def _kept(found: re.Match[str]) -> str:
    return found[0] if len(found[0]) == 1 and found[0] in _JOINERS else ""
