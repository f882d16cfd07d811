"""Sections of a document: where its headings stand in the text, and how to link to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from lightship.core.errors import InvalidDocumentError

MAX_SECTIONS = 500
MAX_HEADING, MAX_ANCHOR = 300, 200  # characters
LEVELS = range(1, 7)  # of headings, as in HTML
RANKED_LEVELS = range(1, 4)  # of sections whose headings are ranked like `headings` of a document


class Section(msgspec.Struct, frozen=True, omit_defaults=True):
    """A section of a document: from its `heading`, at character `start` of the text, to the start of the next section.

    `anchor` is the fragment of the url that leads there, not percent-encoded: the id of an element, or like `page=3` of a
    PDF (RFC 8118); empty if there is none.
    """

    heading: str
    start: int
    level: int = 1
    anchor: str = ""


KEYS = frozenset(Section.__struct_fields__)


def check_sections(sections: Sequence[Section], characters: int) -> None:
    """Raise InvalidDocumentError unless `sections` can be those of a text of so many characters."""
    if len(sections) > MAX_SECTIONS:
        raise InvalidDocumentError(f"{len(sections)} sections: the limit is {MAX_SECTIONS} - at `$.sections`")
    least = 0
    for number, section in enumerate(sections):
        for key, fault in _faults(section, least, characters):
            raise InvalidDocumentError(f"{fault} - at `$.sections[{number}].{key}`")
        least = section.start


def _faults(section: Section, least: int, characters: int) -> Iterator[tuple[str, str]]:
    """Yield each key whose value is wrong, and why; `least` is where the section before begins."""
    if not section.heading or section.heading.isspace():
        yield "heading", "an empty heading"
    if len(section.heading) > MAX_HEADING:
        yield "heading", f"a heading of {len(section.heading)} characters: the limit is {MAX_HEADING}"
    if len(section.anchor) > MAX_ANCHOR:
        yield "anchor", f"an anchor of {len(section.anchor)} characters: the limit is {MAX_ANCHOR}"
    if section.level not in LEVELS:
        yield "level", f"level {section.level} is not between {LEVELS[0]} and {LEVELS[-1]}"
    if not 0 <= section.start <= characters:
        yield "start", f"{section.start} is not in the text, which has {characters} characters"
    elif section.start < least:
        yield "start", f"{section.start} is before the previous section, at {least}; order them as in the text"
