"""What the pages of a calendar say: one without an end has days and months, but nothing new."""

from __future__ import annotations

import re
from collections import deque
from itertools import pairwise

from lightship.crawler.traps.dates import YEAR

RECENT, NEW_SHARE = 25, 0.1  # of so many pages, at least this share must have said something new
NEW_PAIRS = 5  # words side by side that such a page has first: the name of a month comes with up to four
FIGURES = 3  # numbers of a page that are no dates, which are news if no earlier page had the same
RICH = 5_000  # pairs on the pages of one form, which is no empty calendar then
MAX_TEXT = 20_000  # characters of a page that are read

_WORD = re.compile(r"[^\W\d_]+|\d[\d.,:/–-]*(?<=\d)|\d")
_OF_A_DATE = re.compile(rf"[1-9]|0[1-9]|[1-4]\d|5[0-3]|{YEAR}|\d\d?\.\d\d?|(?:\d+[./–-]){{2}}\d+|{YEAR}[./-]\d\d?")


class Said:
    """What the pages of one form have said, and which of the recent ones brought something."""

    def __init__(self) -> None:
        """Know no page."""
        self._pairs: set[int] = set()
        self._recent: deque[bool] = deque(maxlen=RECENT)
        self._is_rich = False

    @property
    def pairs(self) -> int:
        """The number of pairs that are kept."""
        return len(self._pairs)

    @property
    def new(self) -> int | None:
        """How many of the last RECENT pages brought something, if that is too few; None otherwise."""
        new = sum(self._recent)
        return new if len(self._recent) == RECENT and new < NEW_SHARE * RECENT else None

    def add(self, text: str, *, brings: bool) -> None:
        """Count a page with this `text`, which `brings` something, whatever it says."""
        self._recent.append(self._is_rich or self._says_new(text) or brings)

    def _says_new(self, text: str) -> bool:
        """Whether `text` says what no earlier page did: more than other dates and the name of a month.

        Pairs of words tell that, in which numbers that may belong to a date are alike.
        """
        words = ["#" if _OF_A_DATE.fullmatch(word) else word for word in _WORD.findall(text[:MAX_TEXT].lower())]
        figures = tuple(word for word in words if word[0].isdigit())
        found = {hash(pair) for pair in pairwise(words) if pair != ("#", "#")} - self._pairs
        is_new = len(found) >= NEW_PAIRS or (len(figures) >= FIGURES and hash(figures) not in self._pairs)
        self._pairs |= found | {hash(figures)}
        if len(self._pairs) > RICH:
            self._is_rich = True
            self._pairs.clear()
        return is_new
