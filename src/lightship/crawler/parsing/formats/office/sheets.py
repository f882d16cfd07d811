"""Converts spreadsheets (XLSX) to HTML: a table for each sheet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from lightship.core.errors import InvalidDocumentError
from lightship.crawler.parsing.formats.html_head import html_page, paragraph, row_of
from lightship.crawler.parsing.formats.office.ooxml import RELATIONS, head_of, relations_of
from lightship.crawler.parsing.formats.office.zip import Archive, EnoughError, Events

MAX_SHEETS, MAX_STRINGS = 500, 200_000
MAX_CHARACTERS = 2_000_000  # of all cells
MAX_CELL = 32_767  # characters: Excel's limit

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_BOOK = "xl/workbook.xml"
_DAY_ONE = datetime(1899, 12, 30, tzinfo=UTC)  # day 0 of the system of 1900, after its leap day that never was
_DATES = frozenset({*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)})  # built-in formats (18.8.30)
_QUOTED = re.compile(r'"[^"]{0,100}"|\[[^\]]{0,100}\]|\\.')
_LEVEL = 4  # of a sheet's name: it is no title, since most are called "Sheet1"


def xlsx_to_html(body: bytes) -> str:
    """Return an XLSX workbook as HTML: a table for each sheet that is shown. Raises InvalidDocumentError."""
    with Archive(body) as archive:
        head, book, parts = head_of(archive), archive.xml(_BOOK), relations_of(archive, _BOOK)
        kinds = dict(parts.values())
        strings, styles = _Strings(), set[int]()
        if "sharedStrings" in kinds:
            archive.feed(kinds["sharedStrings"], strings)
        if "styles" in kinds:
            styles = set(_date_styles(archive, kinds["styles"]))
        sheets = [
            (each.get("name", ""), parts[each.get(f"{RELATIONS}id", "")][1])
            for each in book.iterfind(f"{_MAIN}sheets/{_MAIN}sheet")
            if each.get(f"{RELATIONS}id", "") in parts and each.get("state", "visible") == "visible"
        ]
        if not sheets:
            raise InvalidDocumentError("the workbook has no visible sheets")
        return html_page(head, _tables(archive, sheets[:MAX_SHEETS], _Rows(strings.texts, styles)))


def _tables(archive: Archive, sheets: list[tuple[str, str]], rows: _Rows) -> Iterator[str]:
    for name, part in sheets:
        if rows.left > 0:
            archive.feed(part, rows)
            yield (paragraph(name, _LEVEL) if len(sheets) > 1 else "") + f"<table>{''.join(rows.taken())}</table>"


def _date_styles(archive: Archive, part: str) -> Iterator[int]:
    """Yield the numbers of the cell styles that show numbers as dates."""
    styles = archive.xml(part)
    dates = set(_DATES)
    for each in styles.iterfind(f"{_MAIN}numFmts/{_MAIN}numFmt"):
        shown = _QUOTED.sub("", each.get("formatCode", "")).lower()
        if "y" in shown or ("d" in shown and "m" in shown):
            dates.add(_number(each.get("numFmtId")))
    for number, each in enumerate(styles.iterfind(f"{_MAIN}cellXfs/{_MAIN}xf")):
        if _number(each.get("numFmtId")) in dates:
            yield number


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else -1


class _Strings(Events):
    """The texts that cells share, in their order."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._pieces: list[str] = []
        self._reads = self._sounds = False

    def start(self, tag: str, attributes: dict[str, str], /) -> None:
        self._sounds = self._sounds or tag == f"{_MAIN}rPh"  # how it is pronounced
        self._reads = tag == f"{_MAIN}t" and not self._sounds

    def data(self, text: str, /) -> None:
        if self._reads:
            self._pieces.append(text)

    def end(self, tag: str, /) -> None:
        self._reads = False
        if tag == f"{_MAIN}rPh":
            self._sounds = False
        elif tag == f"{_MAIN}si":
            self.texts.append("".join(self._pieces)[:MAX_CELL])
            self._pieces.clear()
            if len(self.texts) == MAX_STRINGS:
                raise EnoughError


class _Rows(Events):
    """The rows of one sheet after another, up to MAX_CHARACTERS."""

    def __init__(self, strings: list[str], dates: set[int]) -> None:
        self.left = MAX_CHARACTERS
        self._strings, self._dates = strings, dates
        self._rows: list[str] = []
        self._cells: list[str] = []
        self._pieces: list[str] = []
        self._kind, self._style, self._reads = "", -1, False

    def taken(self) -> list[str]:
        """Return the rows since the last call."""
        rows, self._rows, self._cells = self._rows, [], []
        return rows

    def start(self, tag: str, attributes: dict[str, str], /) -> None:
        if tag == f"{_MAIN}c":
            self._kind, self._style = attributes.get("t", "n"), _number(attributes.get("s"))
            self._pieces.clear()
        self._reads = tag in (f"{_MAIN}v", f"{_MAIN}t")

    def data(self, text: str, /) -> None:
        if self._reads:
            self._pieces.append(text)

    def end(self, tag: str, /) -> None:
        self._reads = False
        if tag == f"{_MAIN}c" and (text := self._shown("".join(self._pieces)[:MAX_CELL])):
            self._cells.append(text)
            self.left -= len(text) + 1
        elif tag == f"{_MAIN}row" and self._cells:
            self._rows.append(row_of(self._cells))
            self._cells = []
            if self.left < 0:
                raise EnoughError

    def _shown(self, value: str) -> str:
        """Return a cell's `value` as it is shown."""
        if self._kind == "s":
            number = _number(value)
            return self._strings[number] if 0 <= number < len(self._strings) else ""
        if self._kind == "n" and self._style in self._dates:
            return _date(value) or value
        return "" if self._kind in ("b", "e") else value


def _date(value: str) -> str:
    """Return a number of days as a date, with the time if it has one; an empty string if it is none."""
    try:
        moment = _DAY_ONE + timedelta(days=float(value))
    except (ValueError, OverflowError):
        return ""
    return f"{moment:%Y-%m-%d}" if moment.hour == moment.minute == 0 else f"{moment:%Y-%m-%d %H:%M}"
