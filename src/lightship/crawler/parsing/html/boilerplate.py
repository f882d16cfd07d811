"""Recognises boilerplate around the content of a page by the purpose, the names and the links of elements."""

from __future__ import annotations

import re

from resiliparse.parse.html import ElementNode

from lightship.crawler.parsing.html.tree import attribute

LINK = 25  # characters of a typical link, subtracted per link to estimate the prose
LINKED = 0.5  # share of characters in links; a part with more of them is navigation
ALL_LINKED = 0.9  # share of a part that is like the content beside it
SPARSE = 100  # characters per link; in a part with more of them the share of links is not examined
MAX_NAMES = 500  # characters of an element's classes, and of its id: the patterns take quadratic time
ENOUGH = 200  # characters of prose (not links) that content has at least

MAX_WRAPPED = 8  # elements that are looked at for the heading with which an element begins
MAX_ROWS = 20  # of a table that lays out a page
MAX_OWNERS = 3  # elements around a footer that are looked at for the one that it belongs to

LINKS = "a[href]"
_FILES = ",".join(
    f"[href$='.{kind}' i]" for kind in ("pdf", "docx", "doc", "xlsx", "xls", "pptx", "odt", "csv", "zip", "epub")
)
AWAY = f"a[href]:not([href^='#'],[href^='mailto:' i],[href^='tel:' i],{_FILES})"  # links that lead to other pages
HEADINGS = "h1,h2,h3,h4,h5,h6"
HEADING_TAGS = frozenset(HEADINGS.split(","))
NEVER = (
    "nav,[role~='navigation' i],[role~='search' i],[role~='menu' i],[role~='menubar' i],[role~='dialog' i],body > footer,"
    ".mw-editsection,.editsection"  # MediaWiki's links to edit, which stand in headings
)
_ENDS = "header,footer,address,[role~='banner' i],[role~='contentinfo' i]"
_ASIDES = "aside,[role~='complementary' i]"
TABS = (  # they may be links to panels on the page; so may be what is named like _TABBED
    "[role~='tab' i],[role~='tablist' i],[role~='tabpanel' i],[data-toggle='tab' i],[data-bs-toggle='tab' i],.tab-pane"
)
_INTRODUCTIONS = HEADING_TAGS | {"p"}  # introductions to links that are content
_CELLS = frozenset({"tr", "th", "td"})
_BOXES = frozenset({"div", "table", "ul", "ol", "center", "span"})

# Words in classes and ids of boilerplate: SURE_NAMES only there, NAMES also of some content.
SURE_NAMES = re.compile(
    r"(?:^|[\s_-])(?:nav\w*|\w*nav|\w*menu\w*|\w*crumbs?|\w*footer\w*|pag(?:er|ination)|toplang|bottomlang"
    r"|cookies?(?![_-](?:polic|declaration|statement|table|list)(?![\w-]{0,50}(?:banner|bar|notice|popup)))"
    r"|skip\w*|jump-?(?:link|to-nav)|sitenotice)(?=$|[\s_-])",
    re.IGNORECASE,
)
NAMES = re.compile(
    r"(?:^|[\s_-])(?:header|\w*sidebar\w*|\w*banner|masthead|tabs\d?(?!\S)|tablist|toc\w*|paging\w*|\w*langs?|languages?"
    r"|interlanguage\w*|shar(?:e|ing)|social\w*|consent|related\w*|\w*path|search\w*|login\w*|copyright|toolbar"
    r"|widget\w*|\w*tagline|\w*slogan)(?=$|[\s_-])",
    re.IGNORECASE,
)
_UNLINKED = re.compile(
    r"footer|cookie|sitenotice", re.IGNORECASE
)  # in those of SURE_NAMES that are not called after links
_LISTS = re.compile(r"toc|paging|lang|related|path", re.IGNORECASE)  # in those of NAMES that are called after links
_TABBED = re.compile(r"(?:^|[\s_-])tabs?(?=$|[\s_-])", re.IGNORECASE)
_QUALITIES = re.compile(r"(?<!\S)(?:has|with|without|no|not)[-_]\S+", re.IGNORECASE)
_TERMS = re.compile(r"(?<!\S)(?:category|tag|format|post_format)-\S+", re.IGNORECASE)
_FIELDS = re.compile(r"(?<!\S)field--?name-\S+", re.IGNORECASE)
_OWN_FOOTER = re.compile(r"(?<!\S)(\w[\w-]{0,50}?)[_-]{1,2}footer(?!\S)", re.IGNORECASE)
_PIECES = (
    "nav", "menu", "crumb", "foot", "head", "sidebar", "banner", "tab", "toc", "pag", "lang", "skip", "shar", "social",
    "cookie", "consent", "relat", "path", "search", "login", "copyright", "toolbar", "widget", "edit", "tagline", "slogan", "toplang", "bottomlang",
)  # fmt: skip
NAMED = ",".join(f"[{attribute}*='{piece}' i]" for piece in _PIECES for attribute in ("class", "id"))  # and some others


