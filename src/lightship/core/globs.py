"""Globs over urls: `*` is any text without `/`, `**` any text; everything else stands for itself.

A match takes time proportional to the url's length for every pattern: the positions that may have been reached in the
pattern are the bits of one number, and each character of the url moves them all at once (Baeza-Yates, Gonnet: "A new
approach to text searching", 1992). A regular expression with several stars would try them one after the other.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from lightship.core import urls

MAX_LENGTH = 500  # characters of a glob

_STARS = re.compile(r"(\*+)")
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")


class Glob:
    """A pattern of normal urls. What it is compared with depends on how it begins.

    With `http://` or `https://`: the whole url. With `/` or with `**` in it: path and query. Otherwise: the last segment
    of the path, with the query only if it has a `?` itself. One that ends in `/` means everything below.
    """

    def __init__(self, text: str) -> None:
        """Compile `text`; raises ValueError if no url can be meant by it."""
        self.text = text
        self._whole = text.lower().startswith(("http://", "https://"))
        self._path = text.startswith("/") or "**" in text
        _check(text, anchored=self._whole or self._path)
        self._query = "?" in text
        pattern = _normal(text, whole=self._whole)
        self._parts = _parts(f"{pattern}**" if pattern.endswith("/") else pattern)
        self.head = self._parts[0]  # what every match begins with
        self._tail = self._parts[-1]
        self._automaton = _Automaton(self._parts) if len(self._parts) > 3 else None

    def __repr__(self) -> str:
        """Return the pattern as it was written."""
        return f"Glob({self.text!r})"

    @property
    def names_path(self) -> bool:
        """Whether the pattern says where a url begins, not only how it ends."""
        return self._whole or self._path

    def matches(self, url: str) -> bool:
        """Whether the normal `url` is one of those that are meant."""
        text = self._target(url)
        if len(self._parts) == 1:
            return text == self.head
        least = len(self.head) + len(self._tail)
        if len(text) < least or not text.startswith(self.head) or not text.endswith(self._tail):
            return False
        if self._automaton is None:  # one star
            return self._parts[1] == "**" or "/" not in text[len(self.head) : len(text) - len(self._tail)]
        return self._automaton.accepts(text)

    def begins(self, url: str) -> int:
        """Return how many characters from the beginning of the normal `url`, which matches, the pattern names itself."""
        if self._whole:
            return len(self.head)
        return url.index("/", 8) + len(self.head) if self._path else 0

    def _target(self, url: str) -> str:
        if self._whole:
            return url
        path = url[url.index("/", 8) :]
        if self._path:
            return path
        bare, _, query = path.partition("?")
        name = bare.rpartition("/")[2]
        return f"{name}?{query}" if self._query and query else name


class _Automaton:
    """Accepts the texts that consist of `parts`: literal texts, and between them `*` or `**`."""

    def __init__(self, parts: list[str]) -> None:
        self._moves: dict[str, int] = {}  # character -> positions from which it leads on
        self._stars = self._deep = 0  # positions at a star, and those at `**` among them
        place = 0
        for part in parts:
            if part in ("*", "**"):
                self._stars |= 1 << place
                self._deep |= (part == "**") << place
                place += 1
                continue
            for character in part:
                self._moves[character] = self._moves.get(character, 0) | 1 << place
                place += 1
        self._end = 1 << place

    def accepts(self, text: str) -> bool:
        """Whether `text` as a whole is accepted."""
        stars, deep, moves = self._stars, self._deep, self._moves
        reached = 1 | (stars & 1) << 1
        for character in text:
            stayed = reached & (deep if character == "/" else stars)
            moved = (reached & moves.get(character, 0)) << 1 | stayed
            reached = moved | (moved & stars) << 1  # a star may stand for nothing
            if not reached:
                return False
        return bool(reached & self._end)


def _check(text: str, *, anchored: bool) -> None:
    if not text or len(text) > MAX_LENGTH:
        raise ValueError(f"a glob has from 1 to {MAX_LENGTH} characters, not {len(text)}")
    if not text.isprintable():
        raise ValueError(f"{text!r} has characters that can't occur in a url")
    if "#" in text:
        raise ValueError(f'"{text}" has a #, but the part of a url from there on is never sent to its site')
    if "/" in text.partition("?")[0] and not anchored:
        raise ValueError(
            f'"{text}" begins neither with / (a path), nor with https:// (a whole url), nor with ** (anywhere)'
        )


def _parts(pattern: str) -> list[str]:
    """Return the texts and stars in turn; the first and the last are texts, which may be empty."""
    parts = [""]
    for part in _STARS.split(pattern):
        if part.startswith("*"):
            parts += [part[:2], ""]
        else:
            parts[-1] += part
    return parts


def _normal(text: str, *, whole: bool) -> str:
    """Return the pattern `text` in the notation of normal urls."""
    if whole:
        scheme, _, rest = text.partition("://")
        host, _, path = rest.partition("/")
        site = f"{scheme}://{host}".lower()
        plain = None if "*" in host else urls.normalise(f"{site}/")
        return f"{plain[:-1] if plain else site}{_path(f'/{path}')}"
    return _path(text)


def _path(text: str) -> str:
    """Return a pattern of a path in the notation of normal urls: nothing is escaped but what has to be."""
    path, mark, query = text.partition("?")
    rooted = path if path.startswith("/") else f"/{path}"
    plain = urls.normalise(f"http://localhost{rooted}")
    path = (plain or f"http://localhost{rooted}").removeprefix("http://localhost")[len(rooted) - len(path) :]
    escaped = quote(query, safe=_PRINTABLE.translate({ord(each): None for each in '"<>'}))
    return f"{path}{mark}{_ESCAPE.sub(lambda found: found[0].upper(), escaped)}"
