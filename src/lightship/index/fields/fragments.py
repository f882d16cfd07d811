"""Fragments of urls: what leads to an element of a page, or to words of it.

Words are given as the WICG's "URL Fragment Text Directives" say: `#:~:text=` and the words, percent-encoded. Browsers
scroll to them and mark them; one that does not know this shows the top of the page.
"""

from __future__ import annotations

import re
from urllib.parse import quote

WORDS = 60  # characters of a text fragment, about: words that are likely to stand once in a page
_PHRASE = 100  # characters of one in a script that has no spaces, at most

_DIRECTIVE = ":~:"
_SAFE = "!$&'()*+,;=:@/?"  # what RFC 3986 allows in a fragment besides letters, digits and `-._~`
# Bytes in the words of a directive, where `-` is special: a table takes a tenth of the time of `quote`
_IN_DIRECTIVE = {byte: "%2D" if byte == ord("-") else quote(bytes([byte]), safe="") for byte in range(256)}
_BULLET = re.compile(r"\s*(?:•|\d+\.) +")  # made by the crawler at the beginning of an item, not in the page
_UNSPACED = re.compile("[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_STOPS = re.compile("[。、，．！？；：「」『』（）…·]")


def fragment_of(anchor: str) -> str:
    """Return the fragment, without `#`, that leads to the element whose id is `anchor`; empty for an empty one."""
    return quote(anchor, safe=_SAFE, errors="replace").replace(_DIRECTIVE, ":%7E:")


def with_fragment(url: str, fragment: str) -> str:
    """Return `url` with `fragment` in place of its own."""
    return f"{url.partition('#')[0]}#{fragment}" if fragment else url


def with_words(url: str, words: str) -> str:
    """Return `url` with a text fragment for `words` of the page; the url itself if it is not of a website."""
    if not words or not url[:8].lower().startswith(("http://", "https://")):
        return url
    quoted = words.encode("utf-8", "replace").decode("latin-1").translate(_IN_DIRECTIVE)
    directive = f"{_DIRECTIVE}text={quoted}"
    return f"{url}{directive}" if "#" in url else f"{url}#{directive}"


def words_at(line: str, place: int) -> str:
    """Return the words of a line around the one at `place`: whole ones, as browsers want them; empty if that is unsure."""
    if _UNSPACED.search(line, max(place - WORDS, 0), place + WORDS):
        return _phrase_at(line, place)
    bullet = _BULLET.match(line)
    least = bullet.end() if bullet else 0
    end = line.rfind(" ", place, place + WORDS) if len(line) - place > WORDS else len(line)
    end = end if end > place else line.find(" ", place)
    end = end if end > 0 else len(line)
    start = max(line.rfind(" ", 0, place + 1) + 1, least)
    while start > least and end - start < WORDS // 2:
        start = max(line.rfind(" ", least, start - 1) + 1, least)
    return line[start:end].strip()


def _phrase_at(line: str, place: int) -> str:
    """Return what stands between two signs: only there is it sure that a word begins, and ends."""
    start = max((found.end() for found in _STOPS.finditer(line, 0, place)), default=0)
    following = _STOPS.search(line, place)
    phrase = line[start : following.start() if following else len(line)].strip()
    return phrase if len(phrase) <= _PHRASE else ""
