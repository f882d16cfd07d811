"""A file's bytes as they come over the RPC, in either direction: only those that its manifest names are kept."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import BinaryIO

from lightship.errors import InvalidInputError
from lightship.manifest import File


async def copy_verified(out: BinaryIO, file: File, chunks: AsyncIterator[bytes]) -> None:
    """Write `chunks` to `out`; raises InvalidInputError unless they have the size and digest of `file`, at once when there are more."""
    digest, size = hashlib.sha256(), 0
    async for chunk in chunks:
        size += len(chunk)
        if size > file.size:
            raise InvalidInputError(f"{file.name} is longer than the {file.size} bytes that were announced")
        digest.update(chunk)
        out.write(chunk)
    _check(file, size, digest.hexdigest())


def check_content(file: File, content: bytes) -> None:
    """Raise InvalidInputError unless `content` has the size and digest of `file`."""
    _check(file, len(content), hashlib.sha256(content).hexdigest())


def _check(file: File, size: int, digest: str) -> None:
    if size != file.size:
        raise InvalidInputError(f"{file.name} ended after {size} of {file.size} bytes: send it again")
    if digest != file.digest:
        raise InvalidInputError(f"{file.name} has the digest {digest}, not {file.digest}: send it again")
