"""What `lightship up` shows: one live line a stage on a terminal, one logged line per step elsewhere."""

from __future__ import annotations

import glob
import logging
import os
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from tqdm import tqdm

from lightship.cli.status import read_status
from lightship.crawler.progress import read_progress
from lightship.errors import UnavailableError
from lightship.manifest import Manifest

logger = logging.getLogger("up")

LOG_SECONDS = 5.0  # between two logged lines, where there is no terminal

_FORMAT = "{desc:<11}{n_fmt:>9} {bar} {postfix}"


class Counts(NamedTuple):
    """How far each stage is: pages or records found, fetched, documents indexed, searchable; `done`: the first pass."""

    found: int
    fetched: int
    indexed: int
    searchable: int
    done: bool


def count(data: str, shards: int, searchengines: Sequence[str]) -> Counts:
    """Return how far the parts with their data in `data` are, in a layout of `shards` shards."""
    crawl = read_progress(os.path.join(data, "crawler"))
    indexed = sum(
        _documents(path) for path in glob.glob(os.path.join(data, "indexer-*", f"s{shards}v*", "manifest.json"))
    )
    searchable = min(map(_searchable, searchengines))
    return Counts(crawl.found, crawl.fetched, indexed, searchable, crawl.idle and searchable == indexed)


def _documents(path: str) -> int:
    try:
        with open(path, "rb") as file:
            return msgspec.json.decode(file.read(), type=Manifest).documents
    except (OSError, msgspec.MsgspecError):
        return 0


def _searchable(name: str) -> int:
    try:
        return int(read_status(name, 1.0)["documents"])
    except UnavailableError:
        return 0


class Display:
    """Shows counts as they come."""

    def __init__(self) -> None:
        """Draw lines if the standard error is a terminal."""
        self._bars: list[tqdm] = []
        self._logged, self._last = 0.0, Counts(0, 0, 0, 0, done=False)
        if sys.stderr.isatty():
            self._bars = [
                tqdm(desc=stage, position=i, total=1, bar_format=_FORMAT, leave=True)
                for i, stage in enumerate(("fetched", "indexed", "searchable"))
            ]

    def show(self, counts: Counts) -> None:
        """Show `counts`."""
        if self._bars:
            stages = zip(self._bars, (counts.fetched, counts.indexed, counts.searchable), strict=True)
            for bar, value in stages:
                bar.total, bar.n = max(counts.found, value, 1), value
                bar.set_postfix_str(f"of {counts.found} found" if bar is self._bars[0] else "", refresh=False)
                bar.refresh()
        elif counts != self._last and (counts.done or time.monotonic() - self._logged >= LOG_SECONDS):
            self._logged = time.monotonic()
            logger.info("found %d, fetched %d, indexed %d, searchable %d", *counts[:4])
        self._last = counts

    def say(self, text: str) -> None:
        """Print a line that stays, above the live ones."""
        if self._bars:
            tqdm.write(text, file=sys.stderr)
        else:
            logger.info("%s", text)

    def close(self) -> None:
        """Leave the terminal tidy."""
        for bar in self._bars:
            bar.close()
