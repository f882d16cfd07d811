"""Lets replicas feed each other with large files, so that the indexer need not send each of them to every replica.

Whoever has a file sends it to one replica at a time, and that one is then a source too: after each round twice as many
have it. A replica that waits too long for its turn, or whose peer is dead or slow, gets the file from the indexer.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable

from lightship.core.manifest import File

INDEXER = ""  # the source that is no replica
# Measured by `python -m bench fanout`: 144 MB for 4 replicas cost the indexer half as many bytes and were there no later, for
# 16 a quarter; a small file is there before a turn could be agreed on
LEAST_BYTES = 8 << 20
LEAST_REPLICAS = 4
TURN_SECONDS = 2.0  # that a replica waits for its turn, and a second more for each SLOW_BYTES of the file
SLOW_BYTES = 20 << 20


def worth_feeding(file: File, replicas: int) -> bool:
    """Tell whether `replicas` should get `file` from each other."""
    return file.size >= LEAST_BYTES and replicas >= LEAST_REPLICAS


class PeerFanout:
    """Who has which large file, and who is sending."""

    def __init__(self) -> None:
        """Begin with the indexer as the only source."""
        self._holders: dict[str, set[str]] = defaultdict(set)  # addresses by digest
        self._busy = Counter[str]()  # files that each sends: more than one when a wait was over
        self._changed = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def turn(self, file: File) -> AsyncIterator[str]:
        """Yield who is to send `file` now: the address of a replica that has it, or INDEXER."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TURN_SECONDS + file.size / SLOW_BYTES), self._changed:
                await self._changed.wait_for(lambda: self._free(file))
        source = min(self._free(file), key=lambda free: free == INDEXER, default=INDEXER)
        self._busy[source] += 1
        try:
            yield source
        finally:
            self._busy[source] -= 1
            await self._tell()

    def _free(self, file: File) -> set[str]:
        return {source for source in self._holders[file.digest] | {INDEXER} if not self._busy[source]}

    async def note(self, address: str, files: Iterable[File]) -> None:
        """Note that `address` has `files`."""
        for file in files:
            if file.size >= LEAST_BYTES:
                self._holders[file.digest].add(address)
        await self._tell()

    def forget(self, address: str, file: File | None = None) -> None:
        """Note that `address` has not `file`, or nothing at all."""
        for digest, holders in self._holders.items():
            if file is None or digest == file.digest:
                holders.discard(address)

    def keep(self, files: Iterable[File]) -> None:
        """Forget all files but `files`."""
        digests = {file.digest for file in files}
        for digest in self._holders.keys() - digests:
            del self._holders[digest]

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()
