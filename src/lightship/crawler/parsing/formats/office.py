"""Converts Word documents (DOCX) and books (EPUB) to HTML."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from html import escape
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from resiliparse.parse.html import HTMLTree

from lightship.crawler.parsing.encodings.decode import decode
from lightship.crawler.parsing.formats.html_head import html_head
from lightship.crawler.parsing.formats.zip import Archive, text_of
from lightship.crawler.parsing.html.tree import select

MAX_HTML = 8 << 20  # characters of the resulting page
MAX_CHAPTERS = 2000

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_NAMES = {
    "w": _WORD[1:-1],
    "dc": "http://purl.org/dc/elements/1.1/",
    "terms": "http://purl.org/dc/terms/",
    "opf": "http://www.idpf.org/2007/opf",
    "box": "urn:oasis:names:tc:opendocument:xmlns:container",
}


def docx_to_html(body: bytes) -> str:
    """Return a DOCX document as HTML: title, metadata, headings, paragraphs, tables. Raises InvalidDocumentError."""
    with Archive(body) as archive:
        root = archive.xml("word/document.xml")
        core = archive.xml("docProps/core.xml") if "docProps/core.xml" in archive.names else Element("none")
        levels = dict(_levels(archive.xml("word/styles.xml"))) if "word/styles.xml" in archive.names else {}
    head = html_head(
        text_of(core, "dc:title", _NAMES), text_of(core, "dc:language", _NAMES),
        author=text_of(core, "dc:creator", _NAMES), description=text_of(core, "dc:description", _NAMES),
        created=text_of(core, "terms:created", _NAMES), modified=text_of(core, "terms:modified", _NAMES),
    )  # fmt: skip
    content = root.find("w:body", _NAMES)
    return _joined(head, _blocks(content, levels) if content is not None else iter(()))


def epub_to_html(body: bytes) -> str:
    """Return an EPUB book as one HTML page, its chapters in reading order. Raises InvalidDocumentError."""
    with Archive(body) as archive:
        box = archive.xml("META-INF/container.xml").find(".//box:rootfile", _NAMES)
        path = box.get("full-path", "") if box is not None else ""
        package = archive.xml(path)
        head = html_head(
            text_of(package, ".//dc:title", _NAMES), text_of(package, ".//dc:language", _NAMES),
            author=text_of(package, ".//dc:creator", _NAMES), description=text_of(package, ".//dc:description", _NAMES),
            created=text_of(package, ".//dc:date", _NAMES),
        )  # fmt: skip
        return _joined(head, _chapters(archive, package, posixpath.dirname(path)))


def _joined(head: str, blocks: Iterator[str]) -> str:
    pieces, left = [head], MAX_HTML
    for block in blocks:
        pieces.append(block)
        left -= len(block)
        if left < 0:
            break
    return "".join(pieces)


def _levels(styles: Element) -> Iterator[tuple[str, int]]:
    """Yield the ids of heading styles with their levels from 1; style names are English in every language."""
    for style in styles.iterfind("w:style", _NAMES):
        name = style.find("w:name", _NAMES)
        found = re.fullmatch(
            r"(?:heading ([1-6])|(title))", name.get(f"{_WORD}val", "").lower() if name is not None else ""
        )
        if found:
            yield style.get(f"{_WORD}styleId", ""), int(found[1] or 1)


def _blocks(content: Element, levels: dict[str, int]) -> Iterator[str]:
    """Yield the paragraphs, headings and tables of a Word document as HTML."""
    waiting = [iter(content)]
    while waiting:
        element = next(waiting[-1], None)
        if element is None:
            waiting.pop()
        elif element.tag == f"{_WORD}p":
            yield _paragraph(element, levels)
        elif element.tag == f"{_WORD}tbl":
            rows = ("".join(f"<td>{escape(_text(cell))}</td>" for cell in row.iterfind("w:tc", _NAMES))
                    for row in element.iterfind("w:tr", _NAMES))  # fmt: skip
            yield f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"
        elif element.tag == f"{_WORD}sdt" and (inner := element.find("w:sdtContent", _NAMES)) is not None:
            waiting.append(iter(inner))


def _paragraph(element: Element, levels: dict[str, int]) -> str:
    style = element.find("w:pPr/w:pStyle", _NAMES)
    level = levels.get(style.get(f"{_WORD}val", "") if style is not None else "")
    tag = f"h{level}" if level else "p"
    return f"<{tag}>{escape(_text(element))}</{tag}>"


def _text(element: Element) -> str:
    """Return the text of a paragraph or cell, without deleted text."""
    pieces = []
    for piece in element.iter():
        if piece.tag == f"{_WORD}t":
            pieces.append(piece.text or "")
        elif piece.tag in (f"{_WORD}tab", f"{_WORD}br", f"{_WORD}cr", f"{_WORD}p"):
            pieces.append(" ")
    return "".join(pieces).strip()


def _chapters(archive: Archive, package: Element, folder: str) -> Iterator[str]:
    """Yield the inner HTML of the chapters of a book, in reading order, without its tables of contents."""
    items = {item.get("id"): item for item in package.iterfind(".//opf:manifest/opf:item", _NAMES)}
    for reference in package.findall(".//opf:spine/opf:itemref", _NAMES)[:MAX_CHAPTERS]:
        item = items.get(reference.get("idref"))
        if item is None or "nav" in item.get("properties", "").split() or "html" not in item.get("media-type", ""):
            continue
        name = posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))
        if name not in archive.names:
            continue
        body = HTMLTree.parse(decode(archive.read(name), "application/xhtml+xml")).body
        if body is not None:
            for element in select(body, "script,style,nav"):
                element.remove()
            yield f"<article>{body.inner_html}</article>"
