"""The streams of a log, one per partition: their names, their creation, and the message format."""

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
DELETE = {"Lightship-Delete": "1"}  # header of deletes, so that `prune` need not read documents
SESSIONS = "Lightship-Sessions"  # header of a mark (see `sessions.py`)

_length = struct.Struct(">H")


class Facts(msgspec.Struct):
    """The metadata of a log, under the key `log`."""

    id: str
    partitions: int
    version: int


class Message(NamedTuple):
    """A message of a stream; `time` is in RFC 3339. `sessions` is the contents of a mark; "" for an entry."""

    sequence: int
    time: str
    data: bytes
    sessions: str = ""


def stream_of(log: str, partition: int) -> str:
    """Return the name of a partition's stream."""
    return f"{log}-{partition}"


def subjects_of(log: str, partition: int) -> str:
    """Return the subjects of a partition: one per URL."""
    return f"{log}.docs.{partition}.*"


def subject_of(log: str, partition: int, url: str) -> str:
    """Return the subject of `url`: its digest, as a URL may have characters that are not allowed in a subject."""
    digest = base64.urlsafe_b64encode(url_digest(url)).rstrip(b"=").decode()
    return f"{log}.docs.{partition}.{digest}"


def mark_subject_of(log: str, partition: int) -> str:
    """Return the subject of a partition's mark, which is shorter than any digest."""
    return f"{log}.docs.{partition}.sessions"


def pack(url: str, value: bytes) -> bytes:
    """Return the body of a message: the URL's length in two bytes, the URL, and the document (empty: a delete)."""
    encoded = url.encode()
    return _length.pack(len(encoded)) + encoded + value


def unpack(data: bytes) -> tuple[str, bytes]:
    """Return the URL and the document (empty: a delete) in a message's body."""
    (length,) = _length.unpack_from(data)
    return data[2 : 2 + length].decode(), data[2 + length :]


async def open_streams(connection: Connection, kv: KeyValue) -> Facts:
    """Return the metadata of the log, creating the log if it does not exist.

    Raises IncompatibleIndexError if it is of another version.
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
    """Create all streams concurrently, and finally the metadata, which marks the log as complete."""
    log, replicas = connection.address.name, connection.address.replicas
    await kv.make(replicas)

    async def make(partition: int) -> None:
        settings: dict[str, object] = {
            "name": stream_of(log, partition), "subjects": [subjects_of(log, partition)], "storage": "file",
            "num_replicas": replicas, "max_msgs_per_subject": 1, "retention": "limits", "discard": "old",
            "allow_direct": True, "description": "Lightship document log",
        }  # fmt: skip
        await connection.with_retries(lambda: make_stream(connection, settings))

    await asyncio.gather(*map(make, range(PARTITIONS)))
    facts = Facts(uuid.uuid4().hex, PARTITIONS, VERSION)
    await kv.swap("log", msgspec.json.encode(facts), 0)  # otherwise another process was faster
