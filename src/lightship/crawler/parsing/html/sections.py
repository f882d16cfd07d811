"""Finds the sections of a page: its headings and linked definitions, where they stand in its text, and their anchors.

Where they stand is learned from marks that are put around them before the text is extracted, and removed afterwards. The
characters of the marks can't be in a page, except as references (`&#2;`), which can only make a section of it wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from resiliparse.parse.html import DocumentNode, DOMNode, ElementNode, HTMLTree, TextNode

from lightship.core.sections import LEVELS, MAX_HEADING, MAX_SECTIONS, RANKED_LEVELS, Section
from lightship.crawler.parsing.html.anchors import anchor_of, clear_permalinks
from lightship.crawler.parsing.html.tree import attribute, select

MAX_READ = 1_000_000  # characters of all headings: they may be unclosed
MAX_LOOKED = 2 * MAX_SECTIONS  # headings examined, many of them empty
MAX_NODES = 100  # of a heading that are looked at for its first text, and for its last

_HEADINGS = "h1,h2,h3,h4,h5,h6"
_ASIDES = ",".join(
    f"{heading} .mw-editsection" for heading in _HEADINGS.split(",")
)  # what stands in a heading, but is not of it
_MARK = re.compile("\x02([0-9]{1,4})\x03|\x04")  # begins the heading of this number, or ends it
_TERM = "dt"
_SIGNS = ('role="heading"', "role=heading", "role='heading'", "headertitle")  # in pages with headings of other elements
_DOXYGEN = "div.headertitle > div.title"  # with the groups of what the page describes
_BY_ROLE = f"[role~='heading' i]:not({_HEADINGS}),{_DOXYGEN}"
_ROLE_LEVELS = frozenset("123456")
END = "\x04"


class Heading(NamedTuple):
    """A heading that was marked in a page."""

    level: int
    anchor: str


class Place(NamedTuple):
    """Where something marked stands in a text: mark `number`, from `start` up to `end`."""

    number: int
    start: int
    end: int


def make_headings(tree: HTMLTree, root: ElementNode, html: str) -> None:
    """Make headings of the elements below `root` that are some by their role, and of the titles of Doxygen's pages."""
    if not any(sign in html for sign in _SIGNS):
        return
    for element in select(root, _BY_ROLE)[:MAX_LOOKED]:
        said = attribute(element, "aria-level").strip()
        level = "1" if element.matches(_DOXYGEN) else said if said in _ROLE_LEVELS else "2"  # WAI-ARIA's default
        heading = tree.create_element(f"h{level}")
        if isinstance(heading, ElementNode):
            others = select(element, "div.ingroups")
            for name in ("id", "class"):
                if element.hasattr(name):
                    heading.setattr(name, attribute(element, name))
            element.replace_with(heading, *others)
            heading.append(*list(element.child_nodes))


def mark_headings(document: DocumentNode | ElementNode) -> list[Heading]:
    """Mark the headings of a page, and the terms of definitions that have an anchor; permalinks in them are emptied."""
    marked: list[Heading] = []
    left, level, outer = MAX_READ, LEVELS[0], None
    for aside in select(document, _ASIDES):
        aside.remove()
    for element in select(document, f"{_HEADINGS},{_TERM}")[:MAX_LOOKED]:
        if outer is not None and outer.contains(element):  # only in malformed pages
            continue
        is_term = element.tag == _TERM
        if is_term and not attribute(element, "id") and element.query_selector("[id],a[name]") is None:
            continue
        outer = element
        left -= len(element.text or "")
        if left < 0 or len(marked) == MAX_SECTIONS:
            break
        level = min(max(level + 1, RANKED_LEVELS.stop), LEVELS[-1]) if is_term else int((element.tag or "")[1:])
        permalink = clear_permalinks(element)
        if _put_mark(element, len(marked)):
            marked.append(Heading(level, anchor_of(element, permalink)))
    return marked


def _put_mark(heading: ElementNode, number: int) -> bool:
    """Put mark `number` around the text of a heading; return False if it has none."""
    last = _text_node(heading, last=True)
    if last is not None:
        said = last.value or ""
        end = len(said.rstrip())
        last.value = f"{said[:end]}{END}{said[end:]}"
    first = _text_node(heading, last=False)
    if first is None or last is None:
        return False
    said = first.value or ""
    begin = len(said) - len(said.lstrip())
    first.value = f"{said[:begin]}{begin_mark(number)}{said[begin:]}"
    return True


def _text_node(root: DOMNode, *, last: bool) -> TextNode | None:
    """Return the first or the last text node below `root` that is not blank."""
    waiting: list[DOMNode | None] = [root.last_child if last else root.first_child]  # lists of nodes are slow
    for _ in range(MAX_NODES):
        node = waiting.pop() if waiting else None
        if isinstance(node, TextNode) and (node.value or "").strip():
            return node
        if node is not None:
            further = (node.previous_sibling, node.last_child) if last else (node.next_sibling, node.first_child)
            waiting += [each for each in further if each is not None]
    return None


def begin_mark(number: int) -> str:
    """Return what marks the beginning of heading `number`, up to four digits."""
    return f"\x02{number}\x03"


def without_marks(text: str) -> tuple[str, list[Place]]:
    """Return a marked text without its marks, and where they were: in the order of their numbers."""
    parts: list[str] = []
    places: list[Place] = []
    at, length, known = 0, 0, -1
    for found in _MARK.finditer(text):
        parts.append(text[at : found.start()])
        length += found.start() - at
        at = found.end()
        if found[1] and int(found[1]) > known:
            known = int(found[1])
            places.append(Place(known, length, length))
        elif not found[1] and places:
            places[-1] = places[-1]._replace(end=length)
    whole = "".join((*parts, text[at:]))
    blank = len(whole) - len(whole.lstrip())  # not 0 only if the page has such characters
    return whole.strip(), [Place(number, max(start - blank, 0), end - blank) for number, start, end in places]


def sections_of(text: str, marked: Sequence[Heading], places: Sequence[Place]) -> list[Section]:
    """Return the sections of a text with the `marked` headings at `places`; those that it does not have are left out."""
    sections: list[Section] = []
    for number, start, end in places:
        heading = " ".join(text[start : min(end, start + 4 * MAX_HEADING)].split())[:MAX_HEADING]
        if heading and number < len(marked):
            sections.append(Section(heading, start, *marked[number]))
    return sections
