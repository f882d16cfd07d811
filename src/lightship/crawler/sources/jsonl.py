"""The documents of a .jsonl file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial

from lightship.crawler.sources.file import Found, piece_of
from lightship.crawler.sources.records import Record
from lightship.jsonl import check_length, open_lines, parse_line, read_lines


def read_jsonl(path: str) -> Iterator[Found]:
    """Yield the documents of the lines of the file `path`, as a Reader does."""
    with open_lines(path) as file:
        for number, line in read_lines(file):
            yield f"line {number}", piece_of(partial(_document, line))


def _document(line: bytes | None) -> Record:
    line = check_length(line)
    return Record(parse_line(line), hashlib.blake2b(line, digest_size=16).digest())
