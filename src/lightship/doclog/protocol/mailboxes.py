"""Mailboxes: durable queues between the programs that share a log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Letter(NamedTuple):
    """A message in a mailbox; sequences ascend within it."""

    sequence: int
    body: bytes


class Mailboxes(Protocol):
    """Durable, named mailboxes for messages between the programs that share a log.

    A letter stays until it is removed, so after a crash it is found again: delivery is at least once.
    """

    def send(self, box: str, bodies: Sequence[bytes]) -> None:
        """Send a letter with each of `bodies` (up to 512 KiB) to `box`, durably, in this order."""

    def receive(self, box: str, limit: int = 100) -> list[Letter]:
        """Return at most `limit` letters of `box`, the oldest first; none if it is empty."""

    def remove(self, box: str, upto: int) -> None:
        """Remove the letters of `box` up to the sequence `upto`."""
