"""Converts XML that browsers show, since it names a stylesheet, to HTML: its text, without applying the stylesheet."""

from __future__ import annotations

from collections.abc import Iterator
from html.entities import entitydefs
from xml.etree.ElementTree import ParseError, XMLParser

import msgspec

from lightship.core.errors import InvalidDocumentError
from lightship.crawler.parsing.encodings.decode import decode
from lightship.crawler.parsing.encodings.media import XML
from lightship.crawler.parsing.formats.html_head import html_head, html_page, paragraph
from lightship.crawler.parsing.formats.office.zip import MAX_DEPTH, MAX_ELEMENTS, EnoughError, Events

_XHTML = "{http://www.w3.org/1999/xhtml}html"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_LISTS = frozenset({"rss", "feed", "RDF", "urlset", "sitemapindex", "opml"})  # read as such, or of no use to readers
_LEFT_OUT = frozenset({"script", "style", "svg", "math", "index", "indexterm", "toc"})
_TITLES = frozenset({"title", "head", "heading", "caption"})


class _Block(msgspec.Struct):
    text: str
    level: int = 0  # of a heading


class _Frame(msgspec.Struct):
    """An open element: its texts, and what its children contain."""

    name: str
    items: list[str | list[_Block]] = []
    has_text: bool = False


def xml_to_html(body: bytes) -> str:
    """Return an XML page as HTML. Raises InvalidDocumentError for one without a stylesheet, and for lists of pages."""
    text = decode(body, XML)
    if "<!ENTITY" in text:
        raise InvalidDocumentError("XML that declares entities is not read: they can expand without limit")
    reader = _Reader()
    parser = XMLParser(target=reader)  # noqa: S314 - what declares entities is refused above
    parser.entity.update(entitydefs)
    try:
        parser.feed(text)
        parser.close()
    except EnoughError:
        return text
    except (ParseError, ValueError) as error:
        raise InvalidDocumentError(f"not valid XML: {error}") from error
    return html_page(html_head("", reader.language), (paragraph(each.text, each.level) for each in reader.blocks))


class _Reader(Events):
    """Takes the text apart: an element without text of its own consists of blocks, one with text is a block."""

    def __init__(self) -> None:
        self.blocks: list[_Block] = []
        self.language = ""
        self._open: list[_Frame] = []
        self._left, self._out, self._styled = MAX_ELEMENTS, 0, False

    def pi(self, target: str, _: str) -> None:
        """Take a processing instruction."""
        self._styled = self._styled or target == "xml-stylesheet"

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        """Take a document type, which declares no entities."""

    def start(self, tag: str, attributes: dict[str, str], /) -> None:
        name = tag.rpartition("}")[2]
        if not self._open:
            self._begin(tag, name)
            self.language = attributes.get(_LANGUAGE, "")
        self._left -= 1
        if self._left < 0 or len(self._open) == MAX_DEPTH:
            raise ValueError(f"more than {MAX_ELEMENTS} elements, or nested more than {MAX_DEPTH} deep")
        self._open.append(_Frame(name))
        self._out += name in _LEFT_OUT

    def _begin(self, tag: str, name: str) -> None:
        if tag == _XHTML:
            raise EnoughError
        if not self._styled or name in _LISTS:
            raise InvalidDocumentError(
                f"XML that is not a page: <{name[:100]}> has no stylesheet, or is a list of pages"
            )

    def data(self, text: str, /) -> None:
        if not self._out and self._open:
            frame = self._open[-1]
            frame.items.append(text)
            frame.has_text = frame.has_text or not text.isspace()

    def end(self, tag: str, /) -> None:
        frame, level = self._open.pop(), 0
        self._out -= frame.name in _LEFT_OUT
        if frame.name in _TITLES:
            level = len(self._open) or 1
        blocks = list(_blocks(frame, level))
        if not self._open:
            self.blocks = blocks
        elif blocks:
            self._open[-1].items.append(blocks)


def _blocks(frame: _Frame, level: int) -> Iterator[_Block]:
    if frame.has_text:
        pieces = (item if isinstance(item, str) else " ".join(each.text for each in item) for item in frame.items)
        yield _Block(" ".join("".join(pieces).split()), level)
    else:
        for item in frame.items:
            yield from item if isinstance(item, list) else ()
