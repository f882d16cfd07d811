"""Normalization of documents and queries, before anything else is done with their text.

What people write in several ways becomes one: compatibility forms (NFKC), typographic quotes and dashes, points and
vowel signs that may be left out, variants of a letter, digits. Invisible characters are removed: soft hyphens,
zero-width characters, byte order marks. Latin letters keep their accents, which the analyzer folds in Rust.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from lightship.core.unicode import is_mark, normalize

_ASCII = bytes(range(0x80))
# First bytes in UTF-8 of text that only needs single characters replaced: ASCII, Latin letters, punctuation
_LATIN = bytes([*range(0xC0), *range(0xC2, 0xCC), 0xE2])
# And of text that has no unspaced scripts and no words with marks: all letters of one or two bytes
_NARROW = bytes([*range(0xE0), 0xE2])
# Of the characters that begin with E2: letterlike signs, number forms, emoji, and letters of other scripts
_SYMBOL = re.compile(rb"\xe2(?:[\x84\x85\x8c\x8f\x91-\x93\x98-\x9e]|[\xac-\xbf])")

# Other signs separate words as they are
_REPLACED = tuple(
    (sign, replacement)
    for signs, replacement in (
        ("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", ""),
        ("\u2018\u2019\u02bb\u02bc", "'"),  # the last two are letters of Hawaiian and Ukrainian
        ("\u2010\u2011\u2012\u2013\u2212", "-"),
        ("\u0130", "i"),  # the dotted capital I, of which lower-casing makes two characters
        ("\u2122", " "),  # NFKC would add TM to the word
    )
    for sign in signs
)
# NFKC does that, too, but takes six times as long for a text with any of these
_WIDE = tuple((sign, normalize("NFKC", sign)) for sign in "\u3000！（），：；？")


class Normalized(NamedTuple):
    """A normalized text; unless it `is_wide`, it has no unspaced scripts and no words with marks.

    Without symbols it has no emoji.
    """

    text: str
    is_wide: bool
    has_symbols: bool


def normalized(text: str) -> Normalized:
    """Return `text` normalized. ASCII costs nothing, other Latin text some 2 ns a character, other text 30 ns."""
    if text.isascii():
        return Normalized(text, is_wide=False, has_symbols=False)
    text, encoded = _replaced(text)
    has_symbols = _SYMBOL.search(encoded) is not None
    if not encoded.translate(None, _LATIN) and not has_symbols:
        return Normalized(text, is_wide=False, has_symbols=False)
    text = folded(text)
    if "\u094d" in text:
        text = NASAL.sub(ANUSVARA, text)
    is_wide = bool(text.encode("utf-8", "replace").translate(None, _NARROW))
    return Normalized(text, is_wide=is_wide, has_symbols=has_symbols or is_wide)


def is_folded(text: str) -> bool:
    """Return True if `normalized` does more with `text` than to replace signs."""
    _, encoded = _replaced(text)
    return bool(encoded.translate(None, _LATIN)) or _SYMBOL.search(encoded) is not None


def replaced(text: str) -> str:
    """Return `text` with its typographic signs replaced, and without invisible characters: the first step."""
    return _replaced(text)[0]


def _replaced(text: str) -> tuple[str, bytes]:
    """Return `text` after the first step, and what of it is not ASCII, in UTF-8."""
    rest = text.encode("utf-8", "replace").translate(None, _ASCII).decode()
    for sign, replacement in _REPLACED:
        if sign in rest:  # which is far shorter than the text
            text = text.replace(sign, replacement)
            rest = rest.replace(sign, "")
    return text, rest.encode()


def folded(text: str) -> str:
    """Return `text` in compatibility form, without points, vowel signs and variants of letters: the second step."""
    for sign, replacement in _WIDE:
        if sign in text:
            text = text.replace(sign, replacement)
    return _FOLDED.sub(lambda found: _FOLDING[found[0]], normalize("NFKC", text))


def _span(first: int, last: int) -> str:
    return "".join(map(chr, range(first, last + 1)))


def _without_marks(letter: str) -> str:
    return "".join(part for part in normalize("NFD", letter) if not is_mark(part))


def _folding() -> dict[str, str]:
    """Return the replacement of each character that is folded after NFKC."""
    left_out = [
        _span(0x200B, 0x200F), _span(0x202A, 0x202E), _span(0x2060, 0x206F), "\u034f\u061c\u180e\ufeff", _span(0xFE00, 0xFE0F),
        _span(0x0300, 0x036F),  # accents that are not part of a letter, like the stress marks of Russian
        _span(0x0591, 0x05BD), "\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u05f3\u05f4",  # Hebrew points, geresh, gershayim
        _span(0x0610, 0x061A), "\u0640", _span(0x064B, 0x065F), "\u0670",  # Arabic vowel signs, tatweel
        _span(0x06D6, 0x06DC), _span(0x06DF, 0x06E8), _span(0x06EA, 0x06ED),
        "\u093c\u09bc\u0a3c\u0abc\u0b3c\u0cbc",  # nukta
    ]  # fmt: skip
    found = {sign: "" for signs in left_out for sign in signs}
    found |= {letter: _without_marks(letter) for letter in _span(0x0370, 0x03FF) + _span(0x1F00, 0x1FFF)}
    found |= {"\u03c2": "\u03c3"}  # final sigma
    found |= dict(zip("ёЁѐЀѝЍ", "еЕеЕиИ", strict=True))
    found |= dict.fromkeys("\u0622\u0623\u0625\u0671", "\u0627")  # alef with hamza, madda, wasla
    found |= dict.fromkeys("\u0649\u06cc\u06d0", "\u064a")  # alef maqsura, and yeh of Persian and Pashto
    found |= {"\u06a9": "\u0643", "\u06c0": "\u0647"}  # Persian kaf; heh with yeh above
    found |= {"\u05be": " ", "\u0901": "\u0902"}  # Hebrew hyphen; Devanagari candrabindu
    for zero in "٠۰߀०০੦૦୦௦౦೦൦෦๐໐༠၀႐០᠐":
        found |= {chr(ord(zero) + digit): str(digit) for digit in range(10)}
    return {letter: base for letter, base in found.items() if letter != base}


_FOLDING = _folding()
_FOLDED = re.compile(f"[{re.escape(''.join(_FOLDING))}]")
# Devanagari: before a consonant of its own place of articulation, a nasal may be written as anusvara
ANUSVARA = "\u0902"
NASAL = re.compile("ङ्(?=[क-घ])|ञ्(?=[च-झ])|ण्(?=[ट-ढ])|न्(?=[त-ध])|म्(?=[प-भ])")
