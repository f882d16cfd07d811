"""Extracts the main text of a page with its headings, without the boilerplate that surrounds it on every page of a site.

Boilerplate is recognised by the purpose of its elements (nav, header, footer and the ARIA roles), by its position (next
to the element with most of the prose), by its links, and by its classes and ids (boilerplate.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import ElementNode, HTMLTree, TextNode

from lightship.crawler.parsing.html.article import is_article, reduce_article, remove_title
from lightship.crawler.parsing.html.boilerplate import (  # fmt: skip
    AWAY,
    ENOUGH,
    HEADING_TAGS,
    HEADINGS,
    LINKED,
    LINKS,
    MAX_NAMES,
    NAMED,
    NAMES,
    NEVER,
    SURE_NAMES,
    TABS,
    find_title,
    holds_title,
    is_frame,
    is_own_footer,
    is_surely_named,
    is_tabbed,
    leads_elsewhere,
    names,
    prose,
    size,
)
from lightship.crawler.parsing.html.hidden import keep_drawings, remove_unseen, set_pictures_apart
from lightship.crawler.parsing.html.sections import Heading, make_headings, mark_headings
from lightship.crawler.parsing.html.tree import MAX_RISE, attribute, document_of_tree, select

MAX_DESCENT = 50  # elements that are entered on the way to the content
MAX_PARTS = 300  # children that are weighed per element: an element with more is text itself
MAX_MAINS = 20
MAX_WEIGHED = 500  # elements with names of boilerplate that are examined
MAX_MARKS = 200_000  # characters of links within the page that are examined
WEIGHINGS = 20  # times the content's characters may be counted for boilerplate in it, which may be nested
ALL = 0.95  # share of an element's characters; a child with more of them contains both boilerplate and content
DOMINANT = 0.6  # share of an element's prose; a child with more of it contains the content
HALF = 0.5  # share of an element's prose and characters; of a short page, the only child with a heading, its title, and so much
MAX_LEAD, MAX_LEAD_SIZE = 40, 300  # nodes before the first heading, and characters of them
LITTLE = 50  # characters of a main element that is more than a placeholder for scripts
SURELY = 0.7  # largest share of the content that an element named like boilerplate may have to be removed
TEXTS = frozenset({"p", "pre", "blockquote", "ul", "ol", "dl", "h2", "h3", "h4", "h5", "h6"})  # parts of content
FEW = 2  # up to this many of them, side by side, may be boilerplate

_MAIN = "main,[role~='main' i],[itemprop~='articleBody' i]"
_DRAWN = ('role="img"', "role=img", "role='img'")  # in the HTML of pages with drawings that have a text
_WORDS = HEADING_TAGS | {"pre", "code", "dt"}  # neither they nor what is in them is boilerplate, whatever it is called
_HOME = re.compile(r"(?:(?:https?:)?//[^/\s]{1,255})?/?", re.IGNORECASE)
_BRANDS = re.compile(r"logo|brand|site-?(?:name|title)", re.IGNORECASE)
_SOLID = f"{HEADINGS},{TABS},pre,blockquote,table,dl"  # no banner or motto has them
_MARKS = frozenset(["", *"¶#§🔗◆∞\u200b\uf0c1"])  # texts of a heading's link to itself


class Content(NamedTuple):
    """The main text of a page, in which its headings are `marked` (sections.py)."""

    text: str
    marked: list[Heading]


def read_content(tree: HTMLTree, html: str, *, title: str = "", kinds: Iterable[str] = ()) -> Content:
    """Return the main content of the page `html`, or all text if all is boilerplate; `tree` is reduced to it.

    The text of an article (by `kinds`, its Open Graph types, and other signs) does not repeat its `title`.
    """
    article = is_article(document_of_tree(tree), kinds)
    _reduce(tree, html, title if article else None)
    if article and tree.body is not None and not size(tree.body):
        tree, article = HTMLTree.parse(html), False
        _reduce(tree, html, None)
    if tree.body is not None and not size(tree.body):
        tree = HTMLTree.parse(html)
    if tree.body is not None and not article:
        set_pictures_apart(tree.body)
    marked = mark_headings(document_of_tree(tree))
    return Content(str(extract_plain_text(tree)), marked)


def _reduce(tree: HTMLTree, html: str, article: str | None) -> None:
    """Reduce the `tree` of a page to its content: to that of an `article` with this title, if it is one."""
    body = tree.body
    if body is None:
        return
    if article is None and any(sign in html for sign in _DRAWN):
        keep_drawings(tree, body)
    make_headings(tree, body, html)
    remove_unseen(body)
    _clear_marks(body)
    content = _cut(body, article=article is not None)
    if article is None:
        _drop_lead(content)
    elif size(body):
        reduce_article(body)
        remove_title(body, article)


def _clear_marks(body: ElementNode) -> None:
    """Empty the links of headings to themselves, but keep the elements: they may have the heading's id."""
    left = MAX_MARKS
    for link in select(body, "a[href^='#']"):
        text = link.text or ""
        left -= 1 + len(text)
        if left < 0:
            break
        if text.strip() in _MARKS:
            link.text = ""


