"""Segments without an indexer process: made here, to be pushed by what a benchmark measures."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from lightship.core.manifest import Layout, Manifest
from lightship.core.model import Document
from lightship.index.fields.schema import SCHEMA_VERSION
from lightship.index.storage.segments import Snapshots
from lightship.index.writer import IndexWriter

LAYOUT = Layout(1, SCHEMA_VERSION)
HEAP = 1 << 30  # bytes: one commit is one segment
UNMERGED = 7  # commits of one index: tantivy merges eight


class Made:
    """One shard of several index folders, so that it has as many segments as are wanted; published in `published`."""

    def __init__(self, folder: Path, folders: int = 1) -> None:
        self.published = folder / "published"
        self._folders = [folder / f"index{number}" for number in range(folders)]
        for each in self._folders:
            IndexWriter(str(each), heap_bytes=16 << 20, threads=1).close()
        self._snapshots = Snapshots([str(each) for each in self._folders], str(self.published))
        self._generation, self._epoch = 0, time.time_ns() // 1_000_000

    def commit(self, documents: Iterable[Document], number: int = 0) -> None:
        """Make a segment of `documents` in the folder `number`."""
        writer = IndexWriter(str(self._folders[number]), heap_bytes=HEAP, threads=1)
        for document in documents:
            writer.put(document)
        writer.commit()
        writer.close()

    def manifest(self) -> Manifest:
        """Return what is committed as a new generation."""
        self._generation += 1
        return Manifest(
            layout=LAYOUT, order=1, shard=0, epoch=self._epoch, generation=self._generation, segments=self._snapshots.take(),
            log_id="bench", positions={}, made=time.time(), fresh_as_of=time.time(),
        )  # fmt: skip


def size(manifest: Manifest) -> int:
    """Return the bytes of all files."""
    return sum(file.size for file in manifest.files.values())
