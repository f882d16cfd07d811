"""Small questions to a parsed page."""

from __future__ import annotations

from resiliparse.parse.html import DocumentNode, ElementNode, HTMLTree

from lightship.core.errors import InvalidDocumentError


def document_of_tree(tree: HTMLTree) -> DocumentNode:
    """Return the document of a parsed page; raises InvalidDocumentError when there is none."""
    if tree.document is None:
        raise InvalidDocumentError("not HTML that can be parsed")
    return tree.document


def select(node: DocumentNode | ElementNode, selector: str) -> list[ElementNode]:
    """Return the elements below `node` that a CSS selector selects, in the order of the page."""
    return list(node.query_selector_all(selector).values())  # iterating over the live list is quadratic


def attribute(element: ElementNode, name: str) -> str:
    """Return the value of an attribute; empty when it is absent."""
    return element.getattr(name) or ""


def words(element: ElementNode, name: str) -> set[str]:
    """Return the words of an attribute like `rel`, in lower case."""
    return set(attribute(element, name).lower().split())


def line(text: str) -> str:
    """Return `text` with each run of blanks made one space."""
    return " ".join(text.split())
