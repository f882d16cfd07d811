"""How every backend stores a document: one format byte, then MessagePack, compressed when that pays.

    0x01  MessagePack of the Document, a map from field name to value, defaults left out
    0x02  the same, as one zstd frame that states its size

A reader ignores names that it does not know, so a later version may add fields without a new format byte.
"""

from __future__ import annotations

import threading

import msgspec
import zstandard

from lightship.errors import IncompatibleIndexError, InvalidDocumentError, TooLargeError, UnavailableError
from lightship.model import MAX_DOCUMENT_BYTES, Document

RAW, ZSTD = 1, 2
COMPRESS_FROM = 4096  # bytes: a smaller document has a page of the database to itself either way
LEVEL = -1  # a third less time than 1 for both ways, a quarter more space

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Document)


class _Compression(threading.local):
    """One compressor and decompressor a thread: they are costly to make and must not be shared."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=LEVEL).compress
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
        return b"\x01" + packed
    return b"\x02" + _compression.compress(packed)


def decode(url: str, data: bytes) -> Document:
    """Return the document that `encode` made `data` of; `url` names it in errors.

    Raises IncompatibleIndexError for a format of another version, UnavailableError for damaged bytes.
    """
    form = data[0] if data else 0
    if form not in (RAW, ZSTD):
        raise IncompatibleIndexError(
            f"document {url[:100]} is stored in format {form}, which this version can't read; use a newer version"
        )
    try:
        return _decoder.decode(data[1:] if form == RAW else _decompress(data))
    except (msgspec.MsgspecError, zstandard.ZstdError, UnicodeDecodeError) as error:
        raise UnavailableError(f"document {url[:100]} is damaged in the log ({error}); put it again") from error


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
