"""The documents that the crawler reads: a file that changes all the time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Sequence

from chaos.cluster import Cluster
from lightship.chaos.load.corpus import Corpus
from lightship.chaos.load.truth import Truth
from lightship.chaos.load.writing import DELETES

EVERY_SECONDS = 2.0
CRAWL_SECONDS = 60.0  # at most, to read the file at the end


class FileWriter:
    """Changes documents in the crawler's file, as a whole what it must come to: `changes` counts how many.

    They count as acknowledged when they are in the file.
    """

    def __init__(self, numbers: Sequence[int], corpus: Corpus, truth: Truth, cluster: Cluster) -> None:
        """Write the documents `numbers` of `corpus`."""
        self._numbers, self._corpus, self._truth, self._cluster = list(numbers), corpus, truth, cluster
        self._chance = random.Random(self._numbers[0])
        self.changes = 0

    async def run(self, stop: asyncio.Event, rate: float) -> None:
        """Make `rate` changes a second until `stop` is set, and some more then; return when the crawler has read them."""
        while not stop.is_set():
            self._write(int(rate * EVERY_SECONDS))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_SECONDS)
        before = len(self._cluster.crawler.output)
        self._write(int(rate * EVERY_SECONDS))
        await self._wait_for_crawler(before)

    def _write(self, changes: int) -> None:
        for number in self._chance.sample(self._numbers, changes):
            url = self._corpus.url(number)
            self._truth.send(url, put=not self._truth.exists(url) or self._chance.random() >= DELETES)
            self._truth.acknowledge(url)
        self.changes += changes
        versions = {number: self._truth.newest(self._corpus.url(number)) for number in self._numbers}
        lines = (
            json.dumps(self._corpus.document(number, version)) + "\n" for number, version in versions.items() if version
        )
        path = self._cluster.documents
        new = path.with_suffix(".new")
        new.write_text("".join(lines))
        new.rename(path)

    async def _wait_for_crawler(self, before: int) -> None:
        """Return when the crawler has read the file since it had written `before` characters of output."""
        deadline = time.monotonic() + CRAWL_SECONDS
        while " vanished" not in self._cluster.crawler.output[before:]:
            assert time.monotonic() < deadline, f"the crawler did not read its file within {CRAWL_SECONDS:g} s"
            await asyncio.sleep(0.1)
