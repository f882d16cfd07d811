"""Scrubbing: slowly re-reads the installed files, and removes damaged ones, which their indexer then sends again.

Disks and memory flip bits without any error from the file system (Bairavasundaram et al., "An Analysis of Data
Corruption in the Storage Stack", FAST 2008). Every file has a digest in its manifest to check against.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator

from lightship.core.errors import DamagedError
from lightship.core.manifest import File
from lightship.index.storage.segments import Passes, read_and_check
from lightship.searchengine.store.store import Store

SUSPECT_SECONDS = 30.0  # minimum between two full passes triggered by failing searches
PASSED = "scrubbed"  # a file in the data folder whose modification time is the end of the last full pass


class Scrubber:
    """Passes over all files of `store`, `bytes_each_second` at a time; for use by one thread."""

    def __init__(self, store: Store, bytes_each_second: int) -> None:
        """Start with the first file."""
        self._store, self._rate = store, bytes_each_second
        self._passes = Passes(self._whole_pass)
        self._looked = float("-inf")  # when the last triggered pass started; monotonic

    def step(self) -> None:
        """Check the share of one second, or everything if a search has failed; blocking."""
        if os.path.exists(self._store.suspicion) and time.monotonic() - self._looked >= SUSPECT_SECONDS:
            self._looked = time.monotonic()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._store.suspicion)
            for _ in self._whole_pass():
                pass
            return
        self._passes.advance(self._rate)

    def _whole_pass(self) -> Iterator[int]:
        """Check everything; yields the size of each chunk read."""
        for layout in self._store.layouts.names():
            self._store.heal_meta(layout)
            for manifest in self._store.layouts.installed(layout):
                for file in manifest.files.values():
                    yield from self._check(layout, file)
        path = os.path.join(self._store.folder, PASSED)
        with contextlib.suppress(OSError), open(path, "a"):
            os.utime(path)

    def _check(self, layout: str, file: File) -> Iterator[int]:
        try:
            yield from read_and_check(os.path.join(self._store.layout_folder(layout), file.name), file)
        except DamagedError as error:
            self._store.take_out(layout, file, str(error))


def passed_at(folder: str) -> float | None:
    """Return when the last full pass over the data folder ended (seconds since the epoch); None before the first."""
    try:
        return os.stat(os.path.join(folder, PASSED)).st_mtime
    except FileNotFoundError:
        return None
