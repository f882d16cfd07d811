"""Segments opened as an index of their own, apart from the one that they are, or are to be, part of."""

from __future__ import annotations

import os
from collections.abc import Sequence

import tantivy

from lightship.core.manifest import Segment
from lightship.index.fields.schema import register_analyzers
from lightship.index.storage.segments import META, meta_of


def link_apart(folder: str, source: str, version: int, segments: Sequence[Segment]) -> None:
    """Make, in the empty `folder`, an index of `segments`, of the schema `version`: hard links to `source`, nothing is synced."""
    for segment in segments:
        for file in segment.files:
            os.link(os.path.join(source, file.name), os.path.join(folder, file.name))
    with open(os.path.join(folder, META), "wb") as out:
        out.write(meta_of(version, segments))


def searcher_of(folder: str) -> tantivy.Searcher:
    """Return a searcher of the index in `folder`, which is not needed any more once it is open. Raises what tantivy raises."""
    index = tantivy.Index.open(folder)
    register_analyzers(index)
    index.config_reader("manual")
    index.reload()
    return index.searcher()
