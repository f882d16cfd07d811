"""The documents of a .jsonl file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from lightship.crawler.sources.file import Found
from lightship.crawler.sources.records import Record
from lightship.errors import InvalidInputError
from lightship.jsonl import check_length, open_lines, parse_line, read_lines


def read_jsonl(path: str) -> Iterator[Found]:
    """Yield the documents of the lines of the file `path`, as a Reader does."""
    with open_lines(path) as file:
        for number, line in read_lines(file):
            yield f"line {number}", _document(line)


def _document(line: bytes | None) -> Record | InvalidInputError:
    try:
        line = check_length(line)
        return Record(parse_line(line), hashlib.blake2b(line, digest_size=16).digest())
    except InvalidInputError as error:
        return error
