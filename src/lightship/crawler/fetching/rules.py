"""The rules of a robots.txt according to RFC 9309, at a bounded cost for any file.

Rules without `*` are looked up by prefixes of a URL; those with `*` are matched one after the other, each in one pass
over the URL. The number of `*` is limited; rules beyond the limit are applied more strictly than written.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from lightship.core import urls

MAX_LINE = 16_384  # characters per line; the rest is ignored
MAX_STARS = 2000  # in the rules for one crawler: then a check takes a millisecond
MAX_DELAY = 60.0  # seconds between two requests that a site may ask for
MAX_SITEMAPS = 100

_LINES = re.compile(r"\r\n|\n|\r")
_TOKEN = re.compile(r"[a-zA-Z_-]+")
_AGENT_KEYS = frozenset({"user-agent", "useragent", "user agent"})
_FORBIDDING = frozenset({"disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw"})  # with common typos
_OTHER = re.compile(r"%[0-9A-Fa-f]{2}|[^A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{0,9})?")


class _Rule(NamedTuple):
    """A rule, ordered by precedence: the longest pattern, and of two equally long ones the one that allows."""

    length: int
    allow: bool
    line: int
    parts: tuple[str, ...] = ()  # the text between the stars
    anchored: bool = False  # it ends in `$`


class Rules:
    """The rules of a site; nothing is allowed while they are not `known`."""

    def __init__(self, text: str, agent: str, *, known: bool = True) -> None:
        """Parse the `text` of a robots.txt for the robot `agent`."""
        self.text, self.agent, self.known = text, agent, known
        self.strict = False  # some rules are applied more strictly than written
        self._starts: dict[str, _Rule] = {}
        self._wholes: dict[str, _Rule] = {}
        self._starred: list[_Rule] = []
        self._sitemaps: list[str] = []
        self._stars = 0
        self.delay = 0.0  # seconds between two requests asked for by the site, at most MAX_DELAY
        for number, key, value in _rules(text, _token(agent)):
            if key == "crawl-delay":
                self.delay = self.delay or _seconds(value)
            elif key == "sitemap":
                self._sitemaps.append(value)
            elif value:
                self._add(_normal(value), allow=key == "allow", line=number)
        self._lengths = sorted({len(start) for start in self._starts})
        self._starred.sort(reverse=True)

    def _add(self, pattern: str, *, allow: bool, line: int) -> None:
        length, anchored = len(pattern), pattern.endswith("$")
        head, *tail = pattern.removesuffix("$").replace("$", "%24").split("*")
        self._stars += len(tail)
        if self._stars > MAX_STARS and tail:
            self.strict = True
            if allow:
                return
            tail, anchored = [], False
        if tail:
            self._starred.append(_Rule(length, allow, line, (head, *tail), anchored))
            return
        known = self._wholes if anchored else self._starts
        known[head] = max(known.get(head, _Rule(0, False, 0)), _Rule(length, allow, line))

    def allows(self, url: str) -> bool:
        """Whether the normal URL `url` may be fetched."""
        rule = self._deciding(url) if self.known else None
        return self.known and (rule is None or rule.allow)

    def line(self, url: str) -> str:
        """Return the deciding line for `url` with its number, or that there is none."""
        rule = self._deciding(url)
        if rule is None:
            return "no line of robots.txt matches"
        line = next(line for number, line in enumerate(_LINES.split(self.text), 1) if number == rule.line)
        return f"line {rule.line} of robots.txt: {line.strip()[:200]}"

    def sitemaps(self, site: str) -> list[str]:
        """Return the normal URLs of the listed sitemaps."""
        found = (urls.normalise(link, f"{site}/") for link in self._sitemaps[:MAX_SITEMAPS])
        return list(dict.fromkeys(url for url in found if url))

    def _deciding(self, url: str) -> _Rule | None:
        target = _normal("/" + url.split("/", 3)[3]).replace("*", "%2A").replace("$", "%24")
        best = self._wholes.get(target)
        for length in reversed(self._lengths[: bisect_right(self._lengths, len(target))]):
            if found := self._starts.get(target[:length]):
                best = max(best, found) if best else found
                break
        for rule in self._starred:
            if best and rule[:2] <= best[:2]:
                break
            if _matches(rule, target):
                return rule
        return best


def _matches(rule: _Rule, target: str) -> bool:
    """Whether the parts occur in `target` in order; taking each first occurrence is always right."""
    head, *middle, last = rule.parts
    if not target.startswith(head):
        return False
    place = len(head)
    for part in middle:
        place = target.find(part, place)
        if place < 0:
            return False
        place += len(part)
    if rule.anchored:
        return len(target) - place >= len(last) and target.endswith(last)
    return target.find(last, place) >= 0


def _rules(text: str, agent: str) -> Iterator[tuple[int, str, str]]:
    """Yield the lines of all groups for `agent`, otherwise of those for all robots, and all sitemap lines."""
    groups: dict[str, list[tuple[int, str, str]]] = {"*": []}
    names: set[str] = set()  # of the group at hand, as far as they count: a file may have 50,000 others
    ended = False
    for number, key, value in _lines(text):
        if key in _AGENT_KEYS:
            if ended:
                names, ended = set(), False
            if (name := _token(value)) in (agent, "*"):
                names.add(name)
                groups.setdefault(name, [])
        elif key == "sitemap":
            yield number, key, value
        elif key == "allow" or key in _FORBIDDING or key == "crawl-delay":
            ended |= key != "crawl-delay"
            for name in names:
                groups[name].append((number, key, value))
    yield from groups.get(agent, groups["*"])


def _token(agent: str) -> str:
    """Return the product token at the beginning of `agent`, in lower case; `*` for all."""
    if agent[:1] == "*" and not agent[1:2].strip():
        return "*"
    found = _TOKEN.match(agent)
    return found[0].lower() if found else "-"  # matches no robot


def _lines(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the number, key (in lower case) and value of each line."""
    for number, whole in enumerate(_LINES.split(text), 1):
        line = whole[:MAX_LINE].partition("#")[0].strip()
        key, colon, value = line.partition(":")
        if not colon and len(words := line.split()) == 2:  # a missing colon
            key, value = words
        yield number, key.strip().lower(), value.strip()


def _normal(path: str) -> str:
    """Return `path` in the normal percent-encoding in which patterns and URLs are compared (RFC 9309, 2.2.2)."""
    return _OTHER.sub(_encoded, path)


def _encoded(found: re.Match[str]) -> str:
    text = found[0]
    if len(text) == 1:
        return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "replace"))
    character = chr(int(text[1:], 16))
    return character if _UNRESERVED.match(character) else text.upper()


def _seconds(value: str) -> float:
    found = _NUMBER.fullmatch(value)
    return min(float(value), MAX_DELAY) if found else 0.0