def is_frame(part: ElementNode, best: ElementNode, *, main: bool = False) -> bool:
    """Whether `part`, a sibling of the element with the content (`best`), is boilerplate.

    In a `main` element, what begins with a heading is none for its links.
    """
    if part.tag == best.tag and attribute(part, "class") == attribute(best, "class") != "":
        return first_heading(part) is None and leads_elsewhere(part, share=ALL_LINKED)  # its peer
    name, titled = names(part), holds_title(part)
    if not titled and (part.matches(_ENDS) or (is_surely_named(part, name) and not is_tabbed(part, name))):
        return True
    headed, little = first_heading(part) is not None, prose(part) < ENOUGH
    aside = part.matches(_ASIDES)
    telling = aside or (part.tag not in HEADING_TAGS and _is_named(part, name) and not is_tabbed(part, name))
    if telling and ((little and not titled and (aside or not headed)) or leads_elsewhere(part, LINKS)):
        return True
    before = part.previous_element_sibling
    if (before is not None and before.tag in _INTRODUCTIONS) or (main and headed):
        return False
    if leads_elsewhere(part):
        return True
    boxed = little and not main and part.tag in _BOXES and part.query_selector(AWAY) is not None
    return boxed and not titled and not headed and part.query_selector("pre") is None


def holds_title(part: ElementNode) -> bool:
    """Whether `part` has a title of the page, as `find_title` tells one."""
    return find_title(part) is not None


def find_title(part: ElementNode) -> ElementNode | None:
    """Return the h1 of `part`, or another heading that the page's title names or that stands in a header unlinked; or None."""
    heading = part if part.tag == "h1" else part.query_selector("h1")
    if heading is not None:
        return heading
    heading = part if part.tag in HEADING_TAGS else part.query_selector(HEADINGS)
    if heading is None or heading.query_selector(AWAY) is not None or heading.closest(AWAY) is not None:
        return None
    document = part.owner_document
    title = document.query_selector("title") if document is not None else None
    said = _letters((heading.text or "")[:MAX_NAMES])
    named = title is not None and said != "" and said in _letters((title.text or "")[:MAX_NAMES])
    return heading if named or "header" in attribute(part, "class").lower().split() else None


def is_surely_named(element: ElementNode, name: str) -> bool:
    """Whether the `name` of an element is one of SURE_NAMES, and the element has links to speak of if it is called after them.

    A menu of dishes, steps, or a number of results is content.
    """
    found = [word[0] for word in SURE_NAMES.finditer(name)]
    return any(map(_UNLINKED.search, found)) or (found != [] and _is_bar(element))


def _is_named(element: ElementNode, name: str) -> bool:
    """Whether the `name` of an element is one of NAMES; those about links tell nothing of one without any."""
    found = [word[0] for word in NAMES.finditer(name)]
    if found and all(map(_LISTS.search, found)):
        return element.matches(LINKS) or element.query_selector(LINKS) is not None
    return found != []


