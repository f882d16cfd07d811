"""Mailboxes: durable queues between the programs that share a log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Letter(NamedTuple):
    """What lies in a mailbox; sequences rise within it."""

    sequence: int
    body: bytes


class Mailboxes(Protocol):
    """Durable mailboxes, by name, through which the programs that share a log tell each other what is theirs.

    A letter stays until it is removed, so who dies before it has done with a letter finds it again: it may be met twice.
    """

    def send(self, box: str, bodies: Sequence[bytes]) -> None:
        """Put a letter for each of `bodies` (up to 512 KiB) into `box`, durably, in this order."""

    def receive(self, box: str, limit: int = 100) -> list[Letter]:
        """Return the oldest letters of `box`, at most `limit`; none when it is empty."""

    def remove(self, box: str, upto: int) -> None:
        """Remove the letters of `box` up to the sequence `upto`."""
