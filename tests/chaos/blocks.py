"""The block files of a NATS server: every entry that is still in them, also those that later ones replaced.

A record of a block (`*.blk`) is: its length with a flag for headers (4 bytes), sequence (8), time in nanoseconds (8), the
length of the subject (2), the subject, the length of the headers (4) and the headers, the message, a checksum (8).
"""

from __future__ import annotations

import contextlib
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lightship.doclog.jetstream.streams import stream_of, unpack

CHECKSUM_BYTES = 8
HAS_HEADERS = 1 << 31
MARKS = 3 << 62  # of a sequence: the record was erased, or says that another one was

_head, _length = struct.Struct("<IQqH"), struct.Struct("<I")
_writer = re.compile(rb"^(?:Lightship-Put|Nats-Msg-Id): *([0-9a-f]{12})", re.MULTILINE)


class Stored(NamedTuple):
    """An entry of a document log: `time` is in seconds since the epoch, `writer` who sent it, `value` empty for a delete."""

    sequence: int
    time: float
    writer: str
    url: str
    value: bytes


def entries(store: Path, log: str, partition: int) -> list[Stored]:
    """Return what the files of a server, whose `store_dir` is `store`, have of a partition of `log`, by sequence."""
    blocks = store.glob(f"jetstream/*/streams/{stream_of(log, partition)}/msgs/*.blk")
    return sorted(stored for block in blocks for stored in _read(_bytes(block)))


def _bytes(block: Path) -> bytes:
    with contextlib.suppress(FileNotFoundError):  # its server removes those in which everything was replaced
        return block.read_bytes()
    return b""


def _read(block: bytes) -> Iterator[Stored]:
    start = 0
    while start + _head.size < len(block):
        length, sequence, time, subject = _head.unpack_from(block, start)
        end = start + (length & ~HAS_HEADERS)
        if end < start + _head.size + CHECKSUM_BYTES or end > len(block):  # it is being written
            return
        at, headers = start + _head.size + subject, b""
        if length & HAS_HEADERS:
            (size,) = _length.unpack_from(block, at)
            at += _length.size + size
            headers = block[at - size : at]
        if subject and not sequence & MARKS:
            found = _writer.search(headers)
            writer = found[1].decode() if found else ""
            yield Stored(sequence, time / 1e9, writer, *unpack(block[at : end - CHECKSUM_BYTES]))
        start = end
