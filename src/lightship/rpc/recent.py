"""The urls that changed last, which an indexer sends with its positions so that replicas can tell who watches them.

They are keys of a manifest's `positions`, because earlier versions of the searchengine refuse unknown fields: a changed
url is `PARTITION URL`, with the sequence of its last change, and `since PARTITION` is the sequence above which all
changes of a partition are there. What is not there has to be looked for by searching again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

MOST = 500  # urls of one shard: of a few seconds at a hundred changes a second, of days on a quiet site
MOST_BYTES = 64 << 10  # of these urls; each manifest has them

_SINCE = "since"


class Change(NamedTuple):
    """The last change of a url: its place in the log."""

    partition: int
    sequence: int
    url: str


class Recent:
    """The last changes that an indexer has read."""

    def __init__(self, sequences: Mapping[int, int]) -> None:
        """Begin above `sequences`, by partition."""
        self._since, self._changes, self._bytes = dict(sequences), dict[str, Change](), 0

    def add(self, change: Change) -> None:
        """Add a change, which is later than all others of its partition."""
        self._forget(change.url)
        self._changes[change.url] = change
        self._bytes += len(change.url)
        while len(self._changes) > MOST or self._bytes > MOST_BYTES:
            oldest = next(iter(self._changes.values()))
            self._forget(oldest.url)
            self._since[oldest.partition] = oldest.sequence

    def _forget(self, url: str) -> None:
        if self._changes.pop(url, None) is not None:
            self._bytes -= len(url)

    def as_positions(self) -> dict[str, int]:
        """Return them as they are sent."""
        since = {f"{_SINCE} {partition}": sequence for partition, sequence in self._since.items()}
        return since | {f"{each.partition} {each.url}": each.sequence for each in self._changes.values()}


def since_of(positions: Mapping[str, int]) -> dict[int, int]:
    """Return by partition the sequence above which `recent_of` returns all changes; without a partition, none are known."""
    return {
        int(name.removeprefix(_SINCE)): sequence
        for name, sequence in positions.items()
        if name.startswith(f"{_SINCE} ")
    }


def recent_of(positions: Mapping[str, int]) -> list[Change]:
    """Return the last changes in the positions of a manifest, those of each partition in their order."""
    found = []
    for name, sequence in positions.items():
        partition, space, url = name.partition(" ")
        if space and partition != _SINCE:
            found.append(Change(int(partition), sequence, url))
    return found
