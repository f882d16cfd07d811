"""Documents as JSON lines: one object per line with the keys of Document; plain, gzip or zstd."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

import msgspec
import zstandard

from lightship.core.errors import InvalidDocumentError, TooLargeError
from lightship.core.model import MAX_TYPE, Document, check_document
from lightship.core.sections import KEYS as SECTION_KEYS
from lightship.documents.language import detect_language, words_of

MAX_LINE = 16 << 20  # bytes
MAX_WINDOW = 1 << 31  # bytes: what `zstd --long=31` needs
BUFFER = 1 << 20
_PIECE = 1 << 10  # compressed bytes read at once; a zip bomb expands them to 32 MiB at most
UNREADABLE = (OSError, EOFError, zlib.error, zstandard.ZstdError)  # what reading a file of lines may raise


KEYS = frozenset(Document.__struct_fields__)
_decode = msgspec.json.Decoder().decode


def parse_line(line: bytes, *, strict: bool = False) -> Document:
    """Return the checked document of one line; its language is detected if not given.

    Keys that Document does not have, and a `type` that is no short text, become `fields`, or are errors if `strict`.
    Raises InvalidDocumentError, TooLargeError.
    """
    return document_of_record(_object(line), strict=strict)


def document_of_record(record: dict[str, Any], *, strict: bool = False) -> Document:
    """Return the checked document with the keys and values of `record`; otherwise like `parse_line`."""
    known = KEYS if strict or _is_type(record.get("type", "")) else KEYS - {"type"}
    if not record.keys() <= known:
        if strict:
            unknown = min(record.keys() - KEYS)
            raise InvalidDocumentError(f"unknown key {unknown[:80]!r}; put your own keys into `fields`")
        extra = {name: value for name, value in record.items() if name not in known and value is not None}
        record = {name: value for name, value in record.items() if name in known}
        given = record.get("fields") or {}
        record["fields"] = {**extra, **given} if isinstance(given, dict) else given
    if None in record.values():
        record = {name: value for name, value in record.items() if value is not None}
    _check_keys_of_sections(record.get("sections"))
    try:
        document = check_document(msgspec.convert(record, Document))
    except msgspec.ValidationError as error:
        raise InvalidDocumentError(str(error)) from error
    if document.language is None and (language := detect_language(words_of(document))):
        return msgspec.structs.replace(document, language=language)
    return document


def _check_keys_of_sections(sections: object) -> None:
    for number, section in enumerate(sections if isinstance(sections, list) else ()):
        if isinstance(section, dict) and not section.keys() <= SECTION_KEYS:
            unknown = min(section.keys() - SECTION_KEYS)
            raise InvalidDocumentError(f"unknown key {unknown[:80]!r} - at `$.sections[{number}]`")


def _is_type(value: object) -> bool:
    """Whether `value` can be the type of a document; records of other programs mean other things by it."""
    return isinstance(value, str) and len(value) <= MAX_TYPE


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        value = _decode_leniently(line)
    except RecursionError as error:
        raise InvalidDocumentError("not readable as JSON: nested too deeply") from error
    if not isinstance(value, dict):
        raise InvalidDocumentError('not a JSON object; write it like {"url": "…", "title": "…", "text": "…"}')
    return value


def _decode_leniently(line: bytes) -> object:
    """Decode JSON that msgspec rejects although it is valid: escaped lone surrogates."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidDocumentError(f"not JSON: {error}") from error


def read_lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Yield (number from 1, line) for each line that is not blank; the line is None if it exceeds MAX_LINE bytes.

    Holds at most MAX_LINE bytes at once.
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


def check_length(line: bytes | None) -> bytes:
    """Return a line from `read_lines`; raise TooLargeError if it was too long."""
    if line is None:
        raise TooLargeError(f"line is longer than {MAX_LINE} bytes; split the document")
    return line


def open_lines(path: str) -> BinaryIO:
    """Open a .jsonl, .jsonl.gz or .jsonl.zst file for `read_lines`; raises OSError."""
    if path.endswith(".gz"):
        return cast("BinaryIO", gzip.open(path))
    file = open(path, "rb", buffering=BUFFER)  # noqa: SIM115 (the caller closes it)
    return io.BufferedReader(_Frames(file), BUFFER) if path.endswith(".zst") else file


class _Frames(io.RawIOBase):
    """The concatenated content of all zstd frames of `file`; raises EOFError when the last one is truncated.

    zstandard's own reader treats a truncated file as complete.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._frame: Any = None  # the decompressor of the current frame
        self._packed = self._content = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._content:
            self._packed = self._packed or self._file.read(_PIECE)
            if not self._packed:
                if self._frame is not None:
                    raise EOFError("truncated: it ends within a zstd frame")
                return 0
            self._unpack()
        count = min(len(buffer), len(self._content))
        buffer[:count], self._content = self._content[:count], self._content[count:]
        return count

    def _unpack(self) -> None:
        if self._frame is None:
            self._frame = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).decompressobj()
        self._content = self._frame.decompress(self._packed)
        self._packed = b""
        if self._frame.eof:
            self._packed, self._frame = self._frame.unused_data, None

    def close(self) -> None:
        self._file.close()
        super().close()
