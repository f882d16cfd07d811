"""What the intake answers."""

from __future__ import annotations

import msgspec

from lightship.core.errors import InvalidInputError


class Stored(msgspec.Struct, frozen=True):
    """The log has all of the request: `documents` puts or deletes; a search with `min_position=position` sees them."""

    documents: int
    position: str


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True):
    """Any answer of 400 and above; `line` (from 1) is the one of the body that is wrong."""

    error: str
    line: int | None = None


class InvalidLineError(InvalidInputError):
    """A line of a body is no document; `line` is its number, from 1, where it is known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        """Say what is wrong with it."""
        super().__init__(message)
        self.line = line


class ShardStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What the indexer has of its shard: what it published last when it leads, its warm copy when it stands by.

    Without either yet, `epoch`, `generation` and `documents` are 0. `lag_seconds` is how old a leader's last change was
    when it was read.
    """

    layout: str
    shard: int
    leads: bool
    epoch: int
    generation: int
    documents: int
    lag_seconds: float | None


class IntakeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How the intake and its indexer are doing; `stored` and `refused` count changes and requests since the start."""

    version: str
    stored: int
    refused: int
    waiting_requests: int
    waiting_bytes: int
    uptime_seconds: float
    shard: ShardStatus | None
