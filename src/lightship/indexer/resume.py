"""Where a shard goes on: from its own index, from what replicas have, or from the log's beginning."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import threading
import time
from collections.abc import Mapping

from lightship.doclog import DocumentLog, Span
from lightship.errors import UnavailableError
from lightship.files import sync
from lightship.index.segments import RESTORED_STAMP, opstamp, restore
from lightship.indexer.positions import Positions, Record
from lightship.indexer.restore import bring
from lightship.indexer.warm import Warm, write_manifest
from lightship.manifest import Manifest

logger = logging.getLogger("indexer")

ASK_SECONDS = 10.0  # for searchengines to answer, when the alternative is to index everything again
GLANCE_SECONDS = 2.0  # when there is an index to go on from
NOTHING = -1  # the worth of what the log does not know

Spans = Mapping[int, Span]


class Resume:
    """Decides where a shard goes on, and makes the index in its folder the one to go on from."""

    def __init__(self, log: DocumentLog, folder: str, positions: Positions, spans: Spans) -> None:
        """Look at the shard's `folder`; `spans` are those of its partitions in `log`."""
        self._log, self._folder, self._positions, self._spans = log, folder, positions, spans
        self._index = os.path.join(folder, "index")
        self._manifest_path = os.path.join(folder, "manifest.json")

    def sequences(self, warm: Warm | None, stop: threading.Event) -> dict[int, int]:
        """Return the sequence after which each partition goes on.

        Of the own index and what replicas have, the one goes on that has read further: whose positions, each known to
        the log, have the greater sum over all partitions. Own wins when they are equal.
        """
        record = self._positions.load(opstamp(self._index))
        own = NOTHING if record is None else self._worth(record)
        if warm is not None and any(span.head for span in self._spans.values()):
            manifest = self._bring(warm, own, stop)
            if manifest is not None:
                return self._install(manifest, warm)
            warm.remove()
        if record is not None and own != NOTHING:
            return self._own(record.sequences)
        return self._begin()

    def _own(self, sequences: Mapping[int, int]) -> dict[int, int]:
        return {p: sequences.get(p, 0) for p in self._spans}

    def _worth(self, read: Record | Manifest) -> int:
        """Return how far `read` has come: the sum of its positions, if the log has the very entries that were read there."""
        sequences = self._own(read.sequences)
        known = all(
            span.log_id == read.log_id and span.floor <= sequences[p] <= span.head for p, span in self._spans.items()
        )
        if not known or read.history not in (0, self._log.history(sequences)):
            return NOTHING
        return sum(sequences.values())

    def _bring(self, warm: Warm, own: int, stop: threading.Event) -> Manifest | None:
        """Return what replicas have, pulled into `warm`, if it has read further than the own index."""
        lost = own == NOTHING
        try:
            return bring(warm, self._worth, own, ASK_SECONDS if lost else GLANCE_SECONDS, stop)
        except UnavailableError as error:
            if lost:
                logger.warning("%s: nothing to restore from, all of the log is indexed again", error)
            return None

    def _install(self, manifest: Manifest, warm: Warm) -> dict[int, int]:
        """Make the copy the index. Positions come last: interrupted before that, the next start does it again."""
        started, made = time.monotonic(), f"{self._index}.new"
        shutil.rmtree(made, ignore_errors=True)
        restore(made, manifest, warm.folder)
        self._clear()
        os.rename(made, self._index)
        self._publish(manifest, warm)
        sequences = self._own(manifest.sequences)
        self._positions.write_ahead(Record(RESTORED_STAMP - 1, manifest.log_id, sequences, manifest.history))
        warm.remove()
        logger.info(
            "restored %d documents of epoch %d, generation %d, installed in %.2f s",
            manifest.documents, *manifest.version, time.monotonic() - started,
        )  # fmt: skip
        return sequences

    def _publish(self, manifest: Manifest, warm: Warm) -> None:
        """Have the files published, with their digests known: replicas have them, and none is read or sent again."""
        published = os.path.join(self._folder, "published")
        os.makedirs(published, exist_ok=True)
        for name in manifest.files:
            with contextlib.suppress(FileExistsError):
                os.link(os.path.join(warm.folder, name), os.path.join(published, name))
        sync(self._folder)
        write_manifest(self._manifest_path, manifest)

    def _begin(self) -> dict[int, int]:
        """Begin anew."""
        if os.path.exists(self._index):
            logger.warning("the index in %s does not belong to this log: building it anew from the log", self._folder)
        self._clear()
        return dict.fromkeys(self._spans, 0)

    def _clear(self) -> None:
        self._positions.forget()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._manifest_path)
        if os.path.exists(self._index):
            shutil.rmtree(self._index)


def forget(folder: str) -> None:
    """Remove what an indexer has of the layout kept in `folder`: it is damaged, and is taken from elsewhere."""
    shutil.rmtree(folder, ignore_errors=True)
