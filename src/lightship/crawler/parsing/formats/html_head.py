"""Builds HTML pages from other kinds of documents: the head from their metadata, the content from their blocks."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from resiliparse.parse.html import HTMLTree

from lightship.crawler.parsing.html.tree import select

MAX_HTML = 8 << 20  # characters of a resulting page
NAMES = {"created": "dcterms.created", "modified": "dcterms.modified"}  # names that differ in HTML
CONTENT = "main"  # the element of html_page that is all content, with nothing around it to be recognised


def html_head(title: str, language: str = "", **facts: str) -> str:
    """Return a page up to the beginning of its body; `facts` are `author`, `description`, `created`, `modified`, `robots`."""
    metas = "".join(
        f'<meta name="{NAMES.get(name, name)}" content="{escape(value)}">' for name, value in facts.items() if value
    )
    return f'<html lang="{escape(language)}"><head><title>{escape(title)}</title>{metas}</head><body>'


def html_page(head: str, blocks: Iterable[str]) -> str:
    """Return a page of `blocks` of HTML, as many as MAX_HTML allows, within the element CONTENT."""
    pieces, left = [head, f"<{CONTENT}>"], MAX_HTML
    for block in blocks:
        pieces.append(block)
        left -= len(block)
        if left < 0:
            break
    return "".join(pieces)


def paragraph(text: str, level: int = 0) -> str:
    """Return a paragraph, or with a `level` a heading, as HTML; an empty string if it has no text."""
    tag = f"h{min(level, 6)}" if level else "p"
    return f"<{tag}>{escape(text)}</{tag}>" if text and not text.isspace() else ""


def code_block(text: str) -> str:
    """Return a text whose lines count as HTML."""
    return f"<pre>{escape(text)}</pre>" if text and not text.isspace() else ""


def row_of(cells: Iterable[str]) -> str:
    """Return a row of a table as HTML."""
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


def inner_html(page: str, left_out: str = "script,style,nav") -> str:
    """Return what is in the body of an HTML page, without the elements that match the selector `left_out`."""
    body = HTMLTree.parse(page).body
    if body is None:
        return ""
    for element in select(body, left_out):
        element.remove()
    return f"<article>{body.inner_html}</article>"
