"""The streams of a log, one a partition: their names, their making, and the form of a message."""

from __future__ import annotations

import asyncio
import base64
import struct
import uuid
from typing import NamedTuple

import msgspec

from lightship.core.errors import IncompatibleIndexError
from lightship.core.model import PARTITIONS, url_digest
from lightship.doclog.jetstream.client.connection import Connection
from lightship.doclog.jetstream.client.kv import KeyValue, make_stream

VERSION = 1
DELETE = {"Lightship-Delete": "1"}  # so that `prune` need not read documents
SESSIONS = "Lightship-Sessions"  # the header that makes a message a mark (see `sessions.py`)

_length = struct.Struct(">H")


class Facts(msgspec.Struct):
    """What a log knows about itself, under the key `log`."""

    id: str
    partitions: int
    version: int


class Message(NamedTuple):
    """A message of a stream; `time` is in RFC 3339. `sessions` is what a mark lists; "" for an entry."""

    sequence: int
    time: str
    data: bytes
    sessions: str = ""


def stream_of(log: str, partition: int) -> str:
    """Return the name of a partition's stream."""
    return f"{log}-{partition}"


def subjects_of(log: str, partition: int) -> str:
    """Return the subjects of a partition: one for each url."""
    return f"{log}.docs.{partition}.*"


def subject_of(log: str, partition: int, url: str) -> str:
    """Return the subject of `url`: its digest, since a url may have characters that a subject can't."""
    digest = base64.urlsafe_b64encode(url_digest(url)).rstrip(b"=").decode()
    return f"{log}.docs.{partition}.{digest}"


def mark_subject_of(log: str, partition: int) -> str:
    """Return the subject of a partition's mark: no digest is as short."""
    return f"{log}.docs.{partition}.sessions"


def pack(url: str, value: bytes) -> bytes:
    """Return the body of a message: the url's length in two bytes, the url, and the document, or nothing."""
    encoded = url.encode()
    return _length.pack(len(encoded)) + encoded + value


def unpack(data: bytes) -> tuple[str, bytes]:
    """Return url and document (empty: a delete) of a message's body."""
    (length,) = _length.unpack_from(data)
    return data[2 : 2 + length].decode(), data[2 + length :]


async def open_streams(connection: Connection, kv: KeyValue) -> Facts:
    """Return what the log says of itself, after making it when it is not there.

    Raises IncompatibleIndexError when it is of another version.
    """
    row = await kv.get("log")
    if not row.revision:
        await _make(connection, kv)
        row = await kv.get("log")
    facts = msgspec.json.decode(row.data, type=Facts)
    if facts.version != VERSION:
        raise IncompatibleIndexError(
            f"the log {connection.address} has version {facts.version}, this program reads {VERSION};"
            " use the version that wrote it, or name another one and fill it again"
        )
    return facts


async def _make(connection: Connection, kv: KeyValue) -> None:
    """Make all streams, in parallel, and at last the row that says that they are there."""
    log, replicas = connection.address.name, connection.address.replicas
    await kv.make(replicas)

    async def make(partition: int) -> None:
        settings: dict[str, object] = {
            "name": stream_of(log, partition), "subjects": [subjects_of(log, partition)], "storage": "file",
            "num_replicas": replicas, "max_msgs_per_subject": 1, "retention": "limits", "discard": "old",
            "allow_direct": True, "description": "Lightship document log",
        }  # fmt: skip
        await connection.patiently(lambda: make_stream(connection, settings))

    await asyncio.gather(*map(make, range(PARTITIONS)))
    facts = Facts(uuid.uuid4().hex, PARTITIONS, VERSION)
    await kv.swap("log", msgspec.json.encode(facts), 0)  # else another process was faster
