"""Receives a file over the RPC, in either direction, and verifies it against the size and digest in its manifest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial
from typing import BinaryIO

from lightship.core.errors import InvalidInputError
from lightship.core.manifest import File
from lightship.rpc.background import BackgroundThread

BATCH_BYTES = 1 << 20  # hashed and written in one go in a thread, so that queries in the event loop do not wait
# Written between two syncs: in the file system's journal, a commit's small files wait for all unsynced bytes of a large
# one
SYNC_BYTES = 16 << 20


async def copy_verified(out: BinaryIO, file: File, chunks: AsyncIterator[bytes]) -> None:
    """Write `chunks` to `out` durably.

    Raises InvalidInputError unless they have the size and digest of `file`; stops reading as soon as they are too long.
    """
    size = 0
    async with aclosing(_Copy(out)) as copy:
        async for chunk in chunks:
            size += len(chunk)
            if size > file.size:
                raise InvalidInputError(f"{file.name} is longer than the announced {file.size} bytes")
            await copy.take(chunk)
        digest = await copy.finish()
    _check(file, size, digest)


class _Copy:
    """Hashes and writes a batch while the next one arrives, and syncs earlier batches concurrently.

    So a large file keeps processor, disk and network busy.
    """

    def __init__(self, out: BinaryIO) -> None:
        self._out, self._digest = out, hashlib.sha256()
        # Double buffer: allocating per batch costs more than copying
        self._batch, self._written = (memoryview(bytearray(BATCH_BYTES)) for _ in range(2))
        self._filled = self._unsynced = 0
        self._writing, self._syncing = BackgroundThread(), BackgroundThread()

    async def aclose(self) -> None:
        """Wait until no thread uses the file, so that it can be closed."""
        await self._writing.settle()
        await self._syncing.settle()

    async def take(self, chunk: bytes) -> None:
        """Add a chunk of any size."""
        rest = memoryview(chunk)
        while rest:
            count = min(len(rest), BATCH_BYTES - self._filled)
            self._batch[self._filled : self._filled + count] = rest[:count]
            self._filled, rest = self._filled + count, rest[count:]
            if self._filled == BATCH_BYTES:
                await self._hand_over()

    async def finish(self) -> str:
        """Return the digest of all chunks, once they are durable."""
        await self._syncing.wait()
        await self._writing.run(self._write_rest)
        await self._writing.wait()
        return self._digest.hexdigest()

    async def _hand_over(self) -> None:
        await self._writing.run(partial(self._write, self._batch))
        self._unsynced += self._filled
        self._batch, self._written, self._filled = self._written, self._batch, 0
        if self._unsynced >= SYNC_BYTES:
            self._unsynced = 0
            await self._syncing.run(self._sync)

    def _write(self, batch: memoryview) -> None:
        self._digest.update(batch)
        self._out.write(batch)

    def _write_rest(self) -> None:
        self._write(self._batch[: self._filled])
        self._sync()

    def _sync(self) -> None:
        self._out.flush()
        os.fsync(self._out.fileno())


def check_content(file: File, content: bytes) -> None:
    """Raise InvalidInputError unless `content` has the size and digest of `file`."""
    _check(file, len(content), hashlib.sha256(content).hexdigest())


def _check(file: File, size: int, digest: str) -> None:
    if size != file.size:
        raise InvalidInputError(f"{file.name} ended after {size} of {file.size} bytes; send it again")
    if digest != file.digest:
        raise InvalidInputError(f"{file.name} has digest {digest}, expected {file.digest}; send it again")
