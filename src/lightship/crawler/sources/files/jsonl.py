"""The documents of a .jsonl file."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import partial

from lightship.crawler.output.records import Record
from lightship.crawler.sources.files.file import Found, piece_of
from lightship.documents.jsonl import KEYS, check_length, open_lines, parse_line, read_lines

logger = logging.getLogger(__name__)

LIKENESS = 0.75  # similarity of a key to a known one to be taken for a typo: `titel` and `txt`, not `rating`


def read_jsonl(path: str) -> Iterator[Found]:
    """Yield the documents in the lines of the file `path`, as a Reader."""
    seen: set[str] = set()
    with open_lines(path) as file:
        for number, line in read_lines(file):
            found = piece_of(partial(_document, line))
            if isinstance(found, Record):
                _warn_misspelt(f"{path} line {number}", found.document.fields.keys() - seen)
                seen.update(found.document.fields)
            yield f"line {number}", found


def _warn_misspelt(where: str, names: Iterable[str]) -> None:
    """Warn once about each custom key that looks like a misspelt known one; it is kept as a custom field."""
    for name in sorted(names):
        if meant := get_close_matches(name.lower(), KEYS, 1, LIKENESS):
            logger.warning("%s: key %r is kept as a custom field; did you mean %r?", where, name, meant[0])


def _document(line: bytes | None) -> Record:
    line = check_length(line)
    return Record(parse_line(line), hashlib.blake2b(line, digest_size=16).digest())
