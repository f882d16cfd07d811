"""Opens segments as a separate index, apart from the one that they belong to or will be installed in."""

from __future__ import annotations

import os
from collections.abc import Sequence

import tantivy

from lightship.core.manifest import Segment
from lightship.index.fields.schema import register_analyzers
from lightship.index.storage.index_meta import META
from lightship.index.storage.segments import meta_of


def link_segments(folder: str, source: str, version: int, segments: Sequence[Segment], declaration: str = "") -> None:
    """Create an index of `segments` (schema `version`) in the empty `folder`: hard links to `source`; not synced."""
    for segment in segments:
        for file in segment.files:
            os.link(os.path.join(source, file.name), os.path.join(folder, file.name))
    with open(os.path.join(folder, META), "wb") as out:
        out.write(meta_of(version, declaration, segments))


def searcher_of(folder: str) -> tantivy.Searcher:
    """Return a searcher over the index in `folder`, which may then be removed. Raises tantivy's errors."""
    index = tantivy.Index.open(folder)
    register_analyzers(index)
    index.config_reader("manual")
    index.reload()
    return index.searcher()
