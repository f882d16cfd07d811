"""The stored format of a document: one format byte, then MessagePack with a checksum, compressed if that is smaller.

    0x01  MessagePack of the Document, a map from field name to value without defaults; still read, no longer written
    0x02  the same, as one zstd frame with its content size and the frame's own checksum (RFC 8878, 3.1.1)
    0x03  CRC-32 of the MessagePack in four bytes, big-endian, followed by the MessagePack
    0x04  the same, but with an empty url, which the entry has beside the document; the CRC-32 is of the MessagePack and
          the url, and the MessagePack one zstd frame, which may need the dictionary of compression.py

A reader ignores unknown names, so a later version may add fields without a new format byte.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec
import zstandard

from lightship.core.errors import DamagedError, IncompatibleIndexError, InvalidDocumentError, TooLargeError
from lightship.core.model import MAX_DOCUMENT_BYTES, Document
from lightship.doclog.protocol.compression import compress, compress_short, content_size, decompress

RAW, ZSTD, CHECKED, SHORT = 1, 2, 3, 4
CRC_BYTES = 4
SHORT_BYTES = 4096  # of the MessagePack of a short document: the dictionary hardly helps a longer one

Row = TypeVar("Row")
Read = TypeVar("Read")

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Document)


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
    return _short_form(document, packed) if len(packed) < SHORT_BYTES else b"\x02" + compress(packed)


def _short_form(document: Document, packed: bytes) -> bytes:
    bare = _encoder.encode(msgspec.structs.replace(document, url=""))
    frame = compress_short(bare)
    if len(frame) >= len(packed):
        return b"\x03" + _crc(packed) + packed
    return b"\x04" + _crc(bare, document.url) + frame


def _crc(packed: bytes, url: str = "") -> bytes:
    return zlib.crc32(url.encode(), zlib.crc32(packed)).to_bytes(CRC_BYTES)


def decode(url: str, data: bytes) -> Document:
    """Decode `data`, made by `encode`; `url` names the document in errors.

    Raises IncompatibleIndexError for the format of another version, DamagedError for damaged bytes.
    """
    form = data[0] if data else 0
    if form in _FORMS:
        return _FORMS[form](url, data)
    for read in (_checked, _unpacked, _short):  # the format byte itself may be damaged
        with contextlib.suppress(DamagedError):
            return read(url, data)
    raise IncompatibleIndexError(
        f"document {url[:100]} is stored in format {form}, which this version can't read; use a newer version"
    )


def _raw(url: str, data: bytes) -> Document:
    return _document(url, data[1:])


def _checked(url: str, data: bytes) -> Document:
    packed = data[1 + CRC_BYTES :]
    if data[1 : 1 + CRC_BYTES] != _crc(packed):
        raise _damaged(url, "checksum mismatch")
    return _document(url, packed)


def _unpacked(url: str, data: bytes) -> Document:
    return _document(url, _decompressed(url, data[1:]))


def _short(url: str, data: bytes) -> Document:
    packed = _decompressed(url, data[1 + CRC_BYTES :])
    if data[1 : 1 + CRC_BYTES] != _crc(packed, url):
        raise _damaged(url, "checksum mismatch")
    return msgspec.structs.replace(_document(url, packed), url=url)


def _decompressed(url: str, frame: bytes) -> bytes:
    try:
        return decompress(frame, MAX_DOCUMENT_BYTES)
    except zstandard.ZstdError as error:
        raise _damaged(url, error) from error


def _document(url: str, packed: bytes) -> Document:
    try:
        return _decoder.decode(packed)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _damaged(url, error) from error


def _damaged(url: str, reason: object) -> DamagedError:
    return DamagedError(f"document {url[:100]} is damaged in the log ({reason}); put it again")


_FORMS = {RAW: _raw, ZSTD: _unpacked, CHECKED: _checked, SHORT: _short}


def decoded_size(data: bytes) -> int:
    """Return the decompressed size of `data` in bytes without decompressing it; 0 if `data` is damaged."""
    form = data[:1]
    if form == b"\x02":
        return content_size(data[1:19])
    return content_size(data[1 + CRC_BYTES : 19 + CRC_BYTES]) if form == b"\x04" else len(data)


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
