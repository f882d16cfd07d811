"""Which urls changed from one view of the index to the next: see `rpc/recent.py`."""

from __future__ import annotations

from collections.abc import Sequence

from lightship.core.manifest import Manifest
from lightship.core.position import Reached, log_digest
from lightship.rpc.recent import Change, recent_of, since_of


class Changes:
    """Follows the manifests of the served index."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._index: object = None  # what tells its log and its layout from others
        self._log = ""
        self._versions: dict[int, tuple[int, int]] = {}
        self._reached: dict[int, int] = {}

    @property
    def position(self) -> Reached:
        """How far the index was when `follow` was last called."""
        return Reached(self._log, dict(self._reached))

    def begin(self, manifests: Sequence[Manifest]) -> tuple[Reached, list[Change]]:
        """Start with `manifests`; return the last changes before them, and the position after which these are all."""
        self._index, self._log = _index_of(manifests), log_digest(manifests[0].log_id)
        self._versions, self._reached = {each.shard: each.version for each in manifests}, {}
        since, changes = dict[int, int](), list[Change]()
        for manifest in manifests:
            self._reached |= manifest.sequences
            since |= manifest.sequences | since_of(manifest.positions)
            changes += recent_of(manifest.positions)
        return Reached(self._log, since), sorted(changes)

    def follow(self, manifests: Sequence[Manifest]) -> list[Change] | None:
        """Return the changes from the last manifests to these, each url once, in the order of their partitions.

        None if not all are known: then `begin` again.
        """
        if _index_of(manifests) != self._index:
            return None
        new, whole = list[Change](), True
        for manifest in manifests:
            if manifest.version != self._versions.get(manifest.shard):
                whole = self._read(manifest, new) and whole
                self._versions[manifest.shard] = manifest.version
        return sorted(new) if whole else None

    def _read(self, manifest: Manifest, new: list[Change]) -> bool:
        """Add the changes that `manifest` brings to `new`; True if these are all."""
        since, reached = since_of(manifest.positions), manifest.sequences
        for partition, sequence in reached.items():
            known = self._reached.get(partition, 0)
            if sequence < known or (sequence > known and since.get(partition, sequence) > known):
                return False
        new += [each for each in recent_of(manifest.positions) if each.sequence > self._reached.get(each.partition, 0)]
        self._reached |= reached
        return True


def _index_of(manifests: Sequence[Manifest]) -> object:
    return [(each.log_id, each.layout.name) for each in manifests]
