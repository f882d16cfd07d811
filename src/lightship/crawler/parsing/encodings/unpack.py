"""Decodes a Content-Encoding, up to a limit, for answers that are stored as received."""

from __future__ import annotations

import io
import zlib

import zstandard
from fastwarc.stream_io import BrotliReader

from lightship.core.errors import InvalidDocumentError

MAX_LAYERS = 3
PIECE = 16 << 10  # bytes


def unpack(body: bytes, encodings: str, limit: int) -> bytes:
    """Return the first `limit` bytes of `body`, decoded according to the header value `encodings`.

    A truncated body is decoded as far as possible. Raises InvalidDocumentError for an unknown or invalid encoding.
    Brotli is decoded by fastwarc, as the package brotli may not be installed.
    """
    names = [name.strip().lower() for name in encodings.split(",") if name.strip()]
    if len(names) > MAX_LAYERS:
        raise InvalidDocumentError(f"{len(names)} content encodings, more than {MAX_LAYERS}")
    for name in reversed(names):
        try:
            body = _unpacked(body, name.removeprefix("x-"), limit)
        except (zlib.error, zstandard.ZstdError, OSError) as error:
            raise InvalidDocumentError(f"invalid {name} encoding: {error}") from error
    return body[:limit]


def _unpacked(body: bytes, name: str, limit: int) -> bytes:
    if name == "gzip":
        return zlib.decompressobj(31).decompress(body, limit)
    if name == "deflate":  # with zlib's header according to the standard, without it from some servers
        headed = len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
        return zlib.decompressobj(15 if headed else -15).decompress(body, limit)
    if name == "br":
        return _brotli(body, limit)
    if name == "zstd":
        return zstandard.ZstdDecompressor(max_window_size=1 << 23).stream_reader(io.BytesIO(body)).read(limit)
    if name in ("identity", "utf-8", "none"):
        return body
    raise InvalidDocumentError(f"unknown content encoding {name[:40]!r}")


def _brotli(body: bytes, limit: int) -> bytes:
    unpacker, unpacked = BrotliReader(io.BytesIO(body)), bytearray()
    try:
        while piece := unpacker.read(min(PIECE, limit - len(unpacked))):
            unpacked += piece
    except OSError:
        if not unpacked:  # otherwise keep what precedes the damage or truncation
            raise
    return bytes(unpacked)
