"""The documents of a mailbox (mbox, RFC 4155): one for each message."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from lightship.core.errors import TooLargeError
from lightship.crawler.output.records import Record
from lightship.crawler.parsing.encodings.media import MAIL
from lightship.crawler.parsing.html.extract import Page
from lightship.crawler.parsing.read import digest_of, document_of
from lightship.crawler.parsing.sandbox.tasks import ReadPage
from lightship.crawler.sources.files.file import Found, piece_of
from lightship.documents.jsonl import open_lines

MAX_LINE = 1 << 16  # bytes read at once

_BEGIN = b"From "
_QUOTED = re.compile(rb">+From ")
_ID = re.compile(rb"message-id:\s{0,10}<([^<>\s]{1,500})>", re.IGNORECASE)
_HEAD = 1 << 16  # bytes in which a message's id is looked for

Read = Callable[[ReadPage, bytes], Page]  # raises InvalidInputError


def read_mailbox(path: str, read: Read, max_bytes: int) -> Iterator[Found]:
    """Yield the messages of the file `path`, as a Reader; `read` parses them, and longer ones than `max_bytes` are errors.

    Their urls are that of the file, with the message's id (its digest, if it has none) as the fragment.
    """
    file_url = Path(path).as_uri()
    with open_lines(path) as file:
        for number, message in enumerate(_messages(file, max_bytes), 1):
            yield f"message {number}", piece_of(partial(_document, message, file_url, read, max_bytes))


def _messages(file: BinaryIO, max_bytes: int) -> Iterator[bytes]:
    """Yield the messages without the lines before them, and up to a byte more than `max_bytes`."""
    message, is_new = bytearray(), True  # whether a line begins, after an empty one
    while line := file.readline(MAX_LINE):
        if is_new and line.startswith(_BEGIN):
            if message:
                yield bytes(message)
            message.clear()
        elif len(message) <= max_bytes:
            message += line[_QUOTED.match(line) is not None :]
        is_new = line in (b"\n", b"\r\n")
    if message:
        yield bytes(message)


def _document(message: bytes, file_url: str, read: Read, max_bytes: int) -> Record:
    if len(message) > max_bytes:
        raise TooLargeError(f"skipped: larger than -max-bytes={max_bytes}")
    found = _ID.search(message[:_HEAD])
    name = found[1].decode("latin-1") if found else hashlib.blake2b(message, digest_size=16).hexdigest()
    url = f"{file_url}#{quote(name, safe='@')}"
    document = document_of(read(ReadPage(MAIL, url), message), url)
    return Record(document, digest_of(document))
