"""Documents from a .jsonl or .jsonl.zst file: one JSON object a line, see Document for its keys."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec
import zstandard

from lightship.crawler.language import detect_language
from lightship.crawler.progress import set_idle
from lightship.crawler.records import Record, Records
from lightship.doclog.database import Database
from lightship.errors import InvalidDocumentError, InvalidInputError, TooLargeError
from lightship.model import Document, check_document

logger = logging.getLogger(__name__)

MAX_LINE = 16 << 20  # bytes
MAX_WINDOW = 1 << 31  # bytes: what `zstd --long=31` needs
BUFFER = 1 << 20
POLL_SECONDS = 1.0
REPORTED = 100  # broken lines that are named, of one pass

_KNOWN = frozenset(Document.__struct_fields__)
_decode = msgspec.json.Decoder().decode


def parse_line(line: bytes) -> Document:
    """Return the checked document of one line; keys that Document does not have become `fields`.

    Raises InvalidDocumentError, TooLargeError.
    """
    record = _object(line)
    if not record.keys() <= _KNOWN:
        extra = {name: value for name, value in record.items() if name not in _KNOWN and value is not None}
        record = {name: value for name, value in record.items() if name in _KNOWN}
        given = record.get("fields") or {}
        record["fields"] = {**extra, **given} if isinstance(given, dict) else given
    if None in record.values():
        record = {name: value for name, value in record.items() if value is not None}
    try:
        document = check_document(msgspec.convert(record, Document))
    except msgspec.ValidationError as error:
        raise InvalidDocumentError(str(error)) from error
    if document.language is None and (language := detect_language(document.text)):
        return msgspec.structs.replace(document, language=language)
    return document


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        value = _decode_leniently(line)
    except RecursionError as error:
        raise InvalidDocumentError("not JSON that can be read: nested too deeply") from error
    if not isinstance(value, dict):
        raise InvalidDocumentError('not a JSON object; write it like {"url": "…", "title": "…", "text": "…"}')
    return value


def _decode_leniently(line: bytes) -> object:
    """Decode what msgspec refuses but JSON allows: lone surrogates written as escapes."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidDocumentError(f"not JSON: {error}") from error


def read_lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Yield (number from 1, line) of each line that is not blank; None for one of more than MAX_LINE bytes.

    No more than MAX_LINE bytes are held at once.
    """
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE and not line.endswith(b"\n"):
            while (rest := file.readline(BUFFER)) and not rest.endswith(b"\n"):
                pass
            yield number, None
        elif not line.isspace():
            yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line


def open_lines(path: str) -> BinaryIO:
    """Open a .jsonl or .jsonl.zst file for read_lines; raises OSError."""
    file = open(path, "rb", buffering=BUFFER)  # noqa: SIM115 (the caller closes it)
    if not path.endswith(".zst"):
        return file
    reader = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).stream_reader(
        file, read_across_frames=True, closefd=True
    )
    return io.BufferedReader(reader, BUFFER)


class JsonlFeed:
    """Keeps the documents of the .jsonl file `path` in the log, as long as `run` runs: reads it again when it changes.

    What vanishes from the file is deleted. A file that vanishes as a whole is waited for: its documents stay.
    """

    def __init__(self, path: str, database: Database, records: Records) -> None:
        """Read `path`, remembering in `records`."""
        self._path = path
        self._database = database
        self._records = records
        self._failed = 0

    def run(self, stop: threading.Event) -> None:
        """Read and watch until `stop` is set. Raises what Records raises."""
        seen: str | None = self._records.stamp
        first = True
        while not stop.is_set():
            stamp = _stamp(self._path)
            if stamp is not None and stamp != seen:
                seen = stamp if self._read(stamp, stop) else None
            elif stamp is None and seen is not None:
                logger.warning("%s is not there any more; its documents stay, waiting for it", self._path)
                seen = None
            if first and not stop.is_set():
                set_idle(self._database, self._path)
                first = False
            stop.wait(POLL_SECONDS)

    def _read(self, stamp: str, stop: threading.Event) -> bool:
        """Read the file whole; return whether that came to an end with no change of the file meanwhile."""
        self._records.begin_pass()
        self._failed = 0
        count = 0
        try:
            with open_lines(self._path) as file:
                for number, line in read_lines(file):
                    self._take(number, line)
                    count = number
                    if stop.is_set():
                        return False
        except (OSError, zstandard.ZstdError) as error:
            self._records.flush()
            logger.warning("%s after line %d: %s; what was read is kept", self._path, count, error)
            return True
        if stamp != _stamp(self._path):
            self._records.flush()
            return False
        deleted = self._records.end_pass(stamp, self._failed)
        logger.info("%s: read %d lines, %d broken, %d vanished", self._path, count, self._failed, deleted)
        return True

    def _take(self, number: int, line: bytes | None) -> None:
        try:
            if line is None:
                raise TooLargeError(f"longer than {MAX_LINE} bytes; split the document")
            document = parse_line(line)
        except InvalidInputError as error:
            self._failed += 1
            if self._failed <= REPORTED:
                logger.warning("%s line %d: %s", self._path, number, error)
            return
        self._records.add(Record(document, hashlib.blake2b(line, digest_size=16).digest()))


def _stamp(path: str) -> str | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return f"{found.st_mtime_ns}:{found.st_size}:{found.st_ino}"
