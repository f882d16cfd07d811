"""Parses pages and files of all formats: HTML, Markdown, plain text, PDF, Word, EPUB."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

import msgspec
from markdown_it import MarkdownIt

from lightship.core.model import Document, check_document, clean_text
from lightship.crawler.parsing.encodings.decode import read_characters
from lightship.crawler.parsing.encodings.media import DOCX, EPUB, MARKDOWN, PDF, PLAIN, kind_of
from lightship.crawler.parsing.formats.office import docx_to_html, epub_to_html
from lightship.crawler.parsing.formats.pdf import Pdf, read_pdf
from lightship.crawler.parsing.html.extract import MAX_TEXT, MAX_TITLE, Page, extract, plain_text
from lightship.crawler.parsing.html.fingerprint import fingerprint, telling_words
from lightship.crawler.parsing.html.head import html_head
from lightship.crawler.parsing.html.headings import MAX_HEADING
from lightship.crawler.parsing.html.selection import EVERYTHING, Choice
from lightship.documents.language import detect_language

_markdown = MarkdownIt("commonmark").enable("table")
_encoder = msgspec.msgpack.Encoder()


def read_page(
    body: bytes,
    content_type: str,
    url: str,
    *,
    robots: Iterable[str] = (),
    agent: str = "",
    choice: Choice = EVERYTHING,
) -> Page:
    """Return the contents of `body`, parsed according to its `content_type` (a header's value).

    `robots`, `agent` and `choice` as in extract. Raises InvalidDocumentError for a binary or unreadable document.
    """
    kind = kind_of(content_type, body)
    encoding = "utf-8"
    if kind == PDF:
        return _pdf_page(read_pdf(body), url, robots, agent)
    if kind in (DOCX, EPUB):
        text = docx_to_html(body) if kind == DOCX else epub_to_html(body)
    else:
        text, encoding = read_characters(body, content_type)
    if kind == PLAIN:
        return _text_page(extract("", url, robots=robots, agent=agent), text)
    if kind == MARKDOWN:
        text = _markdown.render(_without_front_matter(text[: MAX_TEXT * 2]))
    return extract(text, url, robots=robots, agent=agent, encoding=encoding, choice=choice)


def document_of(
    page: Page, url: str, *, title: str = "", modified: datetime | None = None, fetched: datetime | None = None
) -> Document:
    """Return the validated document of a page; raises InvalidDocumentError.

    `title` is used for a page without one; `modified` is the server's time, otherwise the page's own is used. The
    fields are those of page_fields.py, the author, time of publication and the anchors of the headings (`#id`, or empty).
    """
    fields = dict(page.fields)
    if page.author:
        fields.setdefault("author", page.author)
    if page.published:
        fields.setdefault("published", page.published.isoformat())
    if any(page.anchors):
        fields["anchors"] = [f"#{anchor}" if anchor else "" for anchor in page.anchors]
    return check_document(
        Document(
            url=url, title=page.title or title, text=page.text, headings=page.headings, description=page.description,
            language=page.language, modified=modified or page.modified or page.published, fetched=fetched, fields=fields,
        )
    )  # fmt: skip


def digest_of(document: Document) -> bytes:
    """Return a 16-byte digest of the searchable contents of `document`, without its times."""
    plain = msgspec.structs.replace(document, modified=None, fetched=None)
    return hashlib.blake2b(_encoder.encode(plain), digest_size=16).digest()


def _text_page(found: Page, text: str) -> Page:
    """Return `found` with the contents of a plain text."""
    text = plain_text(clean_text(text))
    return msgspec.structs.replace(
        found, text=text, title=found.title or text.partition("\n")[0][:MAX_TITLE],
        language=detect_language(text, found.language), fingerprint=fingerprint(text), words=telling_words(text),
    )  # fmt: skip


def _pdf_page(pdf: Pdf, url: str, robots: Iterable[str], agent: str) -> Page:
    head = html_head(pdf.title, author=pdf.author, created=pdf.created, modified=pdf.modified)
    found = extract(head, url, robots=robots, agent=agent)
    headings = [" ".join(heading.split())[:MAX_HEADING] for heading, _ in pdf.headings]
    anchors = [f"page={number}" for _, number in pdf.headings]  # RFC 8118, section 3
    return msgspec.structs.replace(_text_page(found, pdf.text), headings=headings, anchors=anchors)


def _without_front_matter(text: str) -> str:
    """Return Markdown without a leading block of metadata between two `---` lines."""
    if text.startswith("---\n") and (end := text.find("\n---\n", 3)) > 0:
        return text[end + 5 :]
    return text
