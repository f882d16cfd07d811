"""Finds the anchor of a heading: the fragment that leads to it, as generators of pages write it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from resiliparse.parse.html import ElementNode

from lightship.core.sections import MAX_ANCHOR
from lightship.crawler.parsing.html.tree import attribute, line, select

MAX_LINKS = 20  # of a heading that are looked at
MAX_RISE = 6  # elements that may wrap a heading within the section with its id
MAX_BEFORE = 3  # elements without much text before a heading that begins a section
LITTLE = 40  # characters of these

_WRAPPERS = frozenset({"section", "div", "article", "header", "hgroup", "details", "summary", "ul", "li", "dl", "span"})
_SIGNS = re.compile(r"[\W_]*")
_PERMALINK = re.compile(
    r"[\W_]*(?:copy |direct |perma(?:nent )?)?(?:link|anchor)(?: (?:to|for) .*)?[\W_]*", re.IGNORECASE
)
_CLASSES = re.compile(r"(?:header|heading|hash|anchor|perma)-?link|header-anchor|(?<!\S)anchor(?!\S)", re.IGNORECASE)
_NOWHERE = frozenset({"", "top"})


def clear_permalinks(heading: ElementNode) -> str:
    """Empty the links of a heading to itself, but keep the elements; return the fragment of the first, or nothing."""
    found = ""
    if heading.query_selector("a") is None:
        return found
    whole = line(heading.text or "")
    for link in select(heading, "a[href*='#']")[:MAX_LINKS]:
        text = line(link.text or "")
        if not _is_permalink(link, text) or (text and text == whole):
            continue
        found = found or _fragment(link)
        if text:
            link.text = ""
    return found


def _is_permalink(link: ElementNode, text: str) -> bool:
    if _SIGNS.fullmatch(text) or _PERMALINK.fullmatch(text):
        return True
    return _CLASSES.search(attribute(link, "class")) is not None


def _fragment(link: ElementNode) -> str:
    fragment = unquote(attribute(link, "href").partition("#")[2])
    return "" if fragment in _NOWHERE or ":~:" in fragment else fragment[: MAX_ANCHOR + 1]


def anchor_of(heading: ElementNode, permalink: str) -> str:
    """Return the anchor of a heading: the fragment of an url, not percent-encoded; empty if it has none.

    It is its id, what its `permalink` links to, the id of an element in it or of an empty one just before it, what a
    permalink after it links to, or the id of the section it begins.
    """
    return next((each for each in _anchors(heading, permalink) if each.strip() and len(each) <= MAX_ANCHOR), "")


def _anchors(heading: ElementNode, permalink: str) -> Iterator[str]:
    yield _id(heading)
    yield permalink
    for inside in (heading.query_selector("[id],a[name]"), heading.previous_element_sibling):
        if inside is not None and (heading.contains(inside) or _is_target(inside)):
            yield _id(inside)
    after = heading.next_element_sibling
    if after is not None and after.tag == "a" and _is_permalink(after, line(after.text or "")):
        yield _fragment(after)
    inner, outer = heading, heading.parent_element
    for _ in range(MAX_RISE if heading.tag != "dt" else 0):
        if outer is None or outer.tag not in _WRAPPERS or not _begins(inner):
            break
        yield _id(outer)
        before = outer.previous_element_sibling
        if before is not None and _is_target(before):
            yield _id(before)
        inner, outer = outer, outer.parent_element


def _is_target(element: ElementNode) -> bool:
    """Return True for an empty element that only marks a place, like `<a name="usage"></a>`."""
    return element.tag in ("a", "span") and not line(element.text or "")


def _begins(element: ElementNode) -> bool:
    """Return True if nothing but links and other small things stands before `element` in its parent."""
    before = element.previous_element_sibling
    for _ in range(MAX_BEFORE):
        if before is None:
            return True
        if before.tag not in ("a", "span", "button", "img") or len(before.text or "") > LITTLE:
            return False
        before = before.previous_element_sibling
    return before is None


def _id(element: ElementNode) -> str:
    return attribute(element, "id") or (attribute(element, "name") if element.tag == "a" else "")
