"""Reads request bodies: with limits while receiving and decompressing, and a check of each line."""

from __future__ import annotations

import asyncio
import io
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import zstandard
from msgspec.structs import replace

from lightship.core.collections import COLLECTION
from lightship.core.declaration import NO_FIELDS, Fields, check_fields
from lightship.core.errors import InvalidInputError, TooLargeError, TooSlowError
from lightship.core.model import Document
from lightship.documents.jsonl import check_length, parse_line, read_lines
from lightship.intake.backpressure import Reservation
from lightship.intake.messages import InvalidLineError

MAX_BODY = 32 << 20  # bytes, as sent and decompressed: eight of the largest documents, or thousands of typical ones
MAX_DOCUMENTS = 10_000  # per request: a second's work for the log
RECEIVE_SECONDS = 60.0  # for a whole body: 32 MiB at 560 KB/s; slower clients must send smaller bodies
MAX_WINDOW = 8 << 20  # bytes: what every zstd decoder must support (RFC 8878)
_PIECE = 256  # compressed bytes per step: a decompression bomb expands them to 8 MiB at most

_DECOMPRESSORS: dict[str, Callable[[], Any]] = {
    "gzip": lambda: zlib.decompressobj(wbits=31),
    "zstd": lambda: zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).decompressobj(),
}
ENCODINGS = ("identity", *_DECOMPRESSORS)


async def receive(stream: AsyncIterator[bytes], reservation: Reservation) -> bytes:
    """Return the bytes of a body; raises TooLargeError, TooSlowError, TooManyRequestsError."""
    body = bytearray()
    try:
        async with asyncio.timeout(RECEIVE_SECONDS):
            async for chunk in stream:
                _check_size(len(body) + len(chunk))
                reservation.take(len(chunk))
                body += chunk
    except TimeoutError as error:
        raise TooSlowError(f"the body did not arrive within {RECEIVE_SECONDS:.0f} s; send smaller bodies") from error
    return bytes(body)


def decompress(body: bytes, encoding: str, reservation: Reservation) -> bytes:
    """Decode `body` by its Content-Encoding, never holding much more than MAX_BODY bytes.

    Raises InvalidInputError if it is damaged, truncated or in another encoding; TooLargeError; TooManyRequestsError.
    """
    encoding = encoding.strip().lower() or "identity"
    if encoding == "identity":
        return body
    if encoding not in _DECOMPRESSORS:
        raise InvalidInputError(f"unknown Content-Encoding {encoding[:40]!r}; use {', '.join(ENCODINGS)}")
    try:
        return _decompress(body, _DECOMPRESSORS[encoding], reservation)
    except (zlib.error, zstandard.ZstdError) as error:
        raise InvalidInputError(f"the body is not valid {encoding}: {error}") from error


def _decompress(body: bytes, make: Callable[[], Any], reservation: Reservation) -> bytes:
    """Return the content of all frames of `body`, one after the other."""
    whole, frame, place = bytearray(), None, 0
    while place < len(body):
        frame = make() if frame is None or frame.eof else frame
        piece = body[place : place + _PIECE]
        content = frame.decompress(piece)
        place += len(piece) - (len(frame.unused_data) if frame.eof else 0)
        _check_size(len(whole) + len(content))
        reservation.take(len(content))
        whole += content
    if frame is not None and not frame.eof:
        raise InvalidInputError("the compressed body is truncated; send it completely")
    return bytes(whole)


def parse_documents(content: bytes, fields: Fields = NO_FIELDS, collection: str = "") -> list[Document]:
    """Return the documents in JSON lines, whose values must fit the declared `fields`; all in `collection`, if given.

    Raises InvalidLineError for the first wrong line, or InvalidInputError.
    """
    documents: list[Document] = []
    for number, line in read_lines(io.BytesIO(content)):
        if len(documents) == MAX_DOCUMENTS:
            raise TooLargeError(f"more than {MAX_DOCUMENTS} documents; send them in several requests")
        try:
            document = parse_line(check_length(line), strict=True)
            if collection:
                document = replace(document, fields={**document.fields, COLLECTION: collection})
            documents.append(check_fields(document, fields))
        except InvalidInputError as error:
            raise InvalidLineError(f"line {number}: {error}", number) from error
    if not documents:
        raise InvalidInputError('no documents in the body; send lines like {"url": "…", "title": "…", "text": "…"}')
    return documents


def _check_size(size: int) -> None:
    if size > MAX_BODY:
        raise TooLargeError(f"the body is larger than {MAX_BODY} bytes; send the documents in several requests")
