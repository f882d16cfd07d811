"""The progress display of `lightship up`: a live line per stage on a terminal, log lines elsewhere."""

from __future__ import annotations

import contextlib
import glob
import logging
import os
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from lightship.cli.system.status import read_status
from lightship.core.errors import DamagedError, UnavailableError
from lightship.core.manifest import Manifest
from lightship.crawler.state.progress import Waiting, read_progress, read_waiting
from lightship.runtime.files import unsealed

logger = logging.getLogger("up")

LOG_SECONDS = 5.0  # between two log lines, without a terminal
STATUS_SECONDS = 1.0  # timeout of a searchengine's /status
STAGES = ("fetched", "indexed", "searchable")

# The carriage return keeps the terminal's echo of ^C from wrapping a full line
_FORMAT = "{desc} {bar}\r"


class Counts(NamedTuple):
    """The progress of each stage: pages or records found and fetched, documents indexed, searchable on every replica.

    `done`: the first pass over the sources is complete, and all of it is searchable on every replica. `failed` of the
    `found` pages or records could not be read; `waiting` are those of failing sites.
    """

    found: int
    fetched: int
    indexed: int
    searchable: int
    done: bool
    failed: int = 0
    waiting: Waiting = Waiting()


def outcome(counts: Counts) -> str:
    """Return what is searchable once `counts.done`, in words."""
    if counts.waiting.pages:
        return f"{counts.waiting}; the other {counts.searchable} documents are searchable"
    if counts.searchable <= 1:
        return "1 document is searchable" if counts.searchable else "no document was found"
    return f"all {counts.searchable} documents are searchable"


class Gauge:
    """Measures the progress of the parts in the data folder `data`, for a layout of `shards` shards."""

    def __init__(self, data: str, shards: int, searchengines: Sequence[str]) -> None:
        """Read the folder `data` and the /status of `searchengines` (host:port)."""
        self._data, self._shards, self._searchengines = data, shards, searchengines
        self._idle_since: float | None = None

    def read(self) -> Counts:
        """Return the current counts; a searchengine that does not answer is ignored."""
        folder = os.path.join(self._data, "crawler")
        crawl, waiting = read_progress(folder), read_waiting(folder)
        manifests = glob.glob(os.path.join(self._data, "*", f"s{self._shards}v*", "manifest.json"))
        statuses = [found for name in self._searchengines if (found := _status(name))]
        searchable = min((int(found["documents"]) for found in statuses), default=0)
        done = self._done(crawl.idle, statuses)
        return Counts(crawl.found, crawl.fetched, _documents(manifests), searchable, done, crawl.failed, waiting)

    def _done(self, idle: bool, statuses: Sequence[dict[str, Any]]) -> bool:
        """Whether every replica serves all documents that were put before the crawler became idle."""
        if not idle:
            self._idle_since = None
            return False
        if self._idle_since is None:
            self._idle_since = time.monotonic()
        idle_seconds = time.monotonic() - self._idle_since
        return len(statuses) == len(self._searchengines) and all(
            str(found["layout"]).startswith(f"s{self._shards}v") and found["age_seconds"] < idle_seconds
            for found in statuses
        )


def _documents(paths: Iterable[str]) -> int:
    """Return the number of documents in the newest manifest of each shard; each indexer of a shard has a manifest."""
    newest: dict[int, Manifest] = {}
    for path in paths:
        with contextlib.suppress(OSError, msgspec.MsgspecError, DamagedError), open(path, "rb") as file:
            found = msgspec.json.decode(unsealed(file.read()), type=Manifest)
            if found.shard not in newest or newest[found.shard].version < found.version:
                newest[found.shard] = found
    return sum(manifest.documents for manifest in newest.values())


def _status(name: str) -> dict[str, Any] | None:
    try:
        return read_status(name, STATUS_SECONDS)
    except UnavailableError:
        return None


class Display:
    """Shows counts as they change: a live line per stage on a terminal, log lines elsewhere."""

    def __init__(self) -> None:
        """Draw live lines if standard error is a terminal; log output then appears above them."""
        self._stack = contextlib.ExitStack()
        self._bars: list[tqdm] = []
        self._logged, self._last = 0.0, Counts(0, 0, 0, 0, done=False)
        if sys.stderr.isatty():
            self._stack.enter_context(logging_redirect_tqdm())
            self._bars = [tqdm(position=i, total=1, bar_format=_FORMAT, dynamic_ncols=True) for i in range(len(STAGES))]

    def show(self, counts: Counts) -> None:
        """Show `counts`."""
        if self._bars:
            values = (counts.fetched, counts.indexed, counts.searchable)
            with _ignoring_closed_terminal():
                for bar, stage, value in zip(self._bars, STAGES, values, strict=True):
                    bar.total, bar.n = max(counts.found, value, 1), value
                    bar.set_description_str(f"{stage:<10} {value:>10,} of {counts.found:<10,}")  # and draws it
        elif counts != self._last and (counts.done or time.monotonic() - self._logged >= LOG_SECONDS):
            self._logged = time.monotonic()
            logger.info("found %d, fetched %d, indexed %d, searchable %d", *counts[:4])
        self._last = counts

    def say(self, text: str) -> None:
        """Print a permanent line, above the live ones."""
        if self._bars:
            with _ignoring_closed_terminal():
                tqdm.write(text, file=sys.stderr)
        else:
            logger.info("%s", text)

    def close(self) -> None:
        """Close the live lines and restore logging."""
        with _ignoring_closed_terminal():
            for bar in self._bars:
                bar.close()
        self._stack.close()


def _ignoring_closed_terminal() -> contextlib.AbstractContextManager[None]:
    """Ignore errors of a closed terminal, so that the parts are still stopped."""
    return contextlib.suppress(OSError)
