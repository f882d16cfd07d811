"""Helpers for parsed pages."""

from __future__ import annotations

from resiliparse.parse.html import DocumentNode, ElementNode, HTMLTree

from lightship.core.errors import InvalidDocumentError

MAX_RISE = 10  # elements around another that are looked at


def document_of_tree(tree: HTMLTree) -> DocumentNode:
    """Return the document of a parsed page; raises InvalidDocumentError if there is none."""
    if tree.document is None:
        raise InvalidDocumentError("unparsable HTML")
    return tree.document


def select(node: DocumentNode | ElementNode, selector: str) -> list[ElementNode]:
    """Return the elements below `node` that match a CSS selector, in document order."""
    return list(node.query_selector_all(selector).values())  # iterating over the live list is quadratic


def is_within(element: ElementNode, selector: str) -> bool:
    """Whether `element`, or one of the nearest elements around it, matches a CSS selector."""
    around: ElementNode | None = element
    for _ in range(MAX_RISE):  # `closest` rises through all of a page that is nested deeply
        if around is None:
            break
        if around.matches(selector):
            return True
        around = around.parent_element
    return False


def attribute(element: ElementNode, name: str) -> str:
    """Return the value of an attribute, or an empty string."""
    return element.getattr(name) or ""


def words(element: ElementNode, name: str) -> set[str]:
    """Return the words of an attribute like `rel`, in lower case."""
    value = element.getattr(name)
    return set(value.lower().split()) if value else set()


def line(text: str) -> str:
    """Return `text` with white space collapsed to single spaces."""
    return " ".join(text.split())
