"""Where a hit leads: the sections of its page that have the words, and the urls that lead to them."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from lightship.core.sections import LEVELS
from lightship.index.fields.fragments import with_fragment, with_words, words_at
from lightship.index.fields.stored_document import StoredDocument
from lightship.index.highlight.sections import Bounds
from lightship.index.highlight.snippet import Highlighter
from lightship.searchengine.search.api import HitSection

DEEP = 2000  # bytes of a text, about as many as the first screen of a page shows
_AROUND = 400  # bytes around a match that are looked at for the words of a text fragment


class Landing:
    """Where the hit of a document leads. Its texts are marked together with those of other hits."""

    def __init__(self, source: StoredDocument, highlighter: Highlighter) -> None:
        """Find the sections of `source` that have the words of the query, and the passage that is shown."""
        self._source, stored = source, source.sections
        bounds = Bounds(stored.starts, stored.bodies) if stored else None
        self._passage, self._shown = highlighter.passage(source.text, source.language, bounds, source.description)
        self._headings = stored.headings.split("\n") if stored else []

    def add_texts(self, texts: list[str]) -> None:
        """Add the texts to mark to `texts`: the passage, and the headings that match."""
        texts.append(self._passage.text)
        if self._headings:
            texts += [self._headings[each.number - 1] for each in self._shown if each.is_headed]

    def land(self, marked: Iterator[str]) -> tuple[str, list[HitSection]]:
        """Return the snippet, and the sections that have the words of the query, that of the snippet first.

        `marked` yields what was added by `add_texts`. There are no sections if the words are only at the top of the page, above its
        headings.
        """
        source, stored, first = self._source, self._source.sections, self._shown[0]
        snippet = self._passage.cut(next(marked))
        if len(self._shown) == 1 and not first.number and first.place < DEEP:
            return snippet, []
        fragments = stored.fragments.split("\n") if stored else []
        sections = []
        for number, place, is_headed in self._shown:
            heading, fragment = (self._headings[number - 1], fragments[number - 1]) if number else ("", "")
            sections.append(
                HitSection(
                    heading=heading,
                    heading_html=next(marked) if is_headed else escape(heading),
                    path=_path(number, self._headings, stored.levels) if stored else [],
                    url=_url(source, fragment, place),
                )
            )
        return snippet, sections


def _path(number: int, headings: list[str], levels: bytes) -> list[str]:
    """Return the headings above section `number`, the outermost first."""
    path: list[str] = []
    level, above = (levels[number - 1], number - 1) if number else (0, 0)
    while level > LEVELS[0]:
        above = max(levels.rfind(upper, 0, above) for upper in range(LEVELS[0], level))
        if above < 0:
            break
        level = levels[above]
        path.append(headings[above])
    return path[::-1]


def _url(source: StoredDocument, fragment: str, place: int) -> str:
    """Return the url of a passage: with its `fragment`, or with the words at byte `place` if it is not near the top."""
    if fragment:
        return with_fragment(source.url, fragment)
    if place < DEEP:
        return source.url
    before, after = source.text[max(place - _AROUND, 0) : place], source.text[place : place + _AROUND]
    head = before.decode(errors="ignore").rpartition("\n")[2]
    tail = after.decode(errors="ignore").partition("\n")[0]
    return with_words(source.url, words_at(head + tail, len(head)))
