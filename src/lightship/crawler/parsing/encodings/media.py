"""Readable media types, and their file name extensions."""

from __future__ import annotations

import posixpath
from urllib.parse import urlsplit

_OFFICE, _OPEN = "application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument."

HTML = "text/html"
XHTML = "application/xhtml+xml"
XML = "application/xml"
MARKDOWN = "text/markdown"
RST = "text/x-rst"
ASCIIDOC = "text/asciidoc"
PLAIN = "text/plain"
SUBRIP = "application/x-subrip"
WEBVTT = "text/vtt"
MAIL = "message/rfc822"
NOTEBOOK = "application/x-ipynb+json"
RTF = "application/rtf"
PDF = "application/pdf"
EPUB = "application/epub+zip"
DOCX = f"{_OFFICE}wordprocessingml.document"
PPTX = f"{_OFFICE}presentationml.presentation"
XLSX = f"{_OFFICE}spreadsheetml.sheet"
ODT, ODP, ODS = f"{_OPEN}text", f"{_OPEN}presentation", f"{_OPEN}spreadsheet"

ARCHIVES = frozenset({EPUB, DOCX, PPTX, XLSX, ODT, ODP, ODS})
SLOW = frozenset({PDF, RTF, *ARCHIVES})  # take many times as long as others
TYPES = {  # what a document is called to people
    HTML: "page", XHTML: "page", XML: "page", MARKDOWN: "markdown", RST: "rst", ASCIIDOC: "asciidoc", PLAIN: "text",
    SUBRIP: "subtitles", WEBVTT: "subtitles", MAIL: "mail", NOTEBOOK: "notebook", RTF: "rtf", PDF: "pdf", EPUB: "epub",
    DOCX: "word", PPTX: "presentation", XLSX: "spreadsheet", ODT: "odt", ODP: "presentation", ODS: "spreadsheet",
}  # fmt: skip
READABLE = frozenset({*TYPES, ""})  # "" for a missing one

ENDINGS = {
    ".html": HTML, ".htm": HTML, ".xhtml": XHTML, ".md": MARKDOWN, ".markdown": MARKDOWN, ".rst": RST, ".adoc": ASCIIDOC,
    ".asciidoc": ASCIIDOC, ".txt": PLAIN, ".srt": SUBRIP, ".vtt": WEBVTT, ".eml": MAIL, ".ipynb": NOTEBOOK, ".rtf": RTF,
    ".pdf": PDF, ".epub": EPUB, ".docx": DOCX, ".pptx": PPTX, ".xlsx": XLSX, ".odt": ODT, ".odp": ODP, ".ods": ODS,
}  # fmt: skip

_OTHER_NAMES = {
    "text/xml": XML, "text/x-markdown": MARKDOWN, "text/prs.fallenstein.rst": RST, "text/x-asciidoc": ASCIIDOC,
    "text/srt": SUBRIP, "application/x-ipynb": NOTEBOOK, "text/rtf": RTF, "application/x-rtf": RTF,
}  # fmt: skip
_MARKUP = frozenset({HTML, XHTML})  # saved or shown as text by browsers, too, if it is not sent as markup
_VAGUE = {  # types that servers use for what they do not know: the types that it is not, whatever its url ends in
    "application/octet-stream": _MARKUP, "binary/octet-stream": _MARKUP, "application/json": _MARKUP, "application/zip": _MARKUP,
    PLAIN: _MARKUP | SLOW, "": _MARKUP | SLOW,
}  # fmt: skip
_PARTS = {
    b"word/document.xml": DOCX,
    b"ppt/presentation.xml": PPTX,
    b"xl/workbook.xml": XLSX,
    b"META-INF/container.xml": EPUB,
}
_NAME = b"mimetype"  # of the first file in the archives of OpenDocument and EPUB; it contains the type


def media_type(content_type: str, url: str) -> str:
    """Return the media type in a header's value, or what the ending of `url` says where a server does not know it."""
    kind = content_type.partition(";")[0].strip().lower()
    kind = _OTHER_NAMES.get(kind, kind)
    said = ENDINGS.get(posixpath.splitext(urlsplit(url).path)[1].lower(), "") if kind in _VAGUE else ""
    return said if said and said not in _VAGUE[kind] else kind


def kind_of(content_type: str, body: bytes, url: str = "") -> str:
    """Return the media type of `body`: from its first bytes, a header's value, or the ending of its `url`."""
    kind = media_type(content_type, url)
    start = body[:1024].lstrip()
    if start.startswith(b"%PDF-"):
        return PDF
    if start.startswith(b"{\\rtf"):
        return RTF
    if body.startswith(b"PK\x03\x04") and kind not in ARCHIVES:
        named = next((each for each in ARCHIVES if body.startswith(_NAME + each.encode() + b"PK", 30)), "")
        return named or next((each for part, each in _PARTS.items() if part in body), kind)
    return kind
