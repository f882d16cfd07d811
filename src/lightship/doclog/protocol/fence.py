"""Fences against late changes: a change must not replace what its sender has put since giving up on it.

The pattern is the fencing of Kleppmann ("How to do distributed locking", 2016), with the log's own sequences as tokens.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from lightship.core.errors import OvertakenError
from lightship.core.model import Change

T = TypeVar("T")


# Shorter than a sender's wait before it retries elsewhere (docs/intake.md)
FRESH_SECONDS = 2.0


class Fence:
    """Limits what the changes of one request may replace. Create it with `DocumentLog.fence` when the request arrives.

    They may replace what the log is known to have contained then, however late they reach it, and nothing newer. A
    closed fence, of a request whose sender no longer waits, allows nothing. Thread-safe.
    """

    def __init__(self, heads: Sequence[int], *, fresh: bool = False) -> None:
        """Fence at `heads`: the newest sequence of each partition known to be assigned by now.

        While it is `fresh`, for FRESH_SECONDS, newer entries may be replaced too.
        """
        self._heads = heads
        self._fresh_until = time.monotonic() + FRESH_SECONDS if fresh else 0.0
        self.is_closed = False

    def close(self) -> None:
        """Allow nothing from now on."""
        self.is_closed = True

    def lets(self, partition: int, sequence: int) -> bool:
        """Whether the newest entry of a URL, at `sequence` (0: none), may be replaced."""
        if self.is_closed:
            return False
        return self.knew(partition, sequence) or time.monotonic() <= self._fresh_until

    def knew(self, partition: int, sequence: int) -> bool:
        """Whether an entry certainly existed when this fence was created."""
        return sequence <= self._heads[partition]


def newest(
    changes: Sequence[Change], fences: Sequence[Fence], heads: Callable[[], Sequence[int]]
) -> list[tuple[Change, Fence]]:
    """Return the last change of each URL, with its fence; without `fences`, a fresh one of `heads` for all."""
    each = fences or itertools.repeat(Fence(heads(), fresh=True))
    return list({change.url: (change, fence) for change, fence in zip(changes, each, strict=False)}.values())


def positions(changes: Sequence[Change], stored: Mapping[str, T], maybe: Collection[str] = ()) -> list[T]:
    """Return the `stored` position of each change; raises OvertakenError if some are not stored, or only `maybe`."""
    missing = [change.url for change in changes if change.url not in stored]
    if missing:
        raise OvertakenError(missing, stored, maybe)
    return [stored[change.url] for change in changes]
