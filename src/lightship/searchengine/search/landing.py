"""Where a hit leads: the sections of its page that have the words, and the urls that lead to them."""

from __future__ import annotations

from html import escape

from lightship.core.fragments import with_fragment, with_words, words_at
from lightship.core.sections import LEVELS
from lightship.index.fields.stored_document import StoredDocument
from lightship.index.highlight.sections import Bounds
from lightship.index.highlight.snippet import Highlighter
from lightship.searchengine.search.api import HitSection

DEEP = 2000  # bytes of a text, about as many as the first screen of a page shows
_AROUND = 400  # bytes around a match that are looked at for the words of a text fragment


def land(source: StoredDocument, highlighter: Highlighter) -> tuple[str, list[HitSection]]:
    """Return the snippet of a document, and the sections that have the words of the query, that of the snippet first.

    There are no sections if the words are only at the top of the page, above its headings.
    """
    stored = source.sections
    bounds = Bounds(stored.starts, stored.bodies) if stored else None
    shown = highlighter.passages(source.text, source.language, bounds, source.description)
    snippet, number, place, _ = shown[0]
    if len(shown) == 1 and not number and place < DEEP:
        return snippet, []
    if not stored:
        return snippet, [HitSection(heading="", url=_url(source, "", place), snippet=snippet)]
    headings, fragments = stored.headings.split("\n"), stored.fragments.split("\n")
    sections = []
    for snippet, number, place, is_headed in shown:
        heading, fragment = (headings[number - 1], fragments[number - 1]) if number else ("", "")
        sections.append(
            HitSection(
                heading=heading,
                heading_html=highlighter.title(heading, source.language) if is_headed else escape(heading),
                path=_path(number, headings, stored.levels),
                url=_url(source, fragment, place),
                snippet=snippet,
            )
        )
    return sections[0].snippet, sections


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
