"""Converts Word documents (DOCX) to HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from lightship.crawler.parsing.formats.html_head import html_page, paragraph, row_of
from lightship.crawler.parsing.formats.office.ooxml import head_of
from lightship.crawler.parsing.formats.office.zip import Archive

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_NAMES = {
    "w": _WORD[1:-1],
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
}
_PICTURE = f"{{{_NAMES['wp']}}}docPr"
_HEADING = re.compile(r"heading ([1-6])|(title)")
_OUTLINE = {**{str(level): level + 1 for level in range(9)}, "9": 0}  # levels of headings by outline levels; 9: text
MAX_BASES = 10  # styles on which one is based, one on the other
_USUAL = {
    "Title": 1,
    **{f"Heading{level}": level for level in range(1, 7)},
}  # ids of styles, in files without a list of them


def docx_to_html(body: bytes) -> str:
    """Return a DOCX document as HTML: title, metadata, headings, paragraphs, tables. Raises InvalidDocumentError."""
    with Archive(body) as archive:
        root = archive.xml("word/document.xml")
        levels = _levels(archive.xml("word/styles.xml")) if "word/styles.xml" in archive.names else _USUAL
        head = head_of(archive)
    content = root.find("w:body", _NAMES)
    return html_page(head, _blocks(content, levels) if content is not None else iter(()))


def _levels(styles: Element) -> dict[str, int]:
    """Return the levels of heading styles, from 1, by their ids; style names are English in every language.

    A style is a heading by its name, its outline level, or the style that it is based on.
    """
    levels: dict[str, int] = {}
    bases: dict[str, str] = {}
    for style in styles.iterfind("w:style", _NAMES):
        identity, said = style.get(f"{_WORD}styleId", ""), _outline(style.find("w:pPr/w:outlineLvl", _NAMES))
        if found := _HEADING.fullmatch(_value(style.find("w:name", _NAMES)).lower()):
            levels[identity] = int(found[1] or 1)
        elif said is not None:
            levels[identity] = said
        else:
            bases[identity] = _value(style.find("w:basedOn", _NAMES))
    for _ in range(MAX_BASES):
        levels |= {identity: levels[base] for identity, base in bases.items() if base in levels}
    return levels


def _outline(element: Element | None) -> int | None:
    """Return the level of a heading from 1; 0 for none; None without an outline level."""
    return _OUTLINE.get(_value(element))


def _value(element: Element | None) -> str:
    return element.get(f"{_WORD}val", "") if element is not None else ""


def _blocks(content: Element, levels: dict[str, int]) -> Iterator[str]:
    """Yield the paragraphs, headings and tables of a Word document as HTML."""
    waiting = [iter(content)]
    while waiting:
        element = next(waiting[-1], None)
        if element is None:
            waiting.pop()
        elif element.tag == f"{_WORD}p":
            own = _outline(element.find("w:pPr/w:outlineLvl", _NAMES))
            styled = levels.get(_value(element.find("w:pPr/w:pStyle", _NAMES)), 0)
            yield paragraph(_text(element), min(styled if own is None else own, 6))
        elif element.tag == f"{_WORD}tbl":
            rows = (row_of(map(_text, row.iterfind("w:tc", _NAMES))) for row in element.iterfind("w:tr", _NAMES))
            yield f"<table>{''.join(rows)}</table>"
        elif element.tag == f"{_WORD}sdt" and (inner := element.find("w:sdtContent", _NAMES)) is not None:
            waiting.append(iter(inner))


def _text(element: Element) -> str:
    """Return the text of a paragraph or cell, without deleted text, and the texts of its pictures."""
    pieces = []
    for piece in element.iter():
        if piece.tag == f"{_WORD}t":
            pieces.append(piece.text or "")
        elif piece.tag == _PICTURE:
            pieces.append(f" {piece.get('descr', '')} ")
        elif piece.tag in (f"{_WORD}tab", f"{_WORD}br", f"{_WORD}cr", f"{_WORD}p"):
            pieces.append(" ")
    return "".join(pieces).strip()
