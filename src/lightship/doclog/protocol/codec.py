"""The stored format of a document: one format byte, then MessagePack with a checksum, compressed if that is smaller.

    0x01  MessagePack of the Document, a map from field name to value without defaults; still read, no longer written
    0x02  the same, as one zstd frame with its content size and the frame's own checksum (RFC 8878, 3.1.1)
    0x03  CRC-32 of the MessagePack in four bytes, big-endian, followed by the MessagePack

A reader ignores unknown names, so a later version may add fields without a new format byte.
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
COMPRESS_FROM = 4096  # bytes: a smaller document occupies a page of the database either way
LEVEL = -1  # takes a third less time than level 1 in both directions, and a quarter more space

Row = TypeVar("Row")
Read = TypeVar("Read")

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Document)


class _Compression(threading.local):
    """One compressor and decompressor per thread: they are expensive to create and must not be shared."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


_compression = _Compression()


def encode(document: Document) -> bytes:
    """Return the stored form of `document`.

    Raises TooLargeError above MAX_DOCUMENT_BYTES before compression, InvalidDocumentError for values that can't be
    stored: a lone surrogate, an integer of more than 64 bits, a time outside the years 1 to 9999 in UTC.
    """
    try:
        packed = _encoder.encode(document)
    except (UnicodeEncodeError, OverflowError) as error:
        raise InvalidDocumentError(f"document {document.url[:100]!r} can't be stored: {error}") from error
    if len(packed) > MAX_DOCUMENT_BYTES:
        raise TooLargeError(
            f"document {document.url[:100]} has {len(packed)} bytes, more than the limit of {MAX_DOCUMENT_BYTES}; split it"
        )
    if len(packed) < COMPRESS_FROM:
        return b"\x03" + zlib.crc32(packed).to_bytes(CRC_BYTES) + packed
    return b"\x02" + _compression.compress(packed)


def decode(url: str, data: bytes) -> Document:
    """Decode `data`, made by `encode`; `url` names the document in errors.

    Raises IncompatibleIndexError for the format of another version, DamagedError for damaged bytes.
    """
    form = data[0] if data else 0
    if form in _FORMS:
        return _FORMS[form](url, data)
    for read in (_checked, _unpacked):  # the format byte itself may be damaged
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
        raise _damaged(url, "checksum mismatch")
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
    if size > MAX_DOCUMENT_BYTES:  # not written by encode: do not allocate memory for it
        raise zstandard.ZstdError(f"claims {size} bytes")
    return _compression.decompress(data[1:])


def decoded_size(data: bytes) -> int:
    """Return the decompressed size of `data` in bytes without decompressing it; 0 if `data` is damaged."""
    if data[:1] != b"\x02":
        return len(data)
    try:
        return max(0, zstandard.frame_content_size(data[1:19]))  # a frame's header has at most 18 bytes
    except zstandard.ZstdError:
        return 0


def until_damaged(read: Callable[[Row], Read], rows: Iterable[Row]) -> list[Read]:
    """Return the results of `read` for `rows` before a damaged one; raises DamagedError if the first is damaged."""
    done: list[Read] = []
    for row in rows:
        try:
            done.append(read(row))
        except DamagedError:
            if done:
                break
            raise
    return done
