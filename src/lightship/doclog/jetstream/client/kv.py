"""A NATS key-value bucket for a log's metadata and leases, read from its leader."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from lightship.doclog.jetstream.client.connection import Connection
from lightship.doclog.jetstream.client.errors import NO_MESSAGE, NO_STREAM, WRONG_LAST_SEQUENCE, ApiError, RetryError

LAST = "Nats-Expected-Last-Subject-Sequence"


class Done(msgspec.Struct):
    """A success response whose contents do not matter."""


class Stored(msgspec.Struct):
    """JetStream's acknowledgement of a message."""

    seq: int
    duplicate: bool = False


class Raw(msgspec.Struct):
    """A message in the form of JetStream's API."""

    seq: int
    subject: str
    time: str
    data: str = ""  # base64
    hdrs: str = ""  # base64


class Got(msgspec.Struct):
    """JetStream's response to a request for one message."""

    message: Raw


class Row(NamedTuple):
    """A stored value; `revision` is 0 if there is none."""

    revision: int
    data: bytes


class KeyValue:
    """Keys and JSON values; every change names the revision that it replaces."""

    def __init__(self, connection: Connection) -> None:
        """Use the bucket of the connection's log."""
        self._connection = connection
        self._bucket = connection.address.name
        self._stream = f"KV_{self._bucket}"

    async def make(self, replicas: int) -> None:
        """Create the bucket if it does not exist."""
        settings = {
            "name": self._stream, "subjects": [f"$KV.{self._bucket}.>"], "max_msgs_per_subject": 1, "storage": "file",
            "num_replicas": replicas, "retention": "limits", "discard": "new", "allow_rollup_hdrs": True,
            "deny_delete": True, "allow_direct": False, "description": "Lightship document log",
        }  # fmt: skip
        await self._connection.with_retries(lambda: make_stream(self._connection, settings))

    async def get(self, key: str) -> Row:
        """Return the value of `key` from the bucket's leader."""
        return await self._connection.with_retries(lambda: self._get(key))

    async def _get(self, key: str) -> Row:
        subject = f"$KV.{self._bucket}.{_escaped(key)}"
        try:
            got = await self._connection.api(f"STREAM.MSG.GET.{self._stream}", {"last_by_subj": subject}, Got)
        except ApiError as error:
            if error.code in (*NO_MESSAGE, NO_STREAM):
                return Row(0, b"")
            raise RetryError(str(error)) from error
        return Row(got.message.seq, msgspec.json.decode(f'"{got.message.data}"', type=bytes))

    async def swap(self, key: str, data: bytes, revision: int) -> bool:
        """Compare and swap: store `data`, which must be unique, if `revision` is still the newest; True if stored."""
        return await self._connection.with_retries(lambda: self._swap(key, data, revision))

    async def _swap(self, key: str, data: bytes, revision: int) -> bool:
        subject = f"$KV.{self._bucket}.{_escaped(key)}"
        try:
            (answer,) = await self._connection.ask(subject, data, {LAST: str(revision)})
            self._connection.decode(answer, Stored)
        except ApiError as error:
            if error.code == WRONG_LAST_SEQUENCE:  # or an earlier attempt was stored, and its answer lost
                return (await self._get(key)).data == data
            raise RetryError(str(error)) from error
        return True


async def make_stream(connection: Connection, settings: dict[str, object]) -> None:
    """Create a stream, unless it exists with the same settings."""
    try:
        await connection.api(f"STREAM.CREATE.{settings['name']}", settings, Done)
    except ApiError as error:
        raise RetryError(str(error)) from error


def _escaped(key: str) -> str:
    return "".join(
        c if c.isascii() and (c.isalnum() or c in "-_/") else "".join(f"={b:02x}" for b in c.encode()) for c in key
    )
