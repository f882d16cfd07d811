"""Decides what of a page is not for its readers: scripts, controls, and hidden elements that nothing on the page shows.

Text that a click shows is content: panels of tabs and accordions, rows of trees, and the buttons with their titles.
So is what pictures say to those who do not see them.
"""

from __future__ import annotations

import re

from resiliparse.parse.html import ElementNode, HTMLTree

from lightship.crawler.parsing.html.boilerplate import HEADINGS, leads_elsewhere, size
from lightship.crawler.parsing.html.tree import attribute, is_within, line, select

MAX_CONTROLS = 2000  # elements that may show a hidden one
MAX_BUTTONS, MAX_PANELS = 1000, 1000  # that are examined
WEIGHINGS = 20  # times the characters of the page may be counted, since hidden elements may be nested
TITLE = 3  # characters of a button that is the title of what it shows
MAX_PICTURES = 2000  # of a page
MAX_ALT = 1000  # characters
MAX_CAPTIONS = 200_000  # characters of captions that are compared

_NEVER_SEEN = "script,style,template,noscript,svg,select,datalist,dialog,video,audio"  # whose text is for old browsers
_HIDDEN = "[hidden],[style*='display:none' i],[style*='display: none' i]"
_TITLES = f"{HEADINGS},summary,dt,[role~='tab' i],[role~='heading' i]"  # whose buttons are titles
_CONTROLS = "[aria-controls],[data-bs-target],[data-target],[data-toggle='collapse'],a[href^='#'][role]"
_LABELS = "[class*='tab' i] label,[class*='accordion' i] label"  # tabs and titles of panels that work without scripts
_POINTERS = ("aria-controls", "data-bs-target", "data-target", "href")
_SHOWN = "tr,[role~='tabpanel' i],details *"  # what is hidden only until a click
_OVERLAYS = re.compile(
    r"modal|popup|pop-up|overlay|dialog|drawer|canvas|lightbox|dropdown|menu|nav|tooltip|toast|cookie|consent|login|search",
    re.IGNORECASE,
)  # fmt: skip
_DRAWN = "svg[role~='img' i],[role~='img' i][aria-label]"
_SIGNS = "a,button,summary,label"  # drawings in them are signs of what these do
_NO_WORDS = re.compile(
    r"[\w%+.-]{1,200}\.(?:jpe?g|png|gif|svg|webp|avif|bmp)|image|img|picture|photo|icon|logo", re.IGNORECASE
)
_SHADOW = re.compile(r"<template(?=\s[^<>]{0,500}?\bshadowrootmode\b)", re.IGNORECASE)
_TEMPLATE = re.compile("<(/?)template", re.IGNORECASE)


def open_shadow_roots(html: str) -> str:
    """Return `html` with its declarative shadow trees as ordinary elements: the parser shows no contents of templates.

    Beside other templates such an element ends with its host: its own end tag is ignored.
    """
    if "shadowrootmode" not in html:
        return html
    opened = _SHADOW.sub("<div", html)
    others = any(not found[1] for found in _TEMPLATE.finditer(opened))
    return opened if others else _TEMPLATE.sub("</div", opened)


def keep_drawings(tree: HTMLTree, root: ElementNode) -> None:
    """Make pictures of the drawings below `root` that have an alternative text."""
    for drawing in select(root, _DRAWN)[:MAX_PICTURES]:
        image = tree.create_element("img")
        if (alt := _label(drawing)) and isinstance(image, ElementNode):
            image.setattr("alt", alt)
            drawing.replace_with(image)


def set_pictures_apart(root: ElementNode) -> None:
    """Set the alternative texts below `root` apart from other text; names of files, and what captions repeat, are none."""
    left = MAX_CAPTIONS
    for element in select(root, "img[alt],area[alt],figcaption")[:MAX_PICTURES]:
        if element.tag != "figcaption":
            text = line(attribute(element, "alt")[:MAX_ALT])
            element.setattr("alt", f" {text} " if text and not _NO_WORDS.fullmatch(text) else "")
            continue
        said, figure = line(element.text or ""), element.parent_element
        left -= len(said)
        image = figure.query_selector("img[alt]") if figure and left > 0 else None
        if image and line(attribute(image, "alt")[:MAX_ALT]) in said:
            image.setattr("alt", "")


def _label(drawing: ElementNode) -> str:
    """Return the alternative text of a drawing, but not of a sign or a letter."""
    if is_within(drawing, _SIGNS):
        return ""
    if drawing.tag != "svg":
        return "" if (drawing.text or "").strip() else attribute(drawing, "aria-label")
    title = drawing.query_selector("title")
    return attribute(drawing, "aria-label") or ((title.text or "") if title else "")


def remove_unseen(body: ElementNode) -> None:
    """Remove the elements of `body` that are not content, whether they are shown or not."""
    for element in select(body, _NEVER_SEEN):
        element.remove()
    controlled, left = _controlled(body), WEIGHINGS * size(body)
    for number, element in enumerate(select(body, _HIDDEN)):
        left -= size(element) if number < MAX_PANELS else 0
        if left < 0 or number >= MAX_PANELS or not _is_panel(element, controlled):
            element.remove()
    for number, button in enumerate(select(body, "button")):
        if number < MAX_BUTTONS and (is_within(button, _TITLES) or _is_title(button)):
            button.replace_with(*list(button.child_nodes))  # the text of buttons is not extracted
        else:
            button.remove()
    for label in select(body, _LABELS)[:MAX_BUTTONS]:
        label.replace_with(*list(label.child_nodes))  # nor is that of labels


def _controlled(body: ElementNode) -> set[str]:
    """Return the ids of the elements that controls of the page show and hide."""
    found: set[str] = set()
    for control in select(body, _CONTROLS)[:MAX_CONTROLS]:
        for name in _POINTERS:
            found.update(attribute(control, name).replace("#", " ").split())
    return found


def _is_panel(element: ElementNode, controlled: set[str]) -> bool:
    """Whether a hidden element is a panel that a control shows, rather than an overlay or a menu."""
    if element.matches(_SHOWN):
        return True
    if _OVERLAYS.search(f"{attribute(element, 'class')} {attribute(element, 'id')}"[:1000]) or not size(element):
        return False
    before = element.previous_element_sibling
    toggled = before is not None and (
        before.matches("[aria-expanded],summary") or before.query_selector("[aria-expanded]") is not None
    )
    return (toggled or attribute(element, "id") in controlled) and not leads_elsewhere(element)


def _is_title(button: ElementNode) -> bool:
    """Whether a button is the title of a panel that follows it."""
    panel = button.next_element_sibling
    if panel is None or size(button) < TITLE or not button.hasattr("aria-expanded"):
        return False
    return not leads_elsewhere(panel) and size(panel) > size(button) and not panel.matches("ul,ol,nav,menu,form")
