"""A shard: reads its partitions of the log, indexes, commits, and publishes manifests."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Sequence

from lightship.core.errors import (
    ConfigurationError,
    DamagedError,
    LightshipError,
    OutOfSpaceError,
    ReplacedError,
    UnavailableError,
)
from lightship.core.manifest import HISTORY, File, Layout, Manifest, Segment
from lightship.core.model import shard_of
from lightship.doclog import DocumentLog, Entry
from lightship.index.storage.segments import Snapshots, read_and_check
from lightship.indexer.publish import metrics
from lightship.indexer.recovery.positions import Positions, Record
from lightship.indexer.recovery.recovery import UNCLEAN, Recovery
from lightship.indexer.recovery.standby import StandbyCopy, read_manifest, write_manifest
from lightship.indexer.shard.merge_handover import MergeHandover
from lightship.indexer.shard.tiers import Tiers, folders_of
from lightship.rpc.recent import Change, Recent
from lightship.runtime.files import space_errors
from lightship.runtime.memory import release_free_memory

logger = logging.getLogger("indexer")

HEARTBEAT = 1.0  # seconds between two manifests while nothing changes
ROUND_LEAST = 0.02  # seconds between two rounds that bring little: each round queries the log for all partitions
TIDY_SECONDS = 10.0  # between two times when memory and files are given back, never while there is more to read
SCRUB_BYTES = 8_000_000  # of published files that are read again per second
CRASHES = 2  # runs in a row that did not end by themselves, after which all files are verified
READ_LIMIT = 100  # entries of one partition before the next partition's turn
# Read timeouts in seconds before the next partition's turn: for the first one that does not answer, for further ones
READ_PATIENCE, LESS_PATIENCE = 0.25, 0.05
# Seconds between two commits: short while changes are new, longer when far behind, as freshness is lost then anyway,
# and fewer, larger segments are cheaper
PACE_LEAST, PACE_MOST, PACE_OF_LAG = 0.1, 8.0, 0.5


def published_folder(folder: str, layout: Layout) -> str:
    """Return the folder for the published files of a shard in `folder`."""
    return os.path.join(folder, layout.name, "published")


class Shard:
    """The state of one shard; used by one thread."""

    def __init__(
        self,
        log: DocumentLog,
        folder: str,
        *,
        layout: Layout,
        order: int,
        shard: int,
        epoch: int,
        heap_bytes: int,
        threads: int,
        publish: Callable[[Manifest], None],
        has_come: Callable[[Collection[File]], bool] = lambda _: True,
        standby: StandbyCopy | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        """Open the shard in `folder`; `publish` is called with each new manifest, and with the last one each HEARTBEAT.

        `has_come` returns whether all replicas have files that were announced with a manifest.

        With a warm copy it resumes from the replicas' state, if that is more advanced; pulling ends if `stop` is set.
        """
        self._log, self._publish = log, publish
        self._layout, self._order, self._shard, self._epoch = layout, order, shard, epoch
        self._folder = os.path.join(folder, layout.name)
        self._partitions = [p for p in range(log.partitions) if shard_of(p, layout.shards) == shard]
        self._manifest_path = os.path.join(self._folder, "manifest.json")
        self._positions = Positions(os.path.join(self._folder, "positions.json"))
        self._unclean, self._finished = os.path.join(self._folder, UNCLEAN), False
        self._log_id, self._sequences = self._recover(standby, stop or threading.Event())
        self._committed, self._history = dict(self._sequences), log.history(self._sequences)
        self._recent = Recent(self._sequences)
        last = read_manifest(self._manifest_path)
        known = last.wanted.values() if last else ()
        published = published_folder(folder, layout)
        self._snapshots = Snapshots(folders_of(self._folder), published, known)
        self._handover = MergeHandover(self._snapshots, published, has_come)
        # Nothing is published until it has caught up to here: replicas may serve a newer state until then
        self._behind = self._heads()
        self._check_after_crashes()
        # The last step that may fail: a failure after it would leave the indexes locked
        self._tiers = Tiers(self._folder, heap_bytes=heap_bytes, threads=threads, declaration=layout.fields)
        self._segments: list[Segment] = []
        self._taken: dict[str, Segment] = {}  # segments of the last snapshot, by id: those that vanish were merged
        self._generation = 0
        self._published_state: object = None  # compared to detect that anything may have changed
        self._content: object = None  # the published content
        self._pending, self._pending_since = 0, 0.0
        self._lag, self._committed_at, self._published_at, self._scrubbed_at = 0.0, 0.0, 0.0, 0.0
        self._tidied_at = time.monotonic()
        # By partition: everything put before this time has been read
        self._fresh = dict.fromkeys(self._partitions, min(last.fresh_as_of, time.time()) if last else 0.0)
        self._stalled: set[int] = set()  # partitions that did not answer last time
        self.applied = 0
        self._opened = time.monotonic()

    def _check_after_crashes(self) -> None:
        """Verify what was published last if two runs before this one did not end by themselves.

        tantivy may abort the whole process when it meets a damaged file, at every start.
        """
        with space_errors(self._folder), open(self._unclean, "ab") as runs:
            crashes = runs.tell()
            runs.write(b".")
        last = read_manifest(self._manifest_path)
        if crashes < CRASHES or last is None:
            return
        logger.info("the last %d runs crashed; verifying all files", crashes)
        for file in last.files.values():
            for _ in read_and_check(os.path.join(self._folder, "published", file.name), file):
                pass

    def _recover(self, standby: StandbyCopy | None, stop: threading.Event) -> tuple[str, dict[int, int]]:
        """Return the log's id, and by partition the sequence to read on from."""
        heads = self._heads()
        spans = {p: self._log.span(p)._replace(head=heads[p]) for p in self._partitions}
        recovery = Recovery(self._log, self._folder, self._positions, spans)
        return next(iter(spans.values())).log_id, recovery.sequences(standby, stop)

    def _heads(self) -> dict[int, int]:
        """Return the head of each partition, as known to a majority of the log's servers."""
        try:
            return self._log.barriers(self._partitions)
        except OutOfSpaceError:  # nothing can be stored, so nothing is new, and one server's view is good enough
            return {p: self._log.span(p).head for p in self._partitions}

    def run(self, stop: threading.Event) -> None:
        """Index until `stop` is set; everything read by then is committed and published."""
        logged = False
        while not stop.is_set():
            try:
                started = time.monotonic()
                count = self._read_round(stop)
                if count == 0:
                    self._idle()
                elif count < READ_LIMIT:
                    stop.wait(max(0.0, started + ROUND_LEAST - time.monotonic()))
                logged = False
            except (DamagedError, ReplacedError):
                raise
            except UnavailableError as error:
                if not logged:
                    logger.warning("continuing without partitions that do not answer: %s", error)
                logged = True
                self._pass_time()
                stop.wait(HEARTBEAT / 2)
        self.finish()

    def finish(self) -> None:
        """Commit and publish everything read, so that the next start need not read it again."""
        self._tiers.move()
        self._commit()
        self._finished = True

    def close(self) -> None:
        """Wait for running merges, and release the folders."""
        try:
            self._tiers.close()
            with contextlib.suppress(LightshipError, OSError):  # the next start finds out
                self._snapshots.note_metas()  # of merges that have just ended
                if self._finished:
                    os.unlink(self._unclean)
        finally:
            self._snapshots.close()

    def _read_round(self, stop: threading.Event) -> int:
        """Apply new entries of each partition, committing when due; return their number."""
        count = 0
        for partition in self._partitions:
            if stop.is_set():
                break
            now = time.time()
            entries = self._read(partition)
            if entries is None:
                continue
            for entry in entries:
                self._apply(entry)
                self._recent.add(Change(partition, entry.sequence, entry.url))
            if entries:
                count += len(entries)
                self._sequences[partition] = entries[-1].sequence
                self._lag = max(0.0, now - entries[-1].time)
            self._note_fresh(partition, entries, now)
            if not entries or self._sequences[partition] >= self._behind.get(partition, 0):
                self._behind.pop(partition, None)
            if self._pending and time.monotonic() - self._pending_since >= self._pace():
                self._commit()
        metrics.note_read(min(self._fresh.values()))
        return count

    def _note_fresh(self, partition: int, entries: Sequence[Entry], now: float) -> None:
        if not entries:
            self._fresh[partition] = now
        elif entries[-1].time <= now:  # otherwise a clock was wrong, and the time of a put is meaningless
            self._fresh[partition] = entries[-1].time

    def _read(self, partition: int) -> list[Entry] | None:
        """Return new entries of `partition`; None if it does not answer now, as the others must not wait for it."""
        patience = LESS_PATIENCE if self._stalled else READ_PATIENCE
        try:
            entries = self._log.read(partition, self._sequences[partition], READ_LIMIT, patience)
        except DamagedError as error:
            self._skip(partition, error)
            return None
        except ReplacedError:
            raise
        except UnavailableError as error:
            if not self._stalled:
                logger.warning("continuing without partitions that do not answer: %s", error)
            self._stalled.add(partition)
            return None
        if partition in self._stalled:
            self._stalled.remove(partition)
            if not self._stalled:
                logger.info("all partitions of the log answer again")
        return entries

    def _skip(self, partition: int, damaged: DamagedError) -> None:
        """Skip a damaged entry: the previous version of its document stays indexed, and later entries must not wait."""
        logger.error("skipping a damaged entry of the log: %s", damaged)
        metrics.DAMAGED.inc()
        self._sequences[partition] = damaged.sequence
        if not self._pending:
            self._pending_since = time.monotonic()
        self._pending += 1

    def _apply(self, entry: Entry) -> None:
        if not self._pending:
            self._pending_since = time.monotonic()
        if entry.document is None:
            self._tiers.delete(entry.url)
        else:
            self._tiers.put(entry.document)
        self._pending += 1

    def _pace(self) -> float:
        return min(max(self._lag * PACE_OF_LAG, PACE_LEAST), PACE_MOST)

    def _idle(self) -> None:
        """Without new entries: commit what is pending, repeat the manifest, wait for more."""
        rest = self._committed_at + PACE_LEAST - time.monotonic()
        if self._pending and rest > 0:
            self._log.wait(rest)
            return
        self._pass_time()
        self._log.wait(HEARTBEAT / 2)

    def _pass_time(self) -> None:
        """Commit what is pending, or repeat the manifest if that is due; give back what a load has left."""
        if self._pending:
            self._commit()
        elif time.monotonic() - self._published_at >= HEARTBEAT:
            self._publish_snapshot()
        if time.monotonic() - self._tidied_at >= TIDY_SECONDS:
            self._tidied_at = time.monotonic()
            self._tiers.refresh()
            self._log.shrink()
            release_free_memory()

    def _commit(self) -> None:
        started = time.monotonic()
        self._note_history()
        stamp = self._tiers.stamp_of_all()
        if stamp is not None:
            self._positions.write_ahead(Record(stamp, self._log_id, self._committed, self._history))
        self._tiers.commit()
        self.applied += self._pending
        metrics.CHANGES.inc(self._pending)
        self._committed_at = time.monotonic()
        if self._pending >= 1000:
            logger.info("committed %d changes in %.2f s", self._pending, self._committed_at - started)
        self._pending = 0
        self._publish_snapshot()

    def _note_history(self) -> None:
        """Record the history of the log; raises ConfigurationError if it is no longer the log that was read so far."""
        if self._log.was_replaced(self._committed, self._history):
            raise ConfigurationError(
                "the log was replaced by an older state of itself; restart this program to rebuild its index"
            )
        self._committed = dict(self._sequences)
        self._history = self._log.history(self._committed)

    def _publish_snapshot(self) -> None:
        """Publish the last commit, as a new generation if files (a commit or a finished merge) or positions changed.

        A change without effect on files, like a delete of an absent URL, still moves the positions: a client may be
        waiting for a replica to reach them.
        """
        self._snapshots.note_metas()
        if self._behind:
            self._tiers.take_changes()
            return
        if time.monotonic() - self._scrubbed_at >= HEARTBEAT:
            self._scrubbed_at = time.monotonic()
            self._snapshots.scrub(SCRUB_BYTES)
        state = self._snapshots.changed(), dict(self._sequences)
        changed = state != self._published_state or self._handover.is_due()
        if not self._generation:
            seconds = time.monotonic() - self._opened
            logger.info("caught up with the log; replayed %d changes in %.2f s", self.applied, seconds)
        if changed:
            self._segments = self._take()
            content = self._segments, dict(self._sequences), self._handover.coming
            changed = content != self._content  # a merge that ended between the checks is already published
            self._generation += changed
            self._published_state, self._content = state, content
        manifest = self._manifest()
        if changed:
            write_manifest(self._manifest_path, manifest)
        self._snapshots.drop_others(manifest.wanted.keys() | self._handover.names)
        self._published_at = time.monotonic()
        metrics.GENERATION.set(manifest.generation)
        self._publish(manifest)

    def _take(self) -> list[Segment]:
        large, small = self._snapshots.take_each()
        taken = {segment.id: segment for segment in (*large, *small)}
        self._snapshots.check(segment for name, segment in self._taken.items() if name not in taken)
        self._taken = taken
        chosen = self._handover.choose(large, self._tiers.take_changes())
        return sorted(self._snapshots.digested([*chosen, *small]), key=lambda segment: segment.id)

    def _manifest(self) -> Manifest:
        return Manifest(
            layout=self._layout,
            order=self._order,
            shard=self._shard,
            epoch=self._epoch,
            generation=self._generation,
            segments=self._segments,
            log_id=self._log_id,
            positions={
                **{str(p): sequence for p, sequence in self._sequences.items()},
                HISTORY: self._history,
                **self._recent.as_positions(),
            },
            made=time.time(),
            fresh_as_of=min(self._fresh.values()),
            coming=self._handover.coming,
        )
