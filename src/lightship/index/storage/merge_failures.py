"""Detects failing merges. tantivy does not report them: a panic in a merge thread only prints a trace to stderr."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from lightship.core.errors import LightshipError

# tantivy's LogMergePolicy merges eight segments of fewer documents than this within seconds. If twice as many have been
# left unmerged for FAILED_SECONDS, they never will be merged
_SMALL = 10_000
FAILED_SEGMENTS = 16
FAILED_SECONDS = 600.0


class MergeFailures:
    """Watches the segments of the index in `folder` after each commit."""

    def __init__(self, folder: str) -> None:
        """Start without known segments."""
        self._folder = folder
        self._since: dict[str, float] = {}  # small segment -> when it was first seen

    def check(self, segments: Iterable[Mapping[str, Any]]) -> None:
        """Check the `segments` of a meta.json; raises LightshipError if merges must have failed."""
        now = time.monotonic()
        small = [segment["segment_id"] for segment in segments if segment["max_doc"] < _SMALL]
        self._since = {name: self._since.get(name, now) for name in small}
        old = sum(now - since >= FAILED_SECONDS for since in self._since.values())
        if old >= FAILED_SEGMENTS:
            raise LightshipError(
                f"merges fail in the index {self._folder}: {old} small segments are unmerged after {FAILED_SECONDS:g} s, so "
                "some of its files must be damaged (see the panic above); move the shard's folder away, and it is restored "
                "from the searchengines or the log"
            )
