"""Chooses, by the CSS selectors of a source's rules, what of its pages becomes text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import ElementNode, HTMLTree
from resiliparse.parse.html.exception import CSSParserException

from lightship.crawler.parsing.html.content import Content
from lightship.crawler.parsing.html.hidden import keep_drawings, set_pictures_apart
from lightship.crawler.parsing.html.sections import mark_headings
from lightship.crawler.parsing.html.tree import document_of_tree, select

MAX_ELEMENTS = 1000  # that are selected on a page

_NO_TEXT = "script,style,template,noscript,svg"


class Choice(NamedTuple):
    """CSS selectors of what is read of a page, if any of them matches, and of what is left out of it."""

    select: Sequence[str] = ()
    drop: Sequence[str] = ()

    def content(self, tree: HTMLTree) -> Content | None:
        """Return what is selected of the page, as it is; None if nothing is. `tree` is reduced to it."""
        body = tree.body
        if body is None or not self.select:
            return None
        self._remove(body)
        chosen: list[ElementNode] = []
        for element in select(body, ",".join(self.select))[:MAX_ELEMENTS]:
            if not chosen or not chosen[-1].contains(element):
                chosen.append(element)
        if not chosen:
            return None
        body.replace_children(*chosen)
        keep_drawings(tree, body)
        set_pictures_apart(body)
        for element in select(body, _NO_TEXT):
            element.remove()
        marked = mark_headings(document_of_tree(tree))
        return Content(str(extract_plain_text(tree)), marked)

    def reduced(self, tree: HTMLTree, html: str) -> str:
        """Remove what is dropped from the `tree` of `html`; return its HTML then."""
        if tree.body is None or not self.drop:
            return html
        self._remove(tree.body)
        return str(tree)

    def _remove(self, body: ElementNode) -> None:
        for element in select(body, ",".join(self.drop)) if self.drop else ():
            element.remove()


EVERYTHING = Choice()


def check_selector(text: str) -> None:
    """Raise ValueError if `text` is not a CSS selector."""
    try:
        document_of_tree(HTMLTree.parse("<p>")).query_selector(text)
    except CSSParserException as error:
        raise ValueError(f"{text!r} is not a CSS selector; write it like div.content or #main") from error
