"""Reads PDF documents with PDFium (extra `documents`)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from lightship.core.errors import InvalidDocumentError, words

MAX_PAGES, MAX_TEXT, MAX_HEADINGS = 5000, 1_000_000, 100
MAX_NOTES, MAX_NOTE = 1000, 32_768  # annotations of a page that are read, and bytes of each
HYPHEN = "\x02"  # PDFium's replacement for a hyphen at the end of a line, with the line break

_TIME = re.compile(r"D:(\d{4})(\d\d)(\d\d)(\d\d)?(\d\d)?(\d\d)?(?:Z|([+-]\d\d)'?(\d\d)?)?.*")


class Pdf(msgspec.Struct, frozen=True):
    """The contents of a PDF document: the texts of its pages, and its outline as headings, page numbers, levels (from 1)."""

    pages: list[str] = []
    title: str = ""
    author: str = ""
    created: str = ""
    modified: str = ""
    outline: list[tuple[str, int, int]] = []


def read_pdf(body: bytes) -> Pdf:
    """Return the contents of the PDF document `body`; raises InvalidDocumentError for an unreadable one."""
    try:
        import pypdfium2
    except ImportError as error:
        raise InvalidDocumentError(
            "PDF files need the extra 'documents': pip install 'lightship[documents]'"
        ) from error
    try:
        with contextlib.closing(pypdfium2.PdfDocument(body)) as document:
            return _read(document)
    except MemoryError:
        raise
    except Exception as error:  # any error of PDFium and its binding on a broken document
        raise InvalidDocumentError(f"unreadable PDF: {' '.join(words(error).split())[:300]}") from error


def time_of(text: str) -> str:
    """Return a PDF time (`D:20240229103000+01'00'`) in ISO 8601; an empty string if it is malformed."""
    found = _TIME.fullmatch(text)
    if not found:
        return ""
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    zone = f"{found[7]}:{found[8] or '00'}" if found[7] else "+00:00"
    with contextlib.suppress(ValueError):
        return f"{datetime(year, month, day, hour, minute, second).isoformat()}{zone}"  # noqa: DTZ001 - the zone is added
    return ""


def _read(document: Any) -> Pdf:
    facts = document.get_metadata_dict()
    pieces, left = [], MAX_TEXT
    for number in range(min(len(document), MAX_PAGES)):
        with contextlib.closing(document[number]) as page, contextlib.closing(page.get_textpage()) as text:
            piece = "\n".join((text.get_text_bounded(errors="replace"), *_notes(page)))
        pieces.append(piece.replace(HYPHEN, "").replace("\r\n", "\n"))
        left -= len(piece)
        if left < 0:
            break
    outline = []
    for mark in document.get_toc(max_depth=3):
        target = mark.get_dest()
        outline.append((mark.get_title(), (target.get_index() or 0) + 1 if target else 1, mark.level + 1))
        if len(outline) == MAX_HEADINGS:
            break
    return Pdf(
        pages=pieces, title=facts.get("Title", ""), author=facts.get("Author", ""),
        created=time_of(facts.get("CreationDate", "")), modified=time_of(facts.get("ModDate", "")), outline=outline,
    )  # fmt: skip


def _notes(page: Any) -> Iterator[str]:
    """Yield what the annotations of a page say: notes, and the values of the fields of a form (ISO 32000-1, 12.5, 12.7)."""
    from pypdfium2 import raw

    for number in range(min(raw.FPDFPage_GetAnnotCount(page), MAX_NOTES)):
        note = raw.FPDFPage_GetAnnot(page, number)
        if note:
            kind = raw.FPDFAnnot_GetSubtype(note)
            if kind == raw.FPDF_ANNOT_WIDGET:
                said = _value(note, b"V") if _value(note, b"FT") in ("Tx", "Ch") else ""
            else:
                said = "" if kind in (raw.FPDF_ANNOT_LINK, raw.FPDF_ANNOT_POPUP) else _value(note, b"Contents")
            raw.FPDFPage_CloseAnnot(note)
            if said:
                yield said


def _value(note: Any, key: bytes) -> str:
    """Return the text of an annotation's entry; an empty string if it has none, or a very long one."""
    from pypdfium2 import raw

    size = raw.FPDFAnnot_GetStringValue(note, key, None, 0)  # in bytes of UTF-16, with the zero at its end
    if not 2 < size <= MAX_NOTE:
        return ""
    buffer = (raw.FPDF_WCHAR * (size // 2))()
    raw.FPDFAnnot_GetStringValue(note, key, buffer, size)
    return bytes(buffer)[: size - 2].decode("utf-16-le", "replace").replace("\r", "\n")
