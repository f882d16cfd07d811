"""Converts Jupyter notebooks (nbformat 3 and 4) to HTML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from markdown_it import MarkdownIt

from lightship.core.errors import InvalidDocumentError, words
from lightship.crawler.parsing.formats.html_head import code_block, html_head, html_page, paragraph

MAX_CELLS, MAX_OUTPUTS = 10_000, 100  # outputs of one cell
MAX_CELL, MAX_OUTPUT = 200_000, 10_000  # characters

_markdown = MarkdownIt("commonmark").enable("table")

Text = str | list[str]


class _Output(msgspec.Struct):
    """The parsed part of what a cell printed or returned; `data` by media type."""

    text: Text = ""
    data: dict[str, msgspec.Raw] = {}


class _Cell(msgspec.Struct):
    cell_type: str
    source: Text = ""
    input: Text = ""  # the source of code in nbformat 3
    level: int = 1  # of a heading in nbformat 3
    outputs: list[_Output] = []


class _Sheet(msgspec.Struct):
    cells: list[_Cell] = []


class _Notebook(msgspec.Struct):
    nbformat: int
    cells: list[_Cell] = []
    worksheets: list[_Sheet] = []
    metadata: dict[str, Any] = {}


def notebook_to_html(body: bytes) -> str:
    """Return a notebook as HTML: its texts, code and printed results. Raises InvalidDocumentError."""
    try:
        read = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"), type=_Notebook)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise InvalidDocumentError(f"not a notebook: {words(error)[:300]}") from error
    cells = read.cells or [cell for sheet in read.worksheets for cell in sheet.cells]
    return html_page(_head(read.metadata), (block for cell in cells[:MAX_CELLS] for block in _blocks(cell)))


def _head(metadata: dict[str, Any]) -> str:
    title, authors = metadata.get("title"), metadata.get("authors")
    names = [each.get("name") for each in authors if isinstance(each, dict)] if isinstance(authors, list) else []
    author = ", ".join(name for name in names if isinstance(name, str))
    return html_head(title if isinstance(title, str) else "", author=author)


def _blocks(cell: _Cell) -> Iterator[str]:
    source = _joined(cell.source or cell.input)[:MAX_CELL]
    if cell.cell_type == "markdown":
        yield _markdown.render(source)
    elif cell.cell_type == "heading":
        yield paragraph(source, max(cell.level, 1))
    elif cell.cell_type == "code":
        yield code_block(source)
        for output in cell.outputs[:MAX_OUTPUTS]:
            yield code_block((_joined(output.text) or _plain(output))[:MAX_OUTPUT])


def _plain(output: _Output) -> str:
    try:
        return _joined(msgspec.json.decode(output.data.get("text/plain", b'""'), type=Text))
    except (msgspec.MsgspecError, UnicodeError):
        return ""


def _joined(text: Text) -> str:
    return text if isinstance(text, str) else "".join(text)