def _cut(body: ElementNode, *, article: bool = False) -> ElementNode:
    """Remove everything but the content from `body`; return the innermost element with all of it."""
    for number, element in enumerate(select(body, NEVER)):
        if number >= MAX_WEIGHED or element.query_selector(TABS) is None or leads_elsewhere(element):
            element.remove()  # tabs are no navigation
    main = max(select(body, _MAIN)[:MAX_MAINS], key=size, default=None)
    is_explicit = main is not None and size(main) >= LITTLE and not _is_beside_article(main, body)
    if main is not None and is_explicit:
        _keep_only(main, body)
    root = _descend(body, main=is_explicit and not article)
    if article:  # reduce_article knows better what surrounds one
        _thin(root, root)
    else:
        _thin(body, root)
        _drop_named_lead(body, root)
    return root


def _is_beside_article(main: ElementNode, body: ElementNode) -> bool:
    """Whether an article that stands outside the `main` element has more prose: only lists of others are in `main` then."""
    article = max(select(body, "article")[:MAX_MAINS], key=prose, default=None)
    if article is None or main.contains(article) or article.contains(main):
        return False
    return prose(article) > max(ENOUGH, prose(main))


def _keep_only(main: ElementNode, body: ElementNode) -> None:
    """Reduce `body` to the `main` element, and a title of the page that stands outside it."""
    title = None if main.query_selector("h1") else next(filter(_is_title, select(body, "h1")[:MAX_MAINS]), None)
    body.replace_children(main)
    if title is not None:
        body.prepend(title)


def _is_title(heading: ElementNode) -> bool:
    """Whether an h1 is a title of the page, and not the name of its site: a link, or named as a brand."""
    if not size(heading) or heading.query_selector(AWAY) is not None or heading.closest("a") is not None:
        return False
    parent = heading.parent_element
    return not any(_BRANDS.search(names(element)) for element in (heading, parent) if element is not None)


def _descend(root: ElementNode, *, main: bool) -> ElementNode:
    """Return the innermost element with the content; boilerplate on the way is removed."""
    for _ in range(MAX_DESCENT):
        if root.child_element_count > MAX_PARTS:
            break
        parts = list(root.children.values())
        best = _dominant(parts)
        if best is None or best.tag in TEXTS or sum(part.tag in TEXTS for part in parts) > FEW:
            break
        for part in parts:
            if part != best and is_frame(part, best, main=main):
                _drop(part, best)
        root = best
    return root


def _dominant(parts: list[ElementNode]) -> ElementNode | None:
    """Return the part with most of the prose, or nearly all characters, or the title and half of it; None if there is none."""
    parts = _without_contents(parts)
    sizes = [size(part) for part in parts]
    most = max(sizes, default=0)
    if most >= ALL * sum(sizes):
        return parts[sizes.index(most)] if parts else None
    amounts = [max(0, prose(part)) for part in parts]
    most = max(amounts)
    if most >= max(ENOUGH, DOMINANT * sum(amounts)):
        return parts[amounts.index(most)]
    headed = [part for part in parts if part.tag in HEADING_TAGS or part.query_selector(HEADINGS) is not None]
    if len(headed) != 1 or headed[0].tag in HEADING_TAGS or not holds_title(headed[0]):
        return None
    place = parts.index(headed[0])
    share = min(amounts[place] / (sum(amounts) or 1), sizes[place] / sum(sizes))
    return headed[0] if share >= HALF else None


def _without_contents(parts: list[ElementNode]) -> list[ElementNode]:
    """Return `parts` without tables of contents and sidebars, however long, beside a part with the page's title."""
    beside = [part for part in parts if _is_named_contents(part) and not holds_title(part)]
    return [part for part in parts if part not in beside] if beside and any(map(holds_title, parts)) else parts


def _is_named_contents(part: ElementNode) -> bool:
    found = (each[0].lower() for each in NAMES.finditer(names(part)))
    return any("toc" in name or "sidebar" in name for name in found)


