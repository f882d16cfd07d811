"""Former views of the index, which tell what matched a query when its watcher was last told something."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lightship.index.reader import View
from lightship.rpc.recent import Change

RECENT_SECONDS = 5.0  # all views are kept for so long
SPACED_SECONDS = 5.0  # older ones are kept so far apart
KEPT_SECONDS = 60.0  # a client may take so long to come back


class Kept(NamedTuple):
    """A view that was served at `moment` (monotonic), and its positions by partition."""

    moment: float
    positions: Mapping[int, int]
    view: View


class Past:
    """The views of the last KEPT_SECONDS, at most some twenty."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._kept = deque[Kept]()

    def keep(
        self, view: View, positions: Mapping[int, int], since: Mapping[int, int], now: float | None = None
    ) -> None:
        """Keep `view`, the one that is served now; what changed is known above `since`, by partition."""
        now = time.monotonic() if now is None else now
        kept = deque[Kept]()
        for each in self._kept:
            is_spaced = not kept or each.moment - kept[-1].moment >= SPACED_SECONDS
            is_wanted = now - each.moment <= KEPT_SECONDS and (is_spaced or now - each.moment <= RECENT_SECONDS)
            if is_wanted and _covers(since, each.positions):
                kept.append(each)
        kept.append(Kept(now, dict(positions), view))
        self._kept = kept

    def clear(self) -> None:
        """Forget all views, because the index is another one."""
        self._kept.clear()

    def before(self, position: Mapping[int, int]) -> Mapping[int, int]:
        """Return the positions of the last view that was served before `position`, or of the oldest."""
        for each in reversed(self._kept):
            if _covers(each.positions, position):
                return each.positions
        return self._kept[0].positions if self._kept else {}

    def at(self, position: Mapping[int, int], changes: Sequence[Change]) -> list[tuple[View, list[str]]] | None:
        """Return views, each with those urls that it has as they were at `position`, by partition; None if there is none.

        `changes` are all changes of some urls, since the view before `position`.
        """
        histories: dict[str, list[Change]] = {}
        for change in changes:
            histories.setdefault(change.url, []).append(change)
        found: dict[int, list[str]] = {}
        for url, history in histories.items():
            after = position[history[0].partition]
            if history[-1].sequence > after:
                number = self._number(history, after)
                if number is None:
                    return None
                found.setdefault(number, []).append(url)
        return [(self._kept[number].view, urls) for number, urls in found.items()]

    def _number(self, history: Sequence[Change], after: int) -> int | None:
        """Return the number of a view that has a url as it was at `after`; `history` are its changes."""
        partition = history[0].partition
        last = max((change.sequence for change in history if change.sequence <= after), default=0)
        following = min(change.sequence for change in history if change.sequence > after)
        for number in reversed(range(len(self._kept))):
            if last <= self._kept[number].positions.get(partition, 0) < following:
                return number
        return None


def _covers(earlier: Mapping[int, int], later: Mapping[int, int]) -> bool:
    return all(sequence <= later.get(partition, 0) for partition, sequence in earlier.items())
