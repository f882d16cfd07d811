"""The forms of URLs: those that are traps by themselves, and what similar URLs have in common."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

from lightship.crawler.traps.dates import DATE, is_far, parameters, year_of

MAX_URL = 1000  # characters
MAX_SEGMENTS = 25  # of a path
MAX_PARAMETERS = 10

_REPEATED = re.compile(r"((?:/[^/]+)+?)\1{2,}(?=/|$)")
_ROUTES = frozenset(
    {"action", "act", "do", "route", "option", "module", "mod", "controller", "task", "op", "cmd", "page", "p"}
)
DIGITS = re.compile(r"\d+")
_ANY = ("*",)


def trap_by_form(url: str) -> str:
    """Return why the normal URL `url` is a trap by its form alone, or an empty string."""
    if len(url) > MAX_URL:
        return f"trap: a URL of {len(url)} characters, more than {MAX_URL}"
    path, _, query = url.partition("?")
    path = "/" + path.split("/", 3)[3]
    if path.count("/") > MAX_SEGMENTS:
        return f"trap: a path of {path.count('/')} segments, more than {MAX_SEGMENTS}"
    if (found := _REPEATED.search(path)) and (
        not found[1].replace("/", "").isdecimal() or len(found[0]) > 4 * len(found[1])
    ):
        return f"trap: repeating path segments, {found[1]!r} several times in a row"
    if query:
        counts = Counter(key for key, _ in parameters(query))
        if sum(counts.values()) > MAX_PARAMETERS:
            return f"trap: endless parameters, {sum(counts.values())} in one URL"
        if (most := counts.most_common(1)[0])[1] > 3 and not most[0].endswith("[]"):
            return f"trap: endless parameters, {most[0]!r} {most[1]} times"
    return f"trap: a calendar with the year {year_of(url)}" if is_far(url) else ""


class Form(NamedTuple):
    """The common form of similar URLs: `path` and `keys` with numbers replaced; `dates`: they differ only in dates."""

    path: str
    keys: tuple[str, ...]
    dates: bool

    @classmethod
    def of(cls, url: str) -> Form:
        """Return the form of a normal URL."""
        head, _, query = url.partition("?")
        scheme, _, host, path = head.split("/", 3)
        dated = year_of(url) is not None
        if dated:
            path = DATE.sub("#", path)
        keys = tuple(sorted({key for key, _ in parameters(query)}))
        return cls(f"{scheme}//{host}/{DIGITS.sub('#', path)}", keys, dated)

    @property
    def whole(self) -> Form:
        """The form of all URLs of the path that have parameters."""
        return Form(self.path, _ANY, dates=False) if self.keys else self

    @property
    def single(self) -> bool:
        """Whether only one URL can have this form."""
        return not self.keys and "#" not in self.path.split("/", 3)[3]


def leads_on(url: str, found: str) -> bool:
    """Return True if the page `url` leads to `found` as to something else, not to the next of its own kind.

    On one path, `?paged=2` leads to `?p=7` as to something else, and `?action=list` to `?action=show`, but `?color=1` to
    `?color=1&size=2` is the same list.
    """
    page, other = Form.of(url), Form.of(found)
    if page.path != other.path:
        return True
    if not page.keys or not other.keys:
        return False
    before, after = _routes(url), _routes(found)
    return not set(page.keys) & set(other.keys) or any(after.get(key, value) != value for key, value in before.items())


def _routes(url: str) -> dict[str, str]:
    """Return the parameters of a URL that say which part of a program answers."""
    pairs = parameters(url.partition("?")[2])
    return {key: value for key, value in pairs if key.lower() in _ROUTES and not DIGITS.search(value)}
