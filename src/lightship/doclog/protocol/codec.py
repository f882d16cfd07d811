"""How every backend stores a document: one format byte, then MessagePack with a checksum, compressed when that pays.

    0x01  MessagePack of the Document, a map from field name to value, defaults left out; read, but not written any more
    0x02  the same, as one zstd frame that states its size, and ends with the frame's own checksum (RFC 8878, 3.1.1)
    0x03  CRC-32 of the MessagePack in four bytes, high byte first, and the MessagePack

A reader ignores names that it does not know, so a later version may add fields without a new format byte.
"""

from __future__ import annotations

import contextlib
import threading
import zlib
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec
import zstandard

from lightship.core.errors import DamagedError, IncompatibleIndexError, InvalidDocumentError, TooLargeError
from lightship.core.model import MAX_DOCUMENT_BYTES, Document

RAW, ZSTD, CHECKED = 1, 2, 3
CRC_BYTES = 4
COMPRESS_FROM = 4096  # bytes: a smaller document has a page of the database to itself either way
LEVEL = -1  # a third less time than 1 for both ways, a quarter more space

Row = TypeVar("Row")
Read = TypeVar("Read")

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Document)


class _Compression(threading.local):
    """One compressor and decompressor a thread: they are costly to make and must not be shared."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


_compression = _Compression()


def encode(document: Document) -> bytes:
    """Return the stored form of `document`.

    Raises TooLargeError over MAX_DOCUMENT_BYTES before compression, InvalidDocumentError for what has no stored
    form: a lone surrogate, a whole number of more than 64 bits, a time outside the years 1 to 9999 in UTC.
    """
    try:
        packed = _encoder.encode(document)
    except (UnicodeEncodeError, OverflowError) as error:
        raise InvalidDocumentError(f"document {document.url[:100]!r} can't be stored: {error}") from error
    if len(packed) > MAX_DOCUMENT_BYTES:
        raise TooLargeError(
            f"document {document.url[:100]} has {len(packed)} bytes: the limit is {MAX_DOCUMENT_BYTES}; split it"
        )
    if len(packed) < COMPRESS_FROM:
        return b"\x03" + zlib.crc32(packed).to_bytes(CRC_BYTES) + packed
    return b"\x02" + _compression.compress(packed)


def decode(url: str, data: bytes) -> Document:
    """Return the document that `encode` made `data` of; `url` names it in errors.

    Raises IncompatibleIndexError for a format of another version, DamagedError for damaged bytes.
    """
    form = data[0] if data else 0
    if form in _FORMS:
        return _FORMS[form](url, data)
    for read in (_checked, _unpacked):  # the format byte itself may be what is damaged
        with contextlib.suppress(DamagedError):
            return read(url, data)
    raise IncompatibleIndexError(
        f"document {url[:100]} is stored in format {form}, which this version can't read; use a newer version"
    )


def _raw(url: str, data: bytes) -> Document:
    return _document(url, data[1:])


def _checked(url: str, data: bytes) -> Document:
    packed = data[1 + CRC_BYTES :]
    if data[1 : 1 + CRC_BYTES] != zlib.crc32(packed).to_bytes(CRC_BYTES):
        raise _damaged(url, "its checksum is another one")
    return _document(url, packed)


def _unpacked(url: str, data: bytes) -> Document:
    try:
        return _document(url, _decompress(data))
    except zstandard.ZstdError as error:
        raise _damaged(url, error) from error


def _document(url: str, packed: bytes) -> Document:
    try:
        return _decoder.decode(packed)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _damaged(url, error) from error


def _damaged(url: str, reason: object) -> DamagedError:
    return DamagedError(f"document {url[:100]} is damaged in the log ({reason}); put it again")


_FORMS = {RAW: _raw, ZSTD: _unpacked, CHECKED: _checked}


def _decompress(data: bytes) -> bytes:
    size = decoded_size(data)
    if size > MAX_DOCUMENT_BYTES:  # encode never wrote it: don't reserve memory for it
        raise zstandard.ZstdError(f"claims {size} bytes")
    return _compression.decompress(data[1:])


def decoded_size(data: bytes) -> int:
    """Return how many bytes `decode` will unpack `data` to, without unpacking it; 0 when `data` is damaged."""
    if data[:1] != b"\x02":
        return len(data)
    try:
        return max(0, zstandard.frame_content_size(data[1:19]))  # a frame's header has at most 18 bytes
    except zstandard.ZstdError:
        return 0


def until_damaged(read: Callable[[Row], Read], rows: Iterable[Row]) -> list[Read]:
    """Return what `read` makes of `rows` before the first damaged one; raises DamagedError when it is the very first."""
    done: list[Read] = []
    for row in rows:
        try:
            done.append(read(row))
        except DamagedError:
            if done:
                break
            raise
    return done
