"""Looking into the log itself: what is acknowledged must be there, before a later change of the same url hides a loss."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor

from lightship.chaos.load.truth import Truth
from lightship.core.errors import UnavailableError
from lightship.core.model import partition_of
from lightship.doclog import PATIENCE, Entry, Log

AT_ONCE = 8  # partitions that are read: one that does not answer holds up few
SHORT_PATIENCE = 5.0  # seconds for a partition, while servers are broken on purpose
AGAIN_SECONDS = 2.0  # a leader that slept may show an old end, until it knows that it is deposed


class LogLooks:
    """Compares the newest entry of each url with the truth; `undone` says which ones are older than what was acknowledged.

    `looks` counts the looks, `unread` the partitions that did not answer in them.
    """

    def __init__(self, log: Log, truth: Truth, history: Callable[[str, Entry | None], str]) -> None:
        """Look into `log`; `history` tells that of a url, given its newest entry."""
        self.undone, self.looks, self.unread = dict[str, str](), 0, 0
        self._log, self._truth, self._history = log, truth, history
        self._threads = ThreadPoolExecutor(AT_ONCE)

    async def run(self, every: float, but: Collection[str] = ()) -> None:
        """Look `every` so many seconds until cancelled, at all urls `but` those that are acknowledged before they are there."""
        while True:
            await asyncio.sleep(every)
            await self.look({url: least for url, least in self._truth.acknowledged.items() if url not in but})

    async def look(self, acknowledged: dict[str, int], patience: float = SHORT_PATIENCE) -> None:
        """Look whether the log has what was `acknowledged`: versions by url."""
        self.looks += 1
        lacking, _ = await self._lacking(acknowledged, patience)
        if lacking:
            await asyncio.sleep(AGAIN_SECONDS)
            lacking, newest = await self._lacking(lacking, patience)
            for url in lacking.keys() - self.undone.keys():
                told = self._truth.describe_stale(url, _version(newest.get(url)), lacking[url])
                self.undone[url] = f"in the log {told}; {self._history(url, newest.get(url))}"
                print(f"UNDONE: {self.undone[url]}", flush=True)

    async def _lacking(self, acknowledged: dict[str, int], patience: float) -> tuple[dict[str, int], dict[str, Entry]]:
        """Return what the partitions that answer lack of `acknowledged`, and the newest entries of all their urls."""
        read = await self._newest({partition_of(url) for url in acknowledged}, patience)
        newest = {url: entry for page in read.values() for url, entry in page.items()}
        asked = {url: least for url, least in acknowledged.items() if partition_of(url) in read}
        found = {url: _version(entry) for url, entry in newest.items()}
        return self._truth.lacking(found, asked), newest

    async def newest(self, url: str) -> Entry | None:
        """Return the newest entry of `url`; None also when its partition does not answer."""
        partition = partition_of(url)
        return (await self._newest({partition}, SHORT_PATIENCE)).get(partition, {}).get(url)

    async def _newest(self, partitions: Collection[int], patience: float) -> dict[int, dict[str, Entry]]:
        """Return the newest entries, by partition and url, of those of `partitions` that answer."""
        loop = asyncio.get_running_loop()
        reading = (loop.run_in_executor(self._threads, self._read, each, patience) for each in partitions)
        pages = zip(partitions, await asyncio.gather(*reading), strict=True)
        read = {partition: page for partition, page in pages if page is not None}
        self.unread += len(partitions) - len(read)
        return read

    def _read(self, partition: int, patience: float) -> dict[str, Entry] | None:
        """Return the newest entry of each url of a partition; None when it does not answer."""
        try:
            return {entry.url: entry for entry in self._entries(partition, patience)}
        except UnavailableError:
            return None

    def _entries(self, partition: int, patience: float) -> Iterator[Entry]:
        deadline, after = time.monotonic() + patience, 0
        while page := self._log.read(partition, after, patience=max(0.1, deadline - time.monotonic())):
            yield from page
            after = page[-1].sequence

    async def look_at_last(self) -> None:
        """Look at all urls, patiently: what is not answered now is told as undone."""
        unread, self.unread = self.unread, 0
        await self.look(dict(self._truth.acknowledged), PATIENCE)
        if self.unread:
            self.undone["?"] = f"{self.unread} partitions of the log do not answer at the end"
        self.unread += unread

    def close(self) -> None:
        """Wait for what is being read; close the log first."""
        self._threads.shutdown()


def _version(entry: Entry | None) -> int:
    """Return the version of an entry; 0 of a delete, or of nothing."""
    return int(str(entry.document.fields["version"])) if entry and entry.document else 0
