"""Decides from which state a shard resumes: its own index, a replica's, or the beginning of the log."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import threading
import time
from collections.abc import Mapping

from lightship.core.errors import DamagedError, UnavailableError
from lightship.core.manifest import Manifest
from lightship.doclog import DocumentLog, Span
from lightship.index.storage.index_meta import check_meta, opstamp
from lightship.index.storage.segments import RESTORED_STAMP, restore
from lightship.indexer.recovery.positions import Positions, Record
from lightship.indexer.recovery.replica_fetch import bring
from lightship.indexer.recovery.standby import StandbyCopy, write_manifest
from lightship.runtime.files import sync

logger = logging.getLogger("indexer")

ASK_SECONDS = 10.0  # for searchengines to answer, if the alternative is to index everything again
GLANCE_SECONDS = 2.0  # if there is an index to resume from
UNCLEAN = "unclean"  # a file in the folder of a shard: it has a byte for each run since the last that ended by itself
NOTHING = -1  # score of a state whose positions the log does not contain

Spans = Mapping[int, Span]


class Recovery:
    """Chooses the state to resume from, and installs it as the index in the shard's folder."""

    def __init__(self, log: DocumentLog, folder: str, positions: Positions, spans: Spans) -> None:
        """Recover the shard in `folder`; `spans` are those of its partitions in `log`."""
        self._log, self._folder, self._positions, self._spans = log, folder, positions, spans
        self._index = os.path.join(folder, "index")
        self._manifest_path = os.path.join(folder, "manifest.json")

    def sequences(self, standby: StandbyCopy | None, stop: threading.Event) -> dict[int, int]:
        """Return the sequence after which to resume each partition.

        Of its own index and the replicas' states, the most advanced is chosen: the one with the greatest sum of
        positions, all of which the log must contain. Its own index wins a tie. Instead of a damaged index, there is what
        was published of it last.
        """
        record = self._load(standby)
        own = NOTHING if record is None else self._worth(record)
        if standby is not None and any(span.head for span in self._spans.values()):
            manifest = self._bring(standby, own, stop)
            if manifest is not None:
                return self._install(manifest, standby)
            standby.remove()
        if record is not None and own != NOTHING:
            return self._own(record.sequences)
        return self._begin()

    def _load(self, standby: StandbyCopy | None) -> Record | None:
        """Return the record of the index; None if there is none, or if the index is damaged."""
        try:
            check_meta(self._index, crashed=os.path.exists(os.path.join(self._folder, UNCLEAN)))
            return self._positions.load(opstamp(self._index))
        except DamagedError as error:
            logger.error("%s; restoring the shard from a searchengine, or from the log", error)  # noqa: TRY400
            shutil.rmtree(self._index)
            if standby is not None:
                standby.take_published()
            return None

    def _own(self, sequences: Mapping[int, int]) -> dict[int, int]:
        return {p: sequences.get(p, 0) for p in self._spans}

    def _worth(self, read: Record | Manifest) -> int:
        """Return the score of `read`: the sum of its positions, if the log contains the very entries that were read."""
        sequences = self._own(read.sequences)
        known = all(
            span.log_id == read.log_id and span.floor <= sequences[p] <= span.head for p, span in self._spans.items()
        )
        if not known or read.history not in (0, self._log.history(sequences)):
            return NOTHING
        return sum(sequences.values())

    def _bring(self, standby: StandbyCopy, own: int, stop: threading.Event) -> Manifest | None:
        """Pull the replicas' most advanced state into `standby` if it is ahead of the index's own score; return it."""
        lost = own == NOTHING
        try:
            return bring(standby, self._worth, own, ASK_SECONDS if lost else GLANCE_SECONDS, stop)
        except UnavailableError as error:
            if lost:
                logger.warning("%s; nothing to restore from, indexing the whole log again", error)
            return None

    def _install(self, manifest: Manifest, standby: StandbyCopy) -> dict[int, int]:
        """Install the copy as the index. Positions are written last: if interrupted, the next start repeats it."""
        started, made = time.monotonic(), f"{self._index}.new"
        shutil.rmtree(made, ignore_errors=True)
        restore(made, manifest, standby.folder)
        self._clear()
        os.rename(made, self._index)
        self._publish(manifest, standby)
        sequences = self._own(manifest.sequences)
        self._positions.write_ahead(Record(RESTORED_STAMP - 1, manifest.log_id, sequences, manifest.history))
        standby.remove()
        logger.info(
            "restored %d documents of epoch %d, generation %d, installed in %.2f s",
            manifest.documents, *manifest.version, time.monotonic() - started,
        )  # fmt: skip
        return sequences

    def _publish(self, manifest: Manifest, standby: StandbyCopy) -> None:
        """Publish the files with their known digests: replicas have them, so none is read or sent again."""
        published = os.path.join(self._folder, "published")
        os.makedirs(published, exist_ok=True)
        for name in manifest.files:
            with contextlib.suppress(FileExistsError):
                os.link(os.path.join(standby.folder, name), os.path.join(published, name))
        sync(self._folder)
        write_manifest(self._manifest_path, manifest)

    def _begin(self) -> dict[int, int]:
        """Start with an empty index."""
        if os.path.exists(self._index):
            logger.warning("the index in %s does not belong to this log; rebuilding it from the log", self._folder)
        self._clear()
        return dict.fromkeys(self._spans, 0)

    def _clear(self) -> None:
        self._positions.forget()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._manifest_path)
        if os.path.exists(self._index):
            shutil.rmtree(self._index)


def forget(folder: str) -> None:
    """Remove an indexer's damaged data of the layout in `folder`, which is then restored from elsewhere."""
    shutil.rmtree(folder, ignore_errors=True)