def _thin(root: ElementNode, core: ElementNode) -> None:
    """Remove elements below `root` that are named like boilerplate, but none with the `core` of the content."""
    whole = size(root)
    left, weighed = WEIGHINGS * whole, 0
    spared: ElementNode | None = None
    for element in select(root, NAMED):
        said = f"{attribute(element, 'class')[:MAX_NAMES]} {attribute(element, 'id')[:MAX_NAMES]}"
        if not (SURE_NAMES.search(said) or NAMES.search(said)) or _is_unnamed(element):
            continue
        if spared is not None and spared.contains(element):
            continue
        characters = size(element)
        left -= characters
        weighed += 1
        if left < 0 or weighed > MAX_WEIGHED:
            break
        name = names(element)
        sure = is_surely_named(element, name) and not is_own_footer(element, name, core)
        named = (sure or NAMES.search(name)) and root.contains(element) and not element.contains(core)
        goes = named and (
            leads_elsewhere(element, LINKS) or (sure and characters < SURELY * whole and prose(element) < ENOUGH)
        )
        if goes and (leads_elsewhere(element) or not is_tabbed(element, name)):
            _drop(element, root)
        elif (
            not sure
            and SURE_NAMES.search(name)
            and not element.contains(core)
            and characters < SURELY * whole
            and _is_solid(element)
        ):
            spared = element  # content that is called a menu or a nav, as its parts are: steps, or dishes


def _is_unnamed(element: ElementNode) -> bool:
    """Whether the names of an element tell nothing: it is a definition, or in a heading, code or a term."""
    around: ElementNode | None = element
    for _ in range(MAX_RISE):
        if around is None or element.tag == "dd":
            break
        if around.tag in _WORDS:
            return True
        around = around.parent_element
    return element.tag == "dd"


def _drop_named_lead(body: ElementNode, core: ElementNode) -> None:
    """Remove what begins the text and is named like boilerplate: a banner, a motto, a line with a version.

    It stands beside the part with the `core` of the content, and not in it.
    """
    text, wrapper = (body.text or "").lstrip(), _innermost_wrapper(body)
    for element in select(wrapper, f"{HEADINGS},{NAMED}")[:MAX_LEAD]:
        said = (element.text or "").strip()
        if element.tag in HEADING_TAGS or text.find(said, 0, MAX_LEAD_SIZE + len(said)) < 0:
            break
        if _is_unnamed(element) or _is_solid(element) or not _is_beside(element, wrapper, core):
            continue
        name = names(element)
        if (SURE_NAMES.search(name) or NAMES.search(name)) and prose(element) < min(ENOUGH, HALF * size(body)):
            element.remove()
            text = (body.text or "").lstrip()


def _innermost_wrapper(root: ElementNode) -> ElementNode:
    """Return the innermost element below `root` outside which there is no other element."""
    for _ in range(MAX_DESCENT):
        child = root.first_element_child
        if child is None or root.child_element_count > 1:
            break
        root = child
    return root


def _is_beside(element: ElementNode, wrapper: ElementNode, core: ElementNode) -> bool:
    """Whether the child of `wrapper` that has the `element` does not have the `core`; not if that was removed."""
    for _ in range(MAX_DESCENT):
        parent = element.parent_element
        if parent is None or parent == wrapper:
            return parent is not None and not element.contains(core)
        element = parent
    return False


def _is_solid(element: ElementNode) -> bool:
    return element.matches(_SOLID) or element.query_selector(_SOLID) is not None


def _drop_lead(content: ElementNode) -> None:
    """Remove the links to other pages before the first heading of the `content`, if hardly anything else stands there."""
    parts: list[ElementNode] = []
    characters, node = 0, content.first_child
    for _ in range(MAX_LEAD):
        if isinstance(node, ElementNode):
            if node.tag in HEADING_TAGS:
                break
            if node.query_selector(HEADINGS) is not None or node.matches("pre,blockquote"):
                return
            parts.append(node)
            characters += size(node)
        elif isinstance(node, TextNode):
            characters += len((node.value or "").strip())
        node = node.next_sibling if node is not None else None
    if not isinstance(node, ElementNode) or characters > MAX_LEAD_SIZE:
        return
    links = (link for part in parts for link in ([part] if part.matches(AWAY) else select(part, AWAY)))
    if sum(map(size, links)) > LINKED * characters:
        for part in parts:
            part.remove()


def _drop(part: ElementNode, content: ElementNode) -> None:
    """Remove `part`, but keep the title of the page in it.

    A title that is a link is none if it leads to the home page, or if the `content` has a title of its own.
    """
    title = find_title(part)
    link = title.query_selector(AWAY) if title is not None else None
    leads_home = link is not None and _HOME.fullmatch(attribute(link, "href").strip()) is not None
    if title is None or leads_home or (link is not None and content.query_selector("h1") is not None):
        part.remove()
    else:
        part.replace_with(title)
