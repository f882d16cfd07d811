"""What a Content-Encoding packed, up to a limit: for answers that are kept as they came."""

from __future__ import annotations

import io
import zlib

import zstandard
from fastwarc.stream_io import BrotliReader

from lightship.core.errors import InvalidDocumentError

MAX_LAYERS = 3
PIECE = 16 << 10  # bytes


def unpack(body: bytes, encodings: str, limit: int) -> bytes:
    """Return the first `limit` bytes of `body`, of which the header `encodings` says how it was packed.

    What was cut off is unpacked as far as it goes. Raises InvalidDocumentError for an unknown or a broken packing.
    Brotli is fastwarc's: the package brotli, which aiohttp asks servers for `br` with, need not be there.
    """
    names = [name.strip().lower() for name in encodings.split(",") if name.strip()]
    if len(names) > MAX_LAYERS:
        raise InvalidDocumentError(f"packed {len(names)} times: more than {MAX_LAYERS}")
    for name in reversed(names):
        try:
            body = _unpacked(body, name.removeprefix("x-"), limit)
        except (zlib.error, zstandard.ZstdError, OSError) as error:
            raise InvalidDocumentError(f"its {name} packing is broken: {error}") from error
    return body[:limit]


def _unpacked(body: bytes, name: str, limit: int) -> bytes:
    if name == "gzip":
        return zlib.decompressobj(31).decompress(body, limit)
    if name == "deflate":  # with zlib's head, as the standard says, or without it, as some servers do
        headed = len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
        return zlib.decompressobj(15 if headed else -15).decompress(body, limit)
    if name == "br":
        return _brotli(body, limit)
    if name == "zstd":
        return zstandard.ZstdDecompressor(max_window_size=1 << 23).stream_reader(io.BytesIO(body)).read(limit)
    if name in ("identity", "utf-8", "none"):
        return body
    raise InvalidDocumentError(f"packed by {name[:40]!r}, which can't be unpacked")


def _brotli(body: bytes, limit: int) -> bytes:
    unpacker, unpacked = BrotliReader(io.BytesIO(body)), bytearray()
    try:
        while piece := unpacker.read(min(PIECE, limit - len(unpacked))):
            unpacked += piece
    except OSError:
        if not unpacked:  # else what came before the damage, or before its end was cut off
            raise
    return bytes(unpacked)
