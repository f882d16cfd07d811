"""Keeps the source segments of a large merge published until every replica has the merged one.

So a merge never delays fresh documents: it makes one new segment, often of tens or hundreds of megabytes, and a
manifest that names it can't be installed before it has arrived, nor any newer change. See `index/DESIGN.md`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence

from lightship.core.errors import LightshipError
from lightship.core.manifest import MAX_COMING, File, Segment
from lightship.index.storage.alive_bitset import PublishedSegment
from lightship.index.storage.segments import Snapshots
from lightship.indexer.shard.tiers import Changes

logger = logging.getLogger("indexer")

LEAST_BYTES = 4 << 20  # a smaller segment reaches four replicas in less than 0.1 s
# Timeout: then the merged segment is published anyway, so that a slow replica can't hold it back indefinitely
MOST_SECONDS, SLOWEST_BYTES = 60.0, 10 << 20  # plus a second for each SLOWEST_BYTES
MOST_DELETES = 2000  # per commit; each takes some 20 us in each held segment


class MergeHandover:
    """Chooses the published segments of a shard's large index; used by one thread."""

    def __init__(self, snapshots: Snapshots, published: str, has_come: Callable[[Collection[File]], bool]) -> None:
        """Publish from the folder `published`; `has_come` returns whether files are on all replicas."""
        self._snapshots, self._published, self._has_come = snapshots, published, has_come
        self._last: dict[str, Segment] | None = None  # tantivy's segments at the last call, by id
        self._held: dict[str, PublishedSegment] = {}  # merged away by tantivy, but still published
        self._merged: dict[str, Segment] = {}  # their replacements, not yet published
        self._since = 0.0
        self._coming: list[File] = []

    @property
    def coming(self) -> list[File]:
        """The files to be sent ahead."""
        return self._coming

    @property
    def names(self) -> set[str]:
        """The names of the files of merged segments."""
        return {file.name for segment in self._merged.values() for file in segment.files}

    def is_due(self) -> bool:
        """Whether `choose` would return something else now, although nothing was committed."""
        return bool(self._held) and (self._is_over() or (not self._is_announced() and self._is_digested()))

    def choose(self, segments: Sequence[Segment], changes: Changes) -> list[Segment]:
        """Return the segments to publish when tantivy has `segments`, after `changes`."""
        before, self._last = self._last, {segment.id: segment for segment in segments}
        try:
            if before is not None:
                self._follow(before, self._last, changes)
            published = self._published_of(segments)
            self._announce(published)
        except (LightshipError, OSError, ValueError) as error:
            logger.warning("publishing a merged segment without waiting for replicas: %s", error)
            self._release()
            return list(segments)
        return published

    def _published_of(self, segments: Sequence[Segment]) -> list[Segment]:
        if self._held and self._is_over():
            logger.info(
                "merge of %d segments handed over after %.1f s", len(self._held), time.monotonic() - self._since
            )
            self._release()
        held = [held.segment() for held in self._held.values() if held.living]
        return held + [segment for segment in segments if segment.id not in self._merged]

    def _follow(self, before: dict[str, Segment], after: dict[str, Segment], changes: Changes) -> None:
        """Detect merges since the last call, and apply deletes to the held segments."""
        gone = [before[name] for name in before.keys() - after.keys()]
        new = [after[name] for name in after.keys() - before.keys()]
        if gone and (self._held or sum(map(_bytes, new)) >= LEAST_BYTES):
            self._hold(gone, self._merges(new, changes.added))
        self._merged = {name: after[name] for name in self._merged if name in after}
        if not self._held:
            return
        if len(changes.deleted) > MOST_DELETES:
            raise _GiveUpError(f"{len(changes.deleted)} documents were deleted at once")
        for held in self._held.values():
            held.delete(changes.deleted)
        living, merged_living = (
            sum(held.living for held in self._held.values()),
            sum(segment.documents - segment.deleted for segment in self._merged.values()),
        )
        if living != merged_living:
            raise _GiveUpError(f"{merged_living} documents remain of {living}")

    @staticmethod
    def _merges(new: list[Segment], added: int) -> list[Segment]:
        """Return those of the `new` segments that result from merges; the others hold the `added` documents."""
        small = [segment for segment in new if segment.documents <= added]
        if sum(segment.documents for segment in small) != added:
            raise _GiveUpError(f"it can't be distinguished from {added} added documents")
        return [segment for segment in new if segment not in small]

    def _hold(self, gone: list[Segment], merged: list[Segment]) -> None:
        if not self._held:
            self._since = time.monotonic()
        for segment in gone:
            if segment.id not in self._merged:
                self._held[segment.id] = PublishedSegment(self._published, *self._snapshots.digested([segment]))
        self._merged |= {segment.id: segment for segment in merged}

    def _announce(self, published: Sequence[Segment]) -> None:
        """Announce the files of merged segments for sending, once their digests are known."""
        if self._is_announced() or not self._is_digested():
            return
        segments = self._snapshots.digested(self._merged.values())
        self._coming = [file for segment in segments for file in segment.files if not file.name.endswith(".del")]
        if sum(file.size for file in self._coming) > MAX_COMING * sum(map(_bytes, published)):
            raise _GiveUpError("it is too large to be sent ahead")

    def _is_digested(self) -> bool:
        return self._snapshots.is_digested(self._merged.values())

    def _is_announced(self) -> bool:
        return {file.name for file in self._coming} == {name for name in self.names if not name.endswith(".del")}

    def _is_over(self) -> bool:
        most = MOST_SECONDS + sum(map(_bytes, self._merged.values())) / SLOWEST_BYTES
        late = time.monotonic() - self._since > most
        return late or (self._is_announced() and self._has_come(self._coming))

    def _release(self) -> None:
        self._held.clear()
        self._merged.clear()
        self._coming = []


class _GiveUpError(LightshipError):
    """The held segments may not correspond exactly to the merged one."""


def _bytes(segment: Segment) -> int:
    return sum(file.size for file in segment.files)
