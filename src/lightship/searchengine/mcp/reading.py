"""Reads a document in parts, or one section of it, as the fragment of its url says."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote

from lightship.core.errors import InvalidInputError, NotFoundError
from lightship.core.model import check_url
from lightship.index.explain import find_url
from lightship.index.fields.fragments import with_fragment
from lightship.index.fields.stored_document import StoredDocument, StoredSections
from lightship.index.reader import View
from lightship.searchengine.mcp.plain import plain, split
from lightship.searchengine.mcp.tools import CAUTION, PART_CHARACTERS, FetchResult, SectionFound
from lightship.searchengine.search.api import shown_title

_WORDS = ":~:text="
_HEADING, _OUTLINE = 120, 4_000  # characters of a heading, and of all that is told about sections


class Passage(NamedTuple):
    """What is read of a text: the bytes from `start` to `end`, below `heading`."""

    start: int
    end: int
    heading: str = ""


def read_part(view: View, url: str, part: int) -> FetchResult:
    """Return part number `part`, from 1, of the document of `url`, or of the section that its fragment leads to.

    Raises InvalidDocumentError for an invalid url, NotFoundError if the index does not have it, InvalidInputError if
    there are fewer parts.
    """
    check_url(url)
    source, fragment = find_url(view, url), ""
    if source is None and "#" in url:
        address, _, fragment = url.partition("#")
        source = find_url(view, address)
    if source is None:
        raise NotFoundError(f"not in the index: {url[:200]}; search for words of it, and fetch the url of a result")
    passage = _passage(source, fragment)
    text = source.text[passage.start : passage.end].decode("utf-8", "replace")
    places = list(split(text, PART_CHARACTERS))
    if part > len(places):
        raise InvalidInputError(f"there is no part {part}: this text has {len(places)}")
    start, end = places[part - 1]
    return FetchResult(
        caution=CAUTION, url=plain(source.url), title=plain(shown_title(source.title)), heading=plain(passage.heading),
        part=part, parts=len(places), text=plain(text[start:end]).strip(), fresh_as_of=None,
        modified=source.modified_time, language=source.language,
        sections=_outline(source) if part == 1 < len(places) and not passage.heading else [],
    )  # fmt: skip


def _passage(source: StoredDocument, fragment: str) -> Passage:
    """Return what `fragment` leads to: a section, the text from some words on, or, if there is neither, the whole text."""
    anchor, _, words = fragment.partition(_WORDS)
    if source.sections and anchor:
        names = [unquote(each) for each in source.sections.fragments.split("\n")]
        if unquote(anchor) in names:
            return _section(source.sections, names.index(unquote(anchor)), len(source.text))
    place = source.text.find(unquote(words.partition("&")[0]).encode()) if words else -1
    return Passage(max(source.text.rfind(b"\n", 0, max(place, 0)), 0) if place > 0 else 0, len(source.text))


def _section(sections: StoredSections, number: int, end: int) -> Passage:
    """Return a section with those below it: up to the next heading of its level or of a higher one."""
    level = sections.levels[number]
    ends = (
        start
        for start, other in zip(sections.starts[number + 1 :], sections.levels[number + 1 :], strict=True)
        if other <= level
    )
    return Passage(sections.starts[number], next(ends, end), sections.headings.split("\n")[number])


def _outline(source: StoredDocument) -> list[SectionFound]:
    """Return the sections that can be fetched one by one: as many as there is room for."""
    if not source.sections:
        return []
    named = zip(source.sections.headings.split("\n"), source.sections.fragments.split("\n"), strict=True)
    found, room = list[SectionFound](), _OUTLINE
    for heading, fragment in named:
        link = with_fragment(source.url, fragment)
        room -= len(link) + min(len(heading), _HEADING)
        if room < 0:
            break
        if fragment:
            found.append(SectionFound(heading=plain(heading, _HEADING), link=plain(link)))
    return found
