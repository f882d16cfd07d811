"""Compression of documents, as zstd frames (RFC 8878): short ones with a dictionary.

A frame carries the statistics of its letters. Those of a passage of 400 characters take more bytes than they save, so
a dictionary says beforehand what text in Latin letters is like, and how the names of a document's keys are encoded.
It is part of the format: a change of a single byte needs a new format byte in `codec.py`.
"""

from __future__ import annotations

import base64
import threading

import zstandard

LEVEL = 1  # level -1 saves 7 of 37 us and 4 of 14 us in the two directions, for 9 KB, and needs a third more space
_POOR = 0.7  # of its length: Latin letters become shorter than that, other letters have other statistics

# The tables of a dictionary in zstd's format. They count letters and repeats in 12,000 passages of web pages, and have no
# text of these: ZDICT_finalizeDictionary makes them for the content below
_TABLES = base64.b85decode(
    "H>5D^0RR91I}ormNjfkLQ{4uE000gk2#GN~gV@%HTser8q-By2BFXMCD4WJ;*Z&srkN&Ym9F|p04anIJau9qRQvd)EK)AGkasvPW1b~39Fc"
    "{RN!Ndw7V+a8N0000000000000000000q<pe?k0-_=U;=!ST!B{LPl7|B`=_acJ0000100004000080000"
)
_CONTENT = (
    b" the of and to in is that for it with as are was this be by on not or from at have an which you can has "
    b"\xa8sections\xa4type\xa6fields\xa7fetched\xa8modified\xabdescription\xa8headings"
    b"\x84\xa3url\xa0\xa5title\xa0\xa8language\xa2en\xa4text"
)
DICTIONARY = _TABLES + _CONTENT


class _Compression(threading.local):
    """One set of compressors and decompressors per thread: they are expensive to create and must not be shared."""

    def __init__(self) -> None:
        known = zstandard.ZstdCompressionDict(DICTIONARY)
        self.compress = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress
        self.compress_short = zstandard.ZstdCompressor(
            level=LEVEL, dict_data=known, write_checksum=False, write_dict_id=False
        ).compress
        self.decompress = zstandard.ZstdDecompressor(dict_data=known).decompress


_compression = _Compression()


def compress(data: bytes) -> bytes:
    """Return `data` as a frame with its content size and the frame's own checksum."""
    return _compression.compress(data)


def compress_short(data: bytes) -> bytes:
    """Return a few KB as a frame with its content size, mostly without a checksum."""
    frame = _compression.compress_short(data)
    return frame if len(frame) < _POOR * len(data) else min(frame, _compression.compress(data), key=len)


def decompress(frame: bytes, most: int) -> bytes:
    """Return the content of a frame, made with the dictionary or without; raises ZstdError if it is damaged or claims more than `most` bytes."""
    size = content_size(frame)
    if size > most:  # do not allocate memory for it
        raise zstandard.ZstdError(f"claims {size} bytes")
    return _compression.decompress(frame)


def content_size(frame: bytes) -> int:
    """Return the size in bytes of the content of a frame, as its header states it; 0 if that is damaged."""
    try:
        return max(0, zstandard.frame_content_size(frame[:18]))  # a header has at most 18 bytes
    except zstandard.ZstdError:
        return 0