def _is_bar(element: ElementNode) -> bool:
    """Whether an element is a link or consists of links, or has no heading and enough links to be about half of it."""
    count = 1 if element.matches(LINKS) else len(element.query_selector_all(LINKS))
    if count == 0 or leads_elsewhere(element, LINKS):
        return count > 0
    return size(element) <= 2 * LINK * count and element.query_selector(HEADINGS) is None


def is_own_footer(element: ElementNode, name: str, core: ElementNode) -> bool:
    """Whether an element is the footer of a card, a quotation or a table, as its `name` says; it does not hold the `core` of the page."""
    found = _OWN_FOOTER.search(name)
    owner = element.parent_element if found is not None else None
    for _ in range(MAX_OWNERS):
        if found is None or owner is None or owner.contains(core):
            break
        if found[1].lower() in (owner.tag, *attribute(owner, "class").lower().split()):
            return owner.query_selector("h1") is None
        owner = owner.parent_element
    return False


def is_tabbed(element: ElementNode, name: str) -> bool:
    """Whether an element with this `name` is or has tabs or their panels: they are content, unless they are links that lead away."""
    return element.matches(TABS) or _TABBED.search(name) is not None or element.query_selector(TABS) is not None


def names(element: ElementNode) -> str:
    """Return the classes and the id of an element, truncated to MAX_NAMES, without those that don't name it.

    These are an id that only links need (of an item, a row or a cell, or made of a heading), a class that tells what it
    has, the tags of a post of WordPress, and the name of a field of Drupal that has no links.
    """
    identity = attribute(element, "id")[:MAX_NAMES]
    if identity and (_is_anchor(element) or _is_slug(identity, element)):
        identity = ""
    classes = _QUALITIES.sub("", attribute(element, "class")[:MAX_NAMES].replace("elementor-widget", "elementor"))
    if element.tag == "article" or "hentry" in classes or "type-" in classes:
        classes = _TERMS.sub("", classes)
    if "name-" in classes and element.query_selector(LINKS) is None:
        classes = _FIELDS.sub("", classes)
    return f"{classes} {identity}"


def _is_anchor(element: ElementNode) -> bool:
    """Whether the id of an element is only there for links to it: an item, or a row or cell of a table that lays out no page."""
    if element.tag not in _CELLS:
        return element.tag == "li"
    row = element if element.tag == "tr" else element.parent_element
    rows = row.parent_element if row is not None else None
    if rows is None or rows.child_element_count > MAX_ROWS:
        return True
    table = rows.closest("table")
    return table is None or table.query_selector(HEADINGS) is None


def _is_slug(identity: str, element: ElementNode) -> bool:
    """Whether an id belongs to a section: the element begins with a heading, or its first one has the words of the id."""
    if element.tag in HEADING_TAGS or first_heading(element) is not None:
        return True
    heading = element.query_selector(HEADINGS)
    return heading is not None and _letters(identity) in _letters((heading.text or "")[:MAX_NAMES])


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()


def first_heading(element: ElementNode) -> ElementNode | None:
    """Return the heading that `element` begins with, within elements that wrap it and after empty ones; or None."""
    child = element.first_element_child
    for _ in range(MAX_WRAPPED):
        if child is None or child.tag in HEADING_TAGS:
            return child
        child = child.next_element_sibling if child.first_child is None else child.first_element_child
    return None


def leads_elsewhere(part: ElementNode, links: str = AWAY, share: float = LINKED) -> bool:
    """Whether a `share` of the characters of `part`, and no code or quotation, is in links: that leave the page, or all `links`."""
    found = part.query_selector_all(links)
    count, characters = len(found), size(part)
    if count == 0 or characters > SPARSE * count or part.query_selector("pre,blockquote") is not None:
        return False
    return sum(size(link) for link in found.values()) >= share * characters


def prose(element: ElementNode) -> int:
    """Return the approximate number of characters of `element` outside links."""
    return size(element) - LINK * len(element.query_selector_all(LINKS))


def size(element: ElementNode) -> int:
    """Return the number of characters of `element` that are not white space."""
    text = element.text or ""
    return len(text) - text.count(" ") - text.count("\n")
