"""Parses pages and files of all formats."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec
from markdown_it import MarkdownIt

from lightship.core.model import Document, check_document, clean_text
from lightship.core.sections import LEVELS, MAX_HEADING, Section
from lightship.crawler.parsing.convert import to_html
from lightship.crawler.parsing.encodings.decode import read_characters
from lightship.crawler.parsing.encodings.media import (
    ASCIIDOC,
    DOCX,
    MARKDOWN,
    ODT,
    PDF,
    PLAIN,
    RST,
    RTF,
    TYPES,
    kind_of,
)
from lightship.crawler.parsing.formats.front_matter import read_front_matter
from lightship.crawler.parsing.formats.html_head import CONTENT, html_head
from lightship.crawler.parsing.formats.pdf import Pdf, read_pdf
from lightship.crawler.parsing.html.extract import MAX_TEXT, Page, collapsed, extract
from lightship.crawler.parsing.html.sections import begin_mark, without_marks
from lightship.crawler.parsing.html.selection import EVERYTHING, Choice
from lightship.crawler.parsing.signals.fingerprint import fingerprints
from lightship.documents.language import detect_language

LEFT_OUT = "left out: its front matter says that it is a draft, or not for search engines"

MAX_LINE = 120  # characters of a first line that is the title

_UNTITLED = frozenset({ASCIIDOC, DOCX, ODT, RST, RTF})  # whose first line is the title, if nothing says so

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
    kind = kind_of(content_type, body, url)
    found = _read(body, kind, content_type, url, robots=robots, agent=agent, choice=choice)
    return msgspec.structs.replace(found, type=TYPES.get(kind, "page"))


def _read(
    body: bytes, kind: str, content_type: str, url: str, *, robots: Iterable[str], agent: str, choice: Choice
) -> Page:
    if kind == PDF:
        return _pdf_page(read_pdf(body), url, robots, agent)
    if (html := to_html(body, kind, content_type)) is not None:
        whole = choice if choice.select else choice._replace(select=(CONTENT,))
        found = extract(html, url, robots=robots, agent=agent, choice=whole)
        return found if found.title or kind not in _UNTITLED else _titled(found)
    text, encoding = read_characters(body, content_type)
    if kind == PLAIN:
        return _text_page(extract("", url, robots=robots, agent=agent), text)
    if kind == MARKDOWN:
        return _markdown_page(text[: MAX_TEXT * 2], url, robots, agent)
    return extract(text, url, robots=robots, agent=agent, encoding=encoding, choice=choice)


def document_of(
    page: Page, url: str, *, title: str = "", modified: datetime | None = None, fetched: datetime | None = None
) -> Document:
    """Return the validated document of a page; raises InvalidDocumentError.

    `title` is used for a page without one; `modified` is the server's time, otherwise the page's own is used. The
    fields are those of page_fields.py and of front matter, the author and the time of publication.
    """
    fields = dict(page.fields)
    if page.author:
        fields.setdefault("author", page.author)
    if page.published:
        fields.setdefault("published", page.published.isoformat())
    return check_document(
        Document(
            url=url, title=page.title or title, text=page.text, sections=page.sections, description=page.description,
            language=page.language, modified=modified or page.modified or page.published, fetched=fetched, fields=fields,
            type=page.type,
        )
    )  # fmt: skip


def digest_of(document: Document) -> bytes:
    """Return a 16-byte digest of the searchable contents of `document`, without its times."""
    plain = msgspec.structs.replace(document, modified=None, fetched=None)
    return hashlib.blake2b(_encoder.encode(plain), digest_size=16).digest()


def _markdown_page(text: str, url: str, robots: Iterable[str], agent: str) -> Page:
    about, text = read_front_matter(text)
    head = html_head(
        about.title, about.language, author=about.author, description=about.description, created=about.created,
        modified=about.modified, robots="noindex" if about.draft else "",
    )  # fmt: skip
    page = extract(head + _markdown.render(text), url, robots=robots, agent=agent)
    return msgspec.structs.replace(page, fields={**page.fields, **about.fields})


def _text_page(found: Page, text: str) -> Page:
    """Return `found` with the contents of a plain text."""
    text = collapsed(clean_text(text))[:MAX_TEXT]
    alike, words = fingerprints(text)
    return msgspec.structs.replace(
        found, text=text, title=found.title or _first_line(text),
        language=detect_language(text, found.language), fingerprint=alike, words=words,
    )  # fmt: skip


def _titled(page: Page) -> Page:
    return msgspec.structs.replace(page, title=_first_line(page.text))


def _first_line(text: str) -> str:
    """Return the first line of `text` as a title; of a long one, which is a paragraph, its beginning."""
    line = text.partition("\n")[0]
    if len(line) <= MAX_LINE:
        return line
    beginning = line[:MAX_LINE]
    return f"{beginning.rpartition(' ')[0] or beginning}…"


def _pdf_page(pdf: Pdf, url: str, robots: Iterable[str], agent: str) -> Page:
    head = html_head(pdf.title, author=pdf.author, created=pdf.created, modified=pdf.modified)
    found = extract(head, url, robots=robots, agent=agent)
    pages = [clean_text(page).lstrip() for page in pdf.pages]
    text, places = without_marks(collapsed("\n\n".join(begin_mark(i) + page for i, page in enumerate(pages))))
    sections = _pdf_sections(pdf, text, {number: start for number, start, _ in places})
    return msgspec.structs.replace(_text_page(found, text), sections=sections)


def _pdf_sections(pdf: Pdf, text: str, starts: Mapping[int, int]) -> list[Section]:
    """Return the entries of the outline as sections, which begin where the text says so, or with their pages."""
    sections = []
    for said, number, level in pdf.outline:
        heading, start = " ".join(said.split())[:MAX_HEADING], starts.get(number - 1, len(text))
        if heading and start < MAX_TEXT:
            place = text.find(heading, start, starts.get(number, len(text)))
            anchor = f"page={number}"  # RFC 8118, section 3
            sections.append(Section(heading, max(place, start), min(level, LEVELS[-1]), anchor))
    return sorted(sections, key=lambda section: section.start)
