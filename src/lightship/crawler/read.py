"""From the bytes of a page or file to what it holds: HTML, Markdown or plain text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

import msgspec
from markdown_it import MarkdownIt

from lightship.crawler.decode import read_characters
from lightship.crawler.extract import MAX_TEXT, MAX_TITLE, Page, extract, plain_text
from lightship.crawler.reading.fingerprint import fingerprint
from lightship.language import detect_language
from lightship.model import Document, FieldValue, check_document

MARKDOWN = "text/markdown"
PLAIN = "text/plain"
HTML = "text/html"

_markdown = MarkdownIt("commonmark").enable("table")
_encoder = msgspec.msgpack.Encoder()


def read_page(body: bytes, content_type: str, url: str, *, robots: Iterable[str] = (), agent: str = "") -> Page:
    """Return what `body` holds, read as its `content_type` (a header's value) says.

    `robots` and `agent` as in extract. Raises InvalidDocumentError for a binary.
    """
    text, encoding = read_characters(body, content_type)
    kind = content_type.partition(";")[0].strip().lower()
    if kind == MARKDOWN:
        text = _markdown.render(_without_front_matter(text[: MAX_TEXT * 2]))
    elif kind == PLAIN:
        found = extract("", url, robots=robots, agent=agent)
        text = plain_text(text)
        return msgspec.structs.replace(
            found, text=text, title=text.partition("\n")[0][:MAX_TITLE], language=detect_language(text),
            fingerprint=fingerprint(text),
        )  # fmt: skip
    return extract(text, url, robots=robots, agent=agent, encoding=encoding)


def document_of(
    page: Page, url: str, *, title: str = "", modified: datetime | None = None, fetched: datetime | None = None
) -> Document:
    """Return the checked document of a page; raises InvalidDocumentError.

    `title` is for a page that has none, `modified` what its server says, else the page's own word counts. Its author,
    time of publication and the anchors of its headings (`#id`, empty for none) become fields.
    """
    fields: dict[str, FieldValue] = {}
    if page.author:
        fields["author"] = page.author
    if page.published:
        fields["published"] = page.published.isoformat()
    if any(page.anchors):
        fields["anchors"] = [f"#{anchor}" if anchor else "" for anchor in page.anchors]
    return check_document(
        Document(
            url=url, title=page.title or title, text=page.text, headings=page.headings, description=page.description,
            language=page.language, modified=modified or page.modified or page.published, fetched=fetched, fields=fields,
        )
    )  # fmt: skip


def digest_of(document: Document) -> bytes:
    """Return 16 bytes that change when what people find of `document` changes; its times don't count."""
    plain = msgspec.structs.replace(document, modified=None, fetched=None)
    return hashlib.blake2b(_encoder.encode(plain), digest_size=16).digest()


def _without_front_matter(text: str) -> str:
    """Return Markdown without the block of metadata between two `---` lines that it may begin with."""
    if text.startswith("---\n") and (end := text.find("\n---\n", 3)) > 0:
        return text[end + 5 :]
    return text
