"""Converts texts, spreadsheets and presentations of OpenDocument (ODT, ODS, ODP; ISO 26300) to HTML."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from lightship.crawler.parsing.formats.html_head import html_head, html_page, paragraph, row_of
from lightship.crawler.parsing.formats.office.zip import Archive, text_of

_URN = "urn:oasis:names:tc:opendocument:xmlns:"
_NAMES = {
    "office": f"{_URN}office:1.0",
    "text": f"{_URN}text:1.0",
    "table": f"{_URN}table:1.0",
    "meta": f"{_URN}meta:1.0",
    "dc": "http://purl.org/dc/elements/1.1/",
}
_TEXT, _TABLE = f"{{{_NAMES['text']}}}", f"{{{_NAMES['table']}}}"
_TITLE = f"{{{_URN}presentation:1.0}}class"
_SVG = f"{{{_URN}svg-compatible:1.0}}"
_PICTURES = (f"{_SVG}title", f"{_SVG}desc")  # texts of pictures
_LEFT_OUT = frozenset({  # what was deleted, remarks, and lists of the headings
    f"{_TEXT}tracked-changes", f"{_TEXT}table-of-content", f"{{{_NAMES['office']}}}annotation",
    f"{{{_NAMES['office']}}}forms", f"{_TEXT}sequence-decls",
})  # fmt: skip


def opendocument_to_html(body: bytes) -> str:
    """Return an OpenDocument file as HTML: metadata, headings, paragraphs, tables. Raises InvalidDocumentError."""
    with Archive(body) as archive:
        content = archive.xml("content.xml").find("office:body", _NAMES)
        meta = archive.xml("meta.xml") if "meta.xml" in archive.names else Element("none")
    head = html_head(
        text_of(meta, ".//dc:title", _NAMES), text_of(meta, ".//dc:language", _NAMES),
        author=text_of(meta, ".//meta:initial-creator", _NAMES) or text_of(meta, ".//dc:creator", _NAMES),
        description=text_of(meta, ".//dc:description", _NAMES),
        created=text_of(meta, ".//meta:creation-date", _NAMES), modified=text_of(meta, ".//dc:date", _NAMES),
    )  # fmt: skip
    return html_page(head, _blocks(content) if content is not None else iter(()))


def _blocks(content: Element) -> Iterator[str]:
    """Yield the headings, paragraphs and rows below `content` as HTML, whatever they are in."""
    waiting = [iter(content)]
    while waiting:
        element = next(waiting[-1], None)
        if element is None:
            waiting.pop()
        elif element.tag == f"{_TEXT}h":
            yield paragraph(_text(element), _level(element))
        elif element.tag == f"{_TEXT}p" or element.tag in _PICTURES:
            yield paragraph(_text(element))
        elif element.tag == f"{_TABLE}table-row":
            yield f"<table>{row_of(filter(None, map(_text, element)))}</table>"
        elif element.tag not in _LEFT_OUT:
            if element.get(_TITLE) == "title":
                yield paragraph(_text(element), 2)
            else:
                waiting.append(iter(element))


def _level(heading: Element) -> int:
    said = heading.get(f"{_TEXT}outline-level", "1")
    return int(said) if said in {"1", "2", "3", "4", "5", "6"} else 6


def _text(element: Element) -> str:
    """Return the text of an element, its paragraphs separated by spaces."""
    pieces: list[str] = []
    waiting = [(element, iter(element))]
    pieces.append(element.text or "")
    while waiting:
        around, rest = waiting[-1]
        inner = next(rest, None)
        if inner is None:
            waiting.pop()
            if waiting:
                pieces.append(around.tail or "")
        elif inner.tag in _LEFT_OUT:
            pieces.append(inner.tail or "")
        else:
            pieces += [_before(inner), inner.text or ""]
            waiting.append((inner, iter(inner)))
    return " ".join("".join(pieces).split())


def _before(element: Element) -> str:
    """Return what an element stands for before its own text."""
    apart = element.tag in (f"{_TEXT}p", f"{_TEXT}h", f"{_TEXT}s", f"{_TEXT}tab", f"{_TEXT}line-break")
    return " " if apart or element.tag in _PICTURES or element.tag == f"{_TEXT}note" else ""
