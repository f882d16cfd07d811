"""The main text of a page and its headings, without what frames the content of every page of a site."""

from __future__ import annotations

from typing import NamedTuple

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from lightship.crawler.reading.headings import read_headings
from lightship.crawler.reading.tree import document_of_tree

MAX_DEPTH = 1000  # of nested elements: finding the main content takes time quadratic in it
ENOUGH_TEXT = 200  # characters
MAIN_SHARE = 0.25  # main content that is a smaller share of the whole text was recognised wrongly

_TOO_DEEP = ">".join(["*"] * MAX_DEPTH)


class Content(NamedTuple):
    """The main text of a page, and its headings with their anchors."""

    text: str
    headings: list[tuple[str, str]]


def read_content(tree: HTMLTree) -> Content:
    """Return the main content, or all text when hardly any of that was taken for main content."""
    document = document_of_tree(tree)
    headings = read_headings(document)
    whole: str = extract_plain_text(tree, main_content=False)
    if document.query_selector(_TOO_DEEP) is not None:
        return Content(whole, headings)
    main: str = extract_plain_text(tree, main_content=True)
    small = len(main) < MAIN_SHARE * len(whole) or (len(main) < ENOUGH_TEXT and len(main) < len(whole) / 2)
    return Content(whole if small else main, headings)
