"""The intake's response messages."""

from __future__ import annotations

import msgspec

from lightship.core.errors import InvalidInputError


class Stored(msgspec.Struct, frozen=True):
    """The log has the whole request: `documents` puts or deletes; a search with `min_position=position` sees them."""

    documents: int
    position: str


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True):
    """Any response with status 400 or above; `line` (from 1) is the wrong line of the body."""

    error: str
    line: int | None = None


class InvalidLineError(InvalidInputError):
    """A line of a body is not a document; `line` is its number, from 1, if known."""

    def __init__(self, message: str, line: int | None = None) -> None:
        """Describe the error in `message`."""
        super().__init__(message)
        self.line = line


class ShardStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The state of an indexer's shard: a leader's last published manifest, or a standby's warm copy.

    Without either, `epoch`, `generation` and `documents` are 0. `lag_seconds` is the time since a leader had read all
    that the log then held; `waits` says why it does not index at the moment, and is empty if it does.
    """

    layout: str
    shard: int
    leads: bool
    epoch: int
    generation: int
    documents: int
    lag_seconds: float | None
    waits: str


class IntakeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The status of the intake and its indexer; `stored` and `refused` count changes and requests since the start.

    `no_room` is the error of a log that has no room for changes, and is empty if it has.
    """

    version: str
    stored: int
    refused: int
    no_room: str
    waiting_requests: int
    waiting_bytes: int
    uptime_seconds: float
    shard: ShardStatus | None
