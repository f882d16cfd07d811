"""Peer fan-out: replicas fetch large files from each other, so that the indexer need not send each of them to all.

Each source sends a file to one replica at a time, which then becomes a source too, so the number of sources doubles
each round. A replica that waits too long for its turn, or whose peer is dead or slow, gets the file from the indexer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable

from lightship.core.manifest import File

INDEXER = ""  # the source that is not a replica
# Measured by `python -m bench fanout`: 144 MB to 4 replicas cost the indexer half the bytes and took no longer, to 16
# replicas a quarter; a small file arrives before a turn could be agreed on
LEAST_BYTES = 8 << 20
LEAST_REPLICAS = 4
TURN_SECONDS = 2.0  # that a replica waits for its turn, plus a second for each SLOW_BYTES of the file
SLOW_BYTES = 20 << 20


def worth_feeding(file: File, replicas: int) -> bool:
    """Whether `replicas` replicas should get `file` from each other."""
    return file.size >= LEAST_BYTES and replicas >= LEAST_REPLICAS


class PeerFanout:
    """Tracks which replica has which large file, and which ones are sending."""

    def __init__(self) -> None:
        """Start with the indexer as the only source."""
        self._holders: dict[str, set[str]] = defaultdict(set)  # addresses by digest
        self._busy = Counter[str]()  # files being sent, by source: more than one after a wait timed out
        self._changed = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def turn(self, file: File) -> AsyncIterator[str]:
        """Yield the source that should send `file` now: the address of a replica that has it, or INDEXER."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TURN_SECONDS + file.size / SLOW_BYTES), self._changed:
                await self._changed.wait_for(lambda: self._free(file))
        source = min(self._free(file), key=lambda free: free == INDEXER, default=INDEXER)
        self._busy[source] += 1
        try:
            yield source
        finally:
            self._busy[source] -= 1
            await self._notify()

    def _free(self, file: File) -> set[str]:
        return {source for source in self._holders[file.digest] | {INDEXER} if not self._busy[source]}

    async def note(self, address: str, files: Iterable[File]) -> None:
        """Record that `address` has `files`."""
        for file in files:
            if file.size >= LEAST_BYTES:
                self._holders[file.digest].add(address)
        await self._notify()

    def forget(self, address: str, file: File | None = None) -> None:
        """Record that `address` does not have `file` (None: any file)."""
        for digest, holders in self._holders.items():
            if file is None or digest == file.digest:
                holders.discard(address)

    def keep(self, files: Iterable[File]) -> None:
        """Forget all files but `files`."""
        digests = {file.digest for file in files}
        for digest in self._holders.keys() - digests:
            del self._holders[digest]

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()
