"""Recognises boilerplate around the content of a page by the purpose, the names and the links of elements."""

from __future__ import annotations

import re

from resiliparse.parse.html import ElementNode

from lightship.crawler.parsing.html.tree import attribute

LINK = 25  # characters of a typical link, subtracted per link to estimate the prose
LINKED = 0.5  # share of characters in links; a part with more of them is navigation
SPARSE = 100  # characters per link; in a part with more of them the share of links is not examined
MAX_NAMES = 500  # characters of an element's classes, and of its id: the patterns take quadratic time
ENOUGH = 200  # characters of prose (not links) that content has at least

NEVER = "nav,[role~='navigation' i],[role~='search' i],[role~='menu' i],[role~='menubar' i],[role~='dialog' i]"
_ENDS = "header,footer,address,[role~='banner' i],[role~='contentinfo' i]"
_ASIDES = "aside,[role~='complementary' i]"
_INTRODUCTIONS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "p"})  # introductions to links that are content
_BOXES = frozenset({"div", "table", "ul", "ol", "center", "span"})

# Words in classes and ids of boilerplate: SURE_NAMES only there, NAMES also of some content.
SURE_NAMES = re.compile(
    r"(?:^|[\s_-])(?:nav\w*|\w*nav|\w*menu\w*|\w*crumbs?|\w*footer|pag(?:er|ination)|toplang|bottomlang|cookies?"
    r"|editsection|skip\w*)(?=$|[\s_-])",
    re.IGNORECASE,
)
NAMES = re.compile(
    r"(?:^|[\s_-])(?:header|\w*sidebar\w*|\w*banner|masthead|tabs?\d?|tablist|toc\w*|paging\w*|\w*langs?|languages?"
    r"|interlanguage\w*|shar(?:e|ing)|social\w*|consent|related\w*|\w*path|search\w*|login\w*|copyright|toolbar"
    r"|widget\w*|top|bottom)(?=$|[\s_-])",
    re.IGNORECASE,
)
_PIECES = (
    "nav", "menu", "crumb", "foot", "head", "sidebar", "banner", "tab", "toc", "pag", "lang", "skip", "shar", "social",
    "cookie", "consent", "relat", "path", "search", "login", "copyright", "toolbar", "widget", "edit", "top", "bottom",
)  # fmt: skip
NAMED = ",".join(f"[{attribute}*='{piece}' i]" for piece in _PIECES for attribute in ("class", "id"))  # and some others


def is_frame(part: ElementNode) -> bool:
    """Whether `part`, a sibling of the element with the content, is boilerplate."""
    name, titled = names(part), part.tag == "h1" or part.query_selector("h1") is not None
    if not titled and (part.matches(_ENDS) or SURE_NAMES.search(name)):
        return True
    telling = part.matches(_ASIDES) or NAMES.search(name)
    if telling and ((not titled and prose(part) < ENOUGH) or leads_elsewhere(part)):
        return True
    before = part.previous_element_sibling
    if before is not None and before.tag in _INTRODUCTIONS:
        return False
    boxed = part.tag in _BOXES and part.query_selector("a[href]") is not None and prose(part) < ENOUGH
    return leads_elsewhere(part) or (boxed and not titled)


def names(element: ElementNode) -> str:
    """Return the classes and the id of an element, truncated to MAX_NAMES."""
    return f"{attribute(element, 'class')[:MAX_NAMES]} {attribute(element, 'id')[:MAX_NAMES]}"


def leads_elsewhere(part: ElementNode) -> bool:
    """Whether most characters of `part` are in links."""
    links = part.query_selector_all("a[href]")
    count, characters = len(links), size(part)
    if count == 0 or characters > SPARSE * count:
        return False
    return sum(size(link) for link in links.values()) >= LINKED * characters


def prose(element: ElementNode) -> int:
    """Return the approximate number of characters of `element` outside links."""
    return size(element) - LINK * len(element.query_selector_all("a[href]"))


def size(element: ElementNode) -> int:
    """Return the number of characters of `element` that are not white space."""
    text = element.text or ""
    return len(text) - text.count(" ") - text.count("\n")
