"""Reads the documents that a search found, and makes of them what is shown: as much as an answer has room for."""

from __future__ import annotations

import math
import time

from lightship.index.fields.stored_document import decode_source
from lightship.index.highlight.snippet import Highlighter
from lightship.index.reader import Found, reading
from lightship.searchengine.search.api import MAX_FIELDS_BYTES, Hit, shown_title

EFFORT_SECONDS = 1e-9
_READ = 2  # of effort: to read a byte that is stored


class Page:
    """The hits of `found`: read one after the other, in any thread, by one at a time."""

    def __init__(self, highlighter: Highlighter | None, found: Found) -> None:
        """Have none yet."""
        self._highlighter, self.found = highlighter, found
        self.hits: list[Hit] = []
        self._stored = b""  # the next document, if it was read already
        self._read = 0  # of effort
        self._room = MAX_FIELDS_BYTES
        self._without_fields = 0

    @property
    def left(self) -> int:
        """The number of hits that are not there yet."""
        return len(self.found.scores) - len(self.hits)

    @property
    def cost(self) -> float:
        """About how many seconds the hits that are not there yet will take: as those that are did."""
        begun = len(self.hits) + bool(self._stored)
        return self.left * self._spent() * EFFORT_SECONDS / max(1, begun)

    def _spent(self) -> int:
        return self._read + (self._highlighter.spent if self._highlighter else 0)

    @property
    def notice(self) -> str:
        """What people are to be told of what is left out; empty when nothing is."""
        count = self._without_fields
        return f"The fields of {count} results were left out, they are too large: ask for fewer results." * bool(count)

    def read(self, until: float = math.inf, most: float = math.inf) -> bool:
        """Read on until all hits are there, `most` effort is spent, or `until` (time.monotonic); return whether they are.

        Between two looks a passage of one document is found and the next document is read: each takes 10 ms at the most.
        """
        if self._highlighter is None:
            return True
        for number in range(len(self.hits), len(self.found.scores)):
            if not self._stored:
                self._stored = self.found.stored(number)
                self._read += _READ * len(self._stored)
            if self._spent() > most or time.monotonic() > until:
                return False
            self.hits.append(self._hit(self._stored, self._highlighter))
            self._stored = b""
        return True

    def _hit(self, stored: bytes, highlighter: Highlighter) -> Hit:
        with reading():
            source = decode_source(stored)
        score = self.found.scores[len(self.hits)]
        fields = source.fields
        if fields:
            self._room -= len(stored) - len(source.text)
            if self._room < 0:
                self._without_fields += 1
                fields = {}
        return Hit(
            url=source.url,
            title=shown_title(source.title),
            snippet=highlighter.snippet(source.text, source.language, source.description),
            score=None if score is None else round(score, 4),
            site=source.site,
            language=source.language,
            modified=source.modified_time,
            fields=fields,
        )
