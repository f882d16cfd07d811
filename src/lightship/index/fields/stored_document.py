"""The stored form of a document: what a result shows, in a form that is cheap to read."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import pairwise

import msgspec
import tantivy

from lightship.core.model import Document, FieldValue
from lightship.core.sections import RANKED_LEVELS, Section
from lightship.index.fields.address import Address
from lightship.index.fields.fragments import fragment_of


class StoredSections(msgspec.Struct, frozen=True, array_like=True):
    """The sections of a document in order. A few long values take less time to read than a few of each section."""

    starts: list[int]  # bytes of the text
    bodies: list[int]  # where the headings end
    levels: bytes
    headings: str  # a line each
    fragments: str  # a line each: percent-encoded, empty for a section without an anchor


class StoredDocument(msgspec.Struct, frozen=True, array_like=True):
    """The stored part of a document; `modified` is in seconds since the epoch, 0 if unknown."""

    url: str
    site: str
    title: str
    text: bytes  # UTF-8; only the passage that is shown gets decoded
    description: str
    language: str | None
    modified: int
    fields: dict[str, FieldValue]
    sections: StoredSections | None = None
    type: str = ""
    headings: str = ""  # a line each: those that are ranked and not of a section

    @property
    def modified_time(self) -> datetime | None:
        """When the document was last modified, as an aware datetime."""
        return datetime.fromtimestamp(self.modified, UTC) if self.modified else None


_encoder = msgspec.msgpack.Encoder()
decode_source = msgspec.msgpack.Decoder(StoredDocument).decode

_PAGE = "page"
_TYPES = {
    "adoc": "asciidoc", "asciidoc": "asciidoc", "docx": "word", "eml": "mail", "epub": "epub", "ipynb": "notebook", "markdown": "markdown",
    "md": "markdown", "odp": "presentation", "ods": "spreadsheet", "odt": "odt", "pdf": "pdf", "pptx": "presentation", "rst": "rst",
    "rtf": "rtf", "srt": "subtitles", "txt": "text", "vtt": "subtitles", "xlsx": "spreadsheet",
}  # fmt: skip

_ASCII = bytes(range(0x80))
_OTHERS = 8  # at most one byte in so many may be outside ASCII: as text, it takes two


def add_source(made: tantivy.Document, document: Document, address: Address) -> None:
    """Add `document` in its stored form to `made`."""
    stored = _encoder.encode(
        StoredDocument(
            document.url,
            address.site,
            document.title,
            document.text.encode(),
            document.description,
            document.language,
            modified_seconds(document),
            document.fields,
            _stored_sections(document) if document.sections else None,
            type_of(document, address.ending),
            "\n".join(" ".join(heading.split()) for heading in document.headings),
        )
    )
    _add_stored(made, stored)


def _add_stored(made: tantivy.Document, stored: bytes) -> None:
    """Add an encoded document to `made`.

    tantivy reads a value of bytes one by one, 12 us for an ordinary page, but text as a whole. So a page in Latin letters
    is stored as text, whose characters are the bytes.
    """
    if len(stored.translate(None, _ASCII)) * _OTHERS <= len(stored):
        made.add_text("source", stored.decode("latin-1"))
    else:
        made.add_bytes("source", stored)


def _stored_sections(document: Document) -> StoredSections:
    text, sections = document.text, document.sections
    places = [place for section in sections for place in (section.start, _body(text, section))]
    if not text.isascii():
        places = _bytes_of(text, places)
    return StoredSections(
        places[::2],
        places[1::2],
        bytes(section.level for section in sections),
        "\n".join(" ".join(section.heading.split()) for section in sections),
        "\n".join(fragment_of(section.anchor) for section in sections),
    )


def _body(text: str, section: Section) -> int:
    """Return where the heading of a section ends in `text`: where it begins, if it does not stand there."""
    if text.startswith(section.heading, section.start):
        return section.start + len(section.heading)
    found = re.compile(r"\s+".join(map(re.escape, section.heading.split()))).match(text, section.start)
    return found.end() if found else section.start


def _bytes_of(text: str, places: list[int]) -> list[int]:
    """Return the bytes of the UTF-8 of `text` where the characters `places` are; those of headings may be out of order."""
    known = {0: 0}
    for start, end in pairwise(sorted({0, *places})):
        known[end] = known[start] + len(text[start:end].encode())
    return [known[place] for place in places]


def read_source(found: tantivy.Document) -> bytes:
    """Return the bytes for `decode_source` of a document that tantivy found."""
    stored: str | bytes = found.get_first("source")
    return stored.encode("latin-1") if isinstance(stored, str) else stored


def document_of(stored: StoredDocument) -> Document:
    """Return a document that is found by the same searches as the one that was stored."""
    headings = stored.headings.split("\n") if stored.headings else []
    if stored.sections:
        sections = zip(stored.sections.headings.split("\n"), stored.sections.levels, strict=True)
        headings += [heading for heading, level in sections if level in RANKED_LEVELS]
    return Document(
        url=stored.url, title=stored.title, text=stored.text.decode("utf-8", "replace"), headings=headings,
        description=stored.description, language=stored.language, modified=stored.modified_time, fields=stored.fields,
        type=stored.type,
    )  # fmt: skip


def type_of(document: Document, ending: str) -> str:
    """Return what `document` is, in a word: as it says itself, or by the `ending` of its url."""
    return document.type or _TYPES.get(ending, _PAGE)


def modified_seconds(document: Document) -> int:
    """Return the modification time of `document` in seconds since the epoch; 0 if unknown."""
    return int(document.modified.timestamp()) if document.modified else 0
