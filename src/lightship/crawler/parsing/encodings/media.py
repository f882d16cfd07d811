"""Readable media types, and their file name extensions."""

from __future__ import annotations

HTML = "text/html"
XHTML = "application/xhtml+xml"
MARKDOWN = "text/markdown"
PLAIN = "text/plain"
PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EPUB = "application/epub+zip"

DOCUMENTS = frozenset({PDF, DOCX, EPUB})
READABLE = frozenset({HTML, XHTML, MARKDOWN, PLAIN, *DOCUMENTS, ""})  # "" for a missing one

ENDINGS = {
    ".html": HTML, ".htm": HTML, ".xhtml": XHTML, ".md": MARKDOWN, ".markdown": MARKDOWN, ".txt": PLAIN, ".pdf": PDF,
    ".docx": DOCX, ".epub": EPUB,
}  # fmt: skip

TYPES = {  # what a document is called to people
    HTML: "page", XHTML: "page", MARKDOWN: "markdown", PLAIN: "text", PDF: "pdf", DOCX: "word", EPUB: "epub",
}  # fmt: skip


def kind_of(content_type: str, body: bytes) -> str:
    """Return the media type of `body`: from a header's value, or from its first bytes for a document."""
    kind = content_type.partition(";")[0].strip().lower()
    if body[:1024].lstrip().startswith(b"%PDF-"):
        return PDF
    if body.startswith(b"PK\x03\x04") and kind not in DOCUMENTS:
        return DOCX if b"word/document.xml" in body else EPUB if b"META-INF/container.xml" in body else kind
    return kind
