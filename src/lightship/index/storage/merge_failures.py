"""Notices that merges fail. tantivy tells nobody: a panic in one of its merge threads is a trace on stderr, and nothing more."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from lightship.core.errors import LightshipError

# tantivy merges eight segments of fewer documents than that as soon as there are as many (LogMergePolicy): in seconds.
# Twice as many that nothing has merged for so long, nothing ever will
_SMALL = 10_000
FAILED_SEGMENTS = 16
FAILED_SECONDS = 600.0


class MergeFailures:
    """Watches the segments of the index in a folder, as each commit leaves them."""

    def __init__(self, folder: str) -> None:
        """Begin with none."""
        self._folder = folder
        self._since: dict[str, float] = {}  # small segments, and when each was seen first

    def check(self, segments: Iterable[Mapping[str, Any]]) -> None:
        """Take up the `segments` of a meta.json; raises LightshipError when merges must have failed."""
        now = time.monotonic()
        small = [segment["segment_id"] for segment in segments if segment["max_doc"] < _SMALL]
        self._since = {name: self._since.get(name, now) for name in small}
        old = sum(now - since >= FAILED_SECONDS for since in self._since.values())
        if old >= FAILED_SEGMENTS:
            raise LightshipError(
                f"merges of the index in {self._folder} fail: {old} small segments were left for {FAILED_SECONDS:g} s, so "
                "files of it are damaged (a panic above says more); move the folder of the shard away, and it is made again "
                "from the searchengines or the log"
            )
