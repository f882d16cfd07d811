"""The documents of a table: a .csv or .tsv file whose first row names its columns."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, BinaryIO

from lightship.core.errors import InvalidDocumentError, TooLargeError
from lightship.core.model import Document
from lightship.crawler.output.records import Record
from lightship.crawler.parsing.formats.listing import parse_time
from lightship.crawler.parsing.read import digest_of
from lightship.crawler.sources.files.file import Found, piece_of
from lightship.documents.jsonl import MAX_LINE, document_of_record, open_lines

_KNOWN = frozenset(Document.__struct_fields__) - {"fields"}
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_UNDECODED = range(0xDC80, 0xDD00)  # bytes as decoded by surrogateescape


def read_table(path: str) -> Iterator[Found]:
    """Yield the documents in the rows of the file `path`, as a Reader.

    The column `url` is required; `title`, `text`, `description`, `headings` (lines), `language`, `modified` are those
    of a Document, all others become its fields. Raises InvalidDocumentError for a file that is not a table.
    """
    csv.field_size_limit(MAX_LINE)
    with open_lines(path) as file, _text(file) as text:
        lines = _lines(text)
        head = next(lines, "")
        columns = next(csv.reader([head], delimiter=_delimiter(path, head)), [])
        names = [name.strip() for name in columns]
        names = [name.lower() if name.lower() in _KNOWN else name for name in names]
        _check_names(names)
        rows = csv.reader(lines, delimiter=_delimiter(path, head))
        try:
            for row in rows:
                if any(row):
                    yield f"line {rows.line_num + 1}", piece_of(partial(_document, names, row))
        except csv.Error as error:
            raise InvalidDocumentError(f"line {rows.line_num + 1}: {error}") from error


def _text(file: BinaryIO) -> io.TextIOWrapper:
    assert isinstance(file, io.BufferedReader | gzip.GzipFile)
    start = file.peek(4)
    encoding = next((name for mark, name in _MARKS if start.startswith(mark)), "utf-8-sig")
    return io.TextIOWrapper(file, encoding, "surrogateescape" if encoding == "utf-8-sig" else "replace", newline="")


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(MAX_LINE):
        if len(line) == MAX_LINE and not line.endswith("\n"):
            raise TooLargeError(f"a line longer than {MAX_LINE} characters; split the document")
        yield line


def _delimiter(path: str, head: str) -> str:
    """Return the delimiter between cells: tabs in a .tsv file, otherwise the most frequent candidate in the head."""
    return "\t" if ".tsv" in path[-8:] else max(",;\t", key=head.count)


def _check_names(names: Sequence[str]) -> None:
    if "url" not in names:
        shown = ", ".join(repr(name[:40]) for name in names[:10])
        raise InvalidDocumentError(f"the first row must name the columns, among them url; it has only {shown}")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidDocumentError(f"the first row has two columns {twice[:40]!r}; rename one of them")


def _document(names: Sequence[str], row: Sequence[str]) -> Record:
    if len(row) != len(names):
        raise InvalidDocumentError(f"the row has {len(row)} cells, but the first row has {len(names)}")
    cells = {name: cell for name, cell in zip(names, row, strict=True) if cell and name}
    if any(ord(character) in _UNDECODED for cell in cells.values() for character in set(cell)):
        raise InvalidDocumentError("not UTF-8; save the table as UTF-8")
    document = document_of_record(_record(cells))
    return Record(document, digest_of(document))


def _record(cells: dict[str, str]) -> dict[str, Any]:
    record: dict[str, Any] = {name: cell for name, cell in cells.items() if name in _KNOWN}
    record["fields"] = {name: cell for name, cell in cells.items() if name not in _KNOWN}
    if headings := record.get("headings"):
        record["headings"] = headings.splitlines()
    for name in ("modified", "fetched"):
        if text := record.get(name):
            record[name] = parse_time(text)
            if record[name] is None:
                raise InvalidDocumentError(f"{name} {text[:40]!r} is not a time; write it like 2024-05-06T07:08:09Z")
    return record
