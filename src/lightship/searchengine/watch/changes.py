"""Which urls changed between two states of the index, as far as replicas remember: see `rpc/recent.py`."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lightship.core.manifest import Manifest
from lightship.core.position import Reached, log_digest
from lightship.rpc.recent import Change, recent_of, since_of

MOST = 20_000  # changes that are remembered, some 4 MB


class Round(NamedTuple):
    """The changes that one view brought, in the order of their partitions, after the positions `before` it."""

    before: Mapping[int, int]
    changes: list[Change]


class Changes:
    """The changes of the last views of one index, at most `most`."""

    def __init__(self, most: int = MOST) -> None:
        """Know nothing yet."""
        self._most, self._count = most, 0
        self._index: object = None  # what tells its log and its layout from others
        self._log = ""
        self._versions: dict[int, tuple[int, int]] = {}
        self._rounds = deque[Round]()
        self.since: dict[int, int] = {}  # by partition: all changes above are remembered
        self.reached: dict[int, int] = {}

    @property
    def position(self) -> Reached:
        """How far the index was when `follow` was last called."""
        return Reached(self._log, dict(self.reached))

    def follow(self, manifests: Sequence[Manifest]) -> list[Change] | None:
        """Return the changes from the last manifests to these; None if some are not known."""
        index = [(each.log_id, each.layout.name) for each in manifests]
        known = index == self._index
        if not known:
            self._begin(manifests, index)
        before, new = dict(self.reached), list[Change]()
        for manifest in manifests:
            if manifest.version != self._versions.get(manifest.shard):
                known = self._read(manifest, new) and known
                self._versions[manifest.shard] = manifest.version
        new.sort()
        self._remember(Round(before, new))
        return new if known else None

    def after(self, position: Reached) -> list[Change] | None:
        """Return the changes after `position`, in its partitions; None if some are forgotten, or it is of another log.

        A url that changed several times may be there several times, in that order.
        """
        if position.log != self._log or any(
            sequence < self.since.get(partition, sequence + 1) for partition, sequence in position.sequences.items()
        ):
            return None
        asked, found = position.sequences, list[list[Change]]()
        for each in reversed(self._rounds):
            found.append([
                change for change in each.changes
                if change.sequence > asked.get(change.partition, change.sequence)
            ])  # fmt: skip
            if all(each.before.get(partition, 0) <= sequence for partition, sequence in asked.items()):
                break
        return sorted(change for changes in found for change in changes)

    def _begin(self, manifests: Sequence[Manifest], index: object) -> None:
        self._index, self._log = index, log_digest(manifests[0].log_id)
        self._rounds.clear()
        self._versions.clear()
        self._count, self.since, self.reached = 0, {}, {}
        for manifest in manifests:
            self.since |= manifest.sequences | since_of(manifest.positions)
        self.reached = dict(self.since)

    def _read(self, manifest: Manifest, new: list[Change]) -> bool:
        """Add the changes that `manifest` brings to `new`; return whether these are all."""
        since, whole, reached = since_of(manifest.positions), True, manifest.sequences
        for partition, sequence in reached.items():
            known = self.reached.get(partition, 0)
            if sequence == known:
                continue
            if sequence < known or since.get(partition, sequence) > known:
                self.since[partition], whole = since.get(partition, sequence), False
        new += [
            change for change in recent_of(manifest.positions)
            if change.sequence > self.reached.get(change.partition, 0)
        ]  # fmt: skip
        self.reached |= reached
        return whole

    def _remember(self, latest: Round) -> None:
        self._rounds.append(latest)
        self._count += len(latest.changes)
        while self._count > self._most or (len(self._rounds) > self._most and not self._rounds[0].changes):
            forgotten = self._rounds.popleft()
            self._count -= len(forgotten.changes)
            for change in forgotten.changes:
                self.since[change.partition] = max(change.sequence, self.since.get(change.partition, 0))
