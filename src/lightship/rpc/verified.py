"""A file's bytes as they come over the RPC, in either direction: only those that its manifest names are kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from typing import BinaryIO

from anyio.to_thread import run_sync

from lightship.errors import InvalidInputError
from lightship.manifest import File

BATCH_BYTES = 1 << 20  # hashed and written in one go, in a thread: neither holds up the queries of the event loop
# Written before they are synced: a disk's journal has the small files of a commit wait for all that is not written of a large one
SYNC_BYTES = 16 << 20


async def copy_verified(out: BinaryIO, file: File, chunks: AsyncIterator[bytes]) -> None:
    """Write `chunks` to `out`, durably; raises InvalidInputError unless they have the size and digest of `file`, at once when there are more."""
    digest, size, unsynced, batch = hashlib.sha256(), 0, 0, bytearray()

    def write(last: bool) -> None:
        digest.update(batch)
        out.write(batch)
        if last or unsynced >= SYNC_BYTES:
            out.flush()
            os.fsync(out.fileno())

    async for chunk in chunks:
        size += len(chunk)
        if size > file.size:
            raise InvalidInputError(f"{file.name} is longer than the {file.size} bytes that were announced")
        batch += chunk
        if len(batch) >= BATCH_BYTES:
            unsynced += len(batch)
            await run_sync(write, False)
            unsynced %= SYNC_BYTES
            batch.clear()
    await run_sync(write, True)
    _check(file, size, digest.hexdigest())


def check_content(file: File, content: bytes) -> None:
    """Raise InvalidInputError unless `content` has the size and digest of `file`."""
    _check(file, len(content), hashlib.sha256(content).hexdigest())


def _check(file: File, size: int, digest: str) -> None:
    if size != file.size:
        raise InvalidInputError(f"{file.name} ended after {size} of {file.size} bytes: send it again")
    if digest != file.digest:
        raise InvalidInputError(f"{file.name} has the digest {digest}, not {file.digest}: send it again")
