"""Converts documents of all formats but PDF, Markdown and plain text to HTML, to be read like a page."""

from __future__ import annotations

from collections.abc import Callable

from lightship.crawler.parsing.encodings import media
from lightship.crawler.parsing.encodings.decode import decode
from lightship.crawler.parsing.formats.office.epub import epub_to_html
from lightship.crawler.parsing.formats.office.opendocument import opendocument_to_html
from lightship.crawler.parsing.formats.office.rtf import rtf_to_html
from lightship.crawler.parsing.formats.office.sheets import xlsx_to_html
from lightship.crawler.parsing.formats.office.slides import pptx_to_html
from lightship.crawler.parsing.formats.office.word import docx_to_html
from lightship.crawler.parsing.formats.texts.asciidoc import asciidoc_to_html
from lightship.crawler.parsing.formats.texts.mail import mail_to_html
from lightship.crawler.parsing.formats.texts.notebook import notebook_to_html
from lightship.crawler.parsing.formats.texts.rst import rst_to_html
from lightship.crawler.parsing.formats.texts.subtitles import subtitles_to_html
from lightship.crawler.parsing.formats.texts.xml import xml_to_html

_TEXTS: dict[str, Callable[[str], str]] = {
    media.RST: rst_to_html, media.ASCIIDOC: asciidoc_to_html, media.SUBRIP: subtitles_to_html, media.WEBVTT: subtitles_to_html,
}  # fmt: skip
_FILES: dict[str, Callable[[bytes], str]] = {
    media.DOCX: docx_to_html, media.PPTX: pptx_to_html, media.XLSX: xlsx_to_html, media.EPUB: epub_to_html,
    media.ODT: opendocument_to_html, media.ODP: opendocument_to_html, media.ODS: opendocument_to_html,
    media.RTF: rtf_to_html, media.NOTEBOOK: notebook_to_html, media.MAIL: mail_to_html, media.XML: xml_to_html,
}  # fmt: skip


def to_html(body: bytes, kind: str, content_type: str) -> str | None:
    """Return a document of the media type `kind` as a page whose element CONTENT is all of it; None for other types.

    `content_type` is the header's value. Raises InvalidDocumentError.
    """
    if kind in _TEXTS:
        return _TEXTS[kind](decode(body, content_type))
    return _FILES[kind](body) if kind in _FILES else None
