"""Mailboxes: one stream per log, one subject per box. The stream is created when the first letter is sent."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import msgspec

from lightship.doclog.jetstream.client.connection import Connection
from lightship.doclog.jetstream.client.errors import NO_MESSAGE, NO_STREAM, ApiError, RetryError
from lightship.doclog.jetstream.client.kv import Done, Got, Stored, make_stream
from lightship.doclog.protocol.mailboxes import Letter


class JetStreamMailboxes:
    """The mailboxes of the connection's log; used in its loop."""

    def __init__(self, connection: Connection) -> None:
        """Use `connection`."""
        self._connection = connection
        self._stream = f"{connection.address.name}-mail"
        self._made = False

    async def send(self, box: str, bodies: Sequence[bytes]) -> None:
        """Send letters to `box`."""
        if not self._made:
            await self._connection.with_retries(self._make)
            self._made = True
        for body in bodies:
            await self._connection.with_retries(lambda body=body: self._send(box, body))  # type: ignore[misc]

    async def _make(self) -> None:
        address = self._connection.address
        settings: dict[str, object] = {
            "name": self._stream, "subjects": [self._subject("*")], "storage": "file", "num_replicas": address.replicas,
            "retention": "limits", "discard": "new", "description": "Lightship mailboxes",
        }  # fmt: skip
        await make_stream(self._connection, settings)

    async def _send(self, box: str, body: bytes) -> None:
        try:
            (answer,) = await self._connection.ask(self._subject(box), body)
            self._connection.decode(answer, Stored)
        except ApiError as error:
            raise RetryError(str(error)) from error

    async def receive(self, box: str, limit: int) -> list[Letter]:
        """Return the oldest letters of `box` from the stream's leader."""
        letters: list[Letter] = []
        while len(letters) < limit:
            after = letters[-1].sequence if letters else 0
            found = await self._connection.with_retries(lambda after=after: self._next(box, after))  # type: ignore[misc]
            if found is None:
                break
            letters.append(found)
        return letters

    async def _next(self, box: str, after: int) -> Letter | None:
        asked = {"seq": after + 1, "next_by_subj": self._subject(box)}
        try:
            got = await self._connection.api(f"STREAM.MSG.GET.{self._stream}", asked, Got)
        except ApiError as error:
            if error.code in (*NO_MESSAGE, NO_STREAM):
                return None
            raise RetryError(str(error)) from error
        return Letter(got.message.seq, msgspec.json.decode(f'"{got.message.data}"', type=bytes))

    async def remove(self, box: str, upto: int) -> None:
        """Remove letters of `box`."""
        await self._connection.with_retries(lambda: self._remove(box, upto))

    async def _remove(self, box: str, upto: int) -> None:
        asked = {"filter": self._subject(box), "seq": upto + 1}
        try:
            await self._connection.api(f"STREAM.PURGE.{self._stream}", asked, Done)
        except ApiError as error:
            if error.code != NO_STREAM:
                raise RetryError(str(error)) from error

    def _subject(self, box: str) -> str:
        """Return the subject of a box, for any characters in its name."""
        name = box if box == "*" else base64.urlsafe_b64encode(box.encode()).rstrip(b"=").decode()
        return f"{self._connection.address.name}.mail.{name}"
