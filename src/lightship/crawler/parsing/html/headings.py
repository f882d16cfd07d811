"""Extracts the headings of a page, and the ids by which they can be linked."""

from __future__ import annotations

import re

from resiliparse.parse.html import DocumentNode, ElementNode

from lightship.crawler.parsing.html.tree import attribute, line, select

MAX_HEADING, MAX_HEADINGS, MAX_ANCHOR = 300, 100, 200
MAX_READ = 1_000_000  # characters of all headings: they may be unclosed
MAX_LOOKED = 300  # headings examined, many of them empty
MAX_RISE = 4  # elements that may wrap a heading within the section with its id

_SECTIONS = frozenset({"section", "div", "article", "header", "hgroup", "details", "summary"})
_BLANK = re.compile(r"\s")


def read_headings(document: DocumentNode | ElementNode) -> list[tuple[str, str]]:
    """Return the headings of the first three levels, each with its anchor: an id, or an empty string."""
    found: list[tuple[str, str]] = []
    left, outer = MAX_READ, None
    for element in select(document, "h1,h2,h3")[:MAX_LOOKED]:
        if outer is not None and outer.contains(element):  # only in malformed pages
            continue
        outer, said = element, element.text or ""
        left -= len(said)
        if left < 0 or len(found) == MAX_HEADINGS:
            break
        if text := line(said[: 4 * MAX_HEADING])[:MAX_HEADING]:
            found.append((text, _anchor(element)))
    return found


def _anchor(heading: ElementNode) -> str:
    """Return the id of a heading: its own, that of an anchor in or just before it, or of the section it begins."""
    for element in (heading, heading.query_selector("[id],a[name]")):
        if element is not None and (found := _id(element)):
            return found
    before = heading.previous_element_sibling
    if before is not None and before.tag == "a" and not line(before.text or "") and (found := _id(before)):
        return found
    inner, outer = heading, heading.parent_element
    for _ in range(MAX_RISE):
        if outer is None or outer.tag not in _SECTIONS or outer.first_element_child != inner:
            break
        if found := _id(outer):
            return found
        inner, outer = outer, outer.parent_element
    return ""


def _id(element: ElementNode) -> str:
    found = attribute(element, "id") or (attribute(element, "name") if element.tag == "a" else "")
    return found if len(found) <= MAX_ANCHOR and not _BLANK.search(found) else ""
