"""Odd words: those whose signs or capitals say more than the words that the analyzer makes of them.

The analyzer splits at signs and ignores case: `C++` becomes `c`, `node.js` two words, `HTTPServer` one. So an odd word
also gives terms of the field `forms`: joined without its signs, or as written where that would be another word (`C++`,
`3.11`); and the parts that the analyzer does not separate. Emoji are odd words, too.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

import tantivy

from lightship.core.caching import cache_short

LONGEST = 60  # bytes; longer ones are addresses, paths or data
MAX_FORMS = 4000  # terms of one document; a page of code has some hundred


def _class_of(code: int) -> int:
    letter = chr(code)
    if code > 0x7F or letter.islower():
        return ord("a")
    if letter.isalnum():
        return ord("A" if letter.isalpha() else "0")
    return ord(letter if letter in ".,+" else "+" if letter == "#" else "-" if letter in "'&_-" else " ")


# Each byte's class. Searching classes for a literal takes a third of the time of searching text for sets of characters
_CLASSES = bytes(_class_of(code) for code in range(256))
_ODD = tuple(
    re.compile(pattern + rb"[^ ]*")  # to the end of the word
    for pattern in (
        rb"-(?=[aA0])(?<=[aA0]-)",  # O'Reilly, AT&T, snake_case, e-mail
        rb"\.(?=[aA0])(?<=[aA0 ]\.)",  # node.js, 3.11, .NET
        rb"A(?<! A)(?:(?<=aA)|(?<=AA)(?=aa))",  # fooBar, HTTPServer; but not PCs. The first test is for speed
        rb",(?=000(?!0))(?<=0,)",  # 1,234,567
        rb"\+(?![aA0])(?<=[aA0]\+)",  # C++, C#
    )
)
_EMOJI = re.compile(
    "[\u231a\u231b\u23e9-\u23f3\u2600-\u27bf\u2b50\u2b55\U0001f000-\U0001f3fa\U0001f400-\U0001faff]"
    "(?:(?<=[\U0001f1e6-\U0001f1ff])[\U0001f1e6-\U0001f1ff])?"  # a flag
)
_AROUND = "'&,_-" + "".join(map(chr, range(0xA1, 0xC0))) + "".join(map(chr, range(0x2010, 0x2060)))
_INFIX = re.compile("[&.,_-]+")
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+")
_NUMBER = re.compile(r"\d[.,_-]\d")  # 3.11 is not 311
_HUMP = re.compile(r"[a-z](?<!\bMc)[A-Z]|[A-Z][A-Z](?=[a-z][a-z])")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+")


# Words that are only joined: half of those in source code. Knowing them takes a tenth of the time of `forms_of`
is_only_joined = re.compile(rb"(?=.{1,%d}\Z)[a-z]+(?:[-_.][a-z]+)+[-,.]*" % LONGEST).fullmatch


def joined(words: list[bytes]) -> str:
    """Return the joined forms of words that `is_only_joined` knows, separated by spaces."""
    return b" ".join(words).translate(None, b"-_.,").decode()


class Forms(NamedTuple):
    """What an odd word is found by: `exact`, lower-cased and folded, and plain words that are still to be analyzed.

    A word whose signs make no difference in meaning is `joined` instead of `exact`.
    """

    exact: str
    joined: str
    parts: tuple[str, ...]


def odd_words(text: str) -> list[bytes]:
    """Return the distinct odd words of normalized `text` in UTF-8, with the signs around them; emoji are not included."""
    encoded = b" " + text.encode("utf-8", "replace")
    return list({encoded[start:end]: None for start, end in odd_places(encoded).items()})


def odd_places(encoded: bytes) -> dict[int, int]:
    """Return where the odd words of a text begin and end; `encoded` is the normalized text in UTF-8 after a space."""
    classes = encoded.translate(_CLASSES)
    words = dict[int, int]()
    for pattern in _ODD:
        for found in pattern.finditer(classes):
            place, end = found.span()
            words[classes.rfind(b" ", 0, place) + 1] = end
    return words


def emoji(text: str) -> list[str]:
    """Return the emoji of normalized `text`, without the modifiers of their colour."""
    return _EMOJI.findall(text)


def emoji_places(text: str) -> list[tuple[str, int, int]]:
    """Return the emoji of normalized `text`, each with its start and end."""
    return [(found[0], *found.span()) for found in _EMOJI.finditer(text)]


@cache_short(entries=32_768, longest=LONGEST)
def forms_of(odd: bytes) -> Forms | None:
    """Return the forms of a word of `odd_words`; None if the analyzer makes the same of it."""
    if len(odd) > LONGEST:
        return None
    word = odd.decode().rstrip(",.-")
    if word.isalnum():
        return Forms("", "", parts) if (parts := _lowered_parts(word)) else None
    if word.islower() and (bare := _joined(word)).isalpha() and word[0].isalpha() and word[-1].isalpha():
        return Forms("", bare, ())  # most of them
    word = bare_word(word)
    parts = () if word.islower() else _lowered_parts(word)
    if "'" in word:
        *_, last = around = word.lower().split("'")
        if len(last) > 2:  # O'Reilly; not don't, they'll
            parts += tuple(part for part in around if len(part) > 2)
        word = word.replace("'", "")
    if word.isalnum():
        return Forms("", "", parts) if parts else None
    bare = word.lstrip(".").rstrip("+#")
    is_exact = bare != word or (_NUMBER.search(word) and not _GROUPED.fullmatch(word))
    return Forms(fold_word(word), "", parts) if is_exact else Forms("", _INFIX.sub("", word), parts)


def _joined(word: str) -> str:
    """Return `word` without its commonest signs, in a fifth of the time that _INFIX takes."""
    word = word.replace("-", "")
    return word.replace("_", "").replace(".", "") if word.isascii() else word


def bare_word(word: str) -> str:
    """Return an odd word without the signs around it that are no part of it, and without English 's."""
    word = word.lstrip(_AROUND + "+#").rstrip(_AROUND + ".")
    return (word if word[1:3].isalpha() else word.lstrip(".")).removesuffix("'s")


def parts_of(word: str) -> list[str]:
    """Return the parts of a word in camel case: `HTTP`, `Server` and `Error` of `HTTPServerError`; none of others."""
    return [part for part in _PART.findall(word) if len(part) > 1] if _HUMP.search(word) else []


def _lowered_parts(word: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(str.lower, parts_of(word))))


@cache
def _folding() -> tantivy.TextAnalyzer:
    whitespace = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    return whitespace.filter(tantivy.Filter.lowercase()).filter(tantivy.Filter.ascii_fold()).build()


def fold_word(word: str) -> str:
    """Return `word` in lower case and without accents, as the analyzer folds it."""
    return word.lower() if word.isascii() else "".join(_folding().analyze(word))
