"""An index that is built and searched in this process: what the indexers and a searchengine do, without them."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable

from lightship.core.manifest import Layout, Manifest
from lightship.core.model import Document, clean_text, partition_of, shard_of
from lightship.index.fields.schema import SCHEMA_VERSION
from lightship.index.storage.segments import Snapshots
from lightship.index.writer import IndexWriter
from lightship.runtime.limits import limits
from lightship.searchengine.search.api import Hit, SearchRequest
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.search.search import search
from lightship.searchengine.store.store import Store

_HEAP_BYTES = 256 << 20  # of all shards together, as an indexer's default
_LEAST_HEAP_BYTES = 16 << 20  # of one: tantivy refuses less than 15 MB


def build(folder: str, documents: Iterable[Document], shards: int = 1, declaration: str = "") -> None:
    """Index `documents`, whose urls must differ, in the empty `folder`, which becomes a searchengine's data folder.

    `declaration` is that of their fields.
    """
    heap, threads = max(_HEAP_BYTES // shards, _LEAST_HEAP_BYTES), max(1, min(limits().threads, 4) // shards)
    parts = [os.path.join(folder, f"shard-{number}") for number in range(shards)]
    writers = [IndexWriter(part, heap_bytes=heap, threads=threads, declaration=declaration) for part in parts]
    for document in documents:
        writers[shard_of(partition_of(document.url), shards)].put(document, new=True)
    for writer in writers:
        writer.commit()
        writer.close()
    store, layout = Store(folder), Layout(shards, SCHEMA_VERSION, declaration)
    for number, part in enumerate(parts):
        _install(store, layout, number, part)
        shutil.rmtree(part)


def _install(store: Store, layout: Layout, shard: int, folder: str) -> None:
    """Install the index in `folder` as `shard`; its files are linked, not copied."""
    snapshots = Snapshots((folder,), store.layout_folder(layout.name))
    now = time.time()
    made = Manifest(
        layout=layout, order=1, shard=shard, epoch=1, generation=1, segments=snapshots.take(), log_id="none",
        positions={}, made=now, fresh_as_of=now,
    )  # fmt: skip
    snapshots.close()
    store.install(made, shard)


class LocalIndex:
    """Searches the data folder that `build` made."""

    def __init__(self, folder: str) -> None:
        """Open `folder`."""
        self._replica = Replica(Store(folder))

    @property
    def documents(self) -> int:
        """The number of documents."""
        return self._replica.view.documents

    def search(self, query: str, size: int) -> list[Hit]:
        """Return the first `size` results of `query`, as a searchengine returns them."""
        return search(self._replica, SearchRequest(query=" ".join(clean_text(query).split()), size=size)).hits
