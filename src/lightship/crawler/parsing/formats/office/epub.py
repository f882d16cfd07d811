"""Converts books (EPUB) to HTML."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from lightship.crawler.parsing.encodings.decode import decode
from lightship.crawler.parsing.formats.html_head import html_head, html_page, inner_html
from lightship.crawler.parsing.formats.office.zip import Archive, text_of

MAX_CHAPTERS = 2000

_NAMES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "opf": "http://www.idpf.org/2007/opf",
    "box": "urn:oasis:names:tc:opendocument:xmlns:container",
}


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
        return html_page(head, _chapters(archive, package, posixpath.dirname(path)))


def _chapters(archive: Archive, package: Element, folder: str) -> Iterator[str]:
    """Yield the inner HTML of the chapters of a book, in reading order, without its tables of contents."""
    items = {item.get("id"): item for item in package.iterfind(".//opf:manifest/opf:item", _NAMES)}
    for reference in package.findall(".//opf:spine/opf:itemref", _NAMES)[:MAX_CHAPTERS]:
        item = items.get(reference.get("idref"))
        if item is None or "nav" in item.get("properties", "").split() or "html" not in item.get("media-type", ""):
            continue
        name = posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))
        if name in archive.names:
            yield inner_html(decode(archive.read(name), "application/xhtml+xml"))
