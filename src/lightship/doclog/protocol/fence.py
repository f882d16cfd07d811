"""What keeps late changes out: a change must not replace what its sender, who gave it up, has put there since.

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


# Less than a sender waits before it asks elsewhere, as docs/intake.md says
FRESH_SECONDS = 2.0


class Fence:
    """What the changes of one request may replace. Make it with `DocumentLog.fence` when the request has arrived.

    They may replace what the log is known to have held then, however late they come to it, and nothing newer. A closed
    fence, whose request nobody waits for any more, lets nothing through. Safe to use from several threads.
    """

    def __init__(self, heads: Sequence[int], *, fresh: bool = False) -> None:
        """Take `heads`: of each partition the newest sequence that is known to be given out by now.

        While it is `fresh`, for FRESH_SECONDS, what is newer may be replaced too.
        """
        self._heads = heads
        self._fresh_until = time.monotonic() + FRESH_SECONDS if fresh else 0.0
        self.is_closed = False

    def close(self) -> None:
        """Let nothing through from now on."""
        self.is_closed = True

    def lets(self, partition: int, sequence: int) -> bool:
        """Tell whether the newest entry of a url (0: it has none), at `sequence`, may be replaced."""
        if self.is_closed:
            return False
        return self.knew(partition, sequence) or time.monotonic() <= self._fresh_until

    def knew(self, partition: int, sequence: int) -> bool:
        """Tell whether an entry was there for sure when this fence was made."""
        return sequence <= self._heads[partition]


def newest(
    changes: Sequence[Change], fences: Sequence[Fence], heads: Callable[[], Sequence[int]]
) -> list[tuple[Change, Fence]]:
    """Return the last change of each url, with its fence; without `fences` a fresh one is made of `heads` for all."""
    each = fences or itertools.repeat(Fence(heads(), fresh=True))
    return list({change.url: (change, fence) for change, fence in zip(changes, each, strict=False)}.values())


def positions(changes: Sequence[Change], stored: Mapping[str, T], maybe: Collection[str] = ()) -> list[T]:
    """Return what is `stored` of each change, its position; raises OvertakenError when some are not `stored`, or `maybe` were."""
    missing = [change.url for change in changes if change.url not in stored]
    if missing:
        raise OvertakenError(missing, stored, maybe)
    return [stored[change.url] for change in changes]
