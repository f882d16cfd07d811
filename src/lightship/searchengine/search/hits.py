"""Reads the documents that a search found, and turns them into hits within the size limits of an answer."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import msgspec

from lightship.index.fields.stored_document import StoredDocument, decode_source
from lightship.index.highlight.snippet import Highlighter
from lightship.index.reader import Found, reading
from lightship.searchengine.search.api import MAX_FIELDS_BYTES, Group, Hit, shown_title
from lightship.searchengine.search.landing import Landing

EFFORT_SECONDS = 1e-9
TOGETHER = 10  # hits whose texts are marked together
_READ = 2  # effort per stored byte that is read
_LONGEST = 4  # bytes of a character


class Page:
    """The hits of `found`, read one after the other. May be used from any thread, but from one at a time."""

    def __init__(self, highlighter: Highlighter | None, found: Found, text: int = 0) -> None:
        """Start with no hits read, each of which has so many characters of its `text`."""
        self._highlighter, self.found, self._text = highlighter, found, text
        self.hits: list[Hit] = []
        self._located: list[tuple[StoredDocument, str, Landing]] = []  # hits that are not marked yet, and their titles
        self._stored = b""  # the next document, if already read
        self._read = 0  # effort spent on reading
        self._room = MAX_FIELDS_BYTES
        self._without_fields = 0

    @property
    def left(self) -> int:
        """The number of hits that are not read yet."""
        return len(self.found.scores) - len(self.hits) - len(self._located)

    @property
    def cost(self) -> float:
        """The estimated seconds for the hits not read yet, from the average of those read."""
        begun = len(self.found.scores) - self.left + bool(self._stored)
        return self.left * self._spent() * EFFORT_SECONDS / max(1, begun)

    def _spent(self) -> int:
        return self._read + (self._highlighter.spent if self._highlighter else 0)

    @property
    def notice(self) -> str:
        """A message for people about omitted fields; empty if none were omitted."""
        count = self._without_fields
        return f"The fields of {count} results are too large and were omitted; request fewer results." * bool(count)

    def read(self, until: float = math.inf, most: float = math.inf) -> bool:
        """Read until all hits are read, `most` effort is spent, or `until` (time.monotonic); True if all are read.

        Between two checks, it finds the passage of one document and reads the next one, or marks those of TOGETHER:
        these take 10 ms each at most.
        """
        located, total = self._located, len(self.found.scores)
        while len(self.hits) < total:
            until_marked = min(total, len(self.hits) + TOGETHER)
            for number in range(len(self.hits) + len(located), until_marked):
                if not self._locate(number, until, most):
                    return False
            self._mark()
        return True

    def _locate(self, number: int, until: float, most: float) -> bool:
        """Find the passages of document `number`, the next one; False if too much is spent, or it is too late."""
        highlighter = self._highlighter
        assert highlighter
        if not self._stored:
            self._stored = self.found.stored(number)
            self._read += _READ * len(self._stored)
        if self._read + highlighter.spent > most or (until < math.inf and time.monotonic() > until):
            return False
        with reading:
            source = decode_source(self._stored)
        if source.fields:
            self._room -= len(self._stored) - len(source.text)
            if self._room < 0:
                self._without_fields += 1
                source = msgspec.structs.replace(source, fields={})
        self._located.append((source, shown_title(source.title), Landing(source, highlighter)))
        self._stored = b""
        return True

    def _mark(self) -> None:
        """Make hits of those that are located."""
        assert self._highlighter
        texts: dict[str | None, list[str]] = {}
        for source, title, landing in self._located:
            together = texts.get(source.language)
            if together is None:
                together = texts[source.language] = []
            together.append(title)
            landing.add_texts(together)
        marked = {language: iter(self._highlighter.marked(each, language)) for language, each in texts.items()}
        for source, title, landing in self._located:
            self.hits.append(self._hit(source, title, landing, marked[source.language]))
        self._located.clear()

    def _hit(self, source: StoredDocument, title: str, landing: Landing, marked: Iterator[str]) -> Hit:
        score, title_html = self.found.scores[len(self.hits)], next(marked)
        snippet, sections = landing.land(marked)
        return Hit(
            url=source.url,
            title=title,
            title_html=title_html,
            snippet=snippet,
            score=None if score is None else round(score, 4),
            site=source.site,
            language=source.language,
            modified=source.modified_time,
            fields=source.fields,
            sections=sections,
            type=source.type or None,
            group=self._group(len(self.hits)),
            text=_beginning(source.text, self._text) if self._text else msgspec.UNSET,
        )

    def _group(self, number: int) -> Group | msgspec.UnsetType | None:
        if self.found.groups is None:
            return msgspec.UNSET
        group = self.found.groups[number]
        return group and Group(*group)


def _beginning(text: bytes, characters: int) -> str:
    return text[: characters * _LONGEST].decode(errors="ignore")[:characters]
