"""Files that survive a crash: written under a temporary name, synced, then renamed."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator
from typing import IO

from lightship.core.errors import ConfigurationError, DamagedError, OutOfSpaceError

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def is_no_space(error: OSError) -> bool:
    """Return True if `error` means that the disk, the quota or the file is full."""
    return error.errno in _NO_SPACE


@contextlib.contextmanager
def space_errors(where: str) -> Iterator[None]:
    """Raise the system's "no space left" as OutOfSpaceError, naming `where`."""
    try:
        yield
    except OSError as error:
        if is_no_space(error):
            raise OutOfSpaceError(f"no space left in {where}; free some, and the next retry continues") from error
        raise


def sync(path: str) -> None:
    """Sync a file, or the names in a folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: str, content: bytes, *, durable: bool = True) -> None:
    """Replace the file at `path`: a crash leaves the old or the new content; so does a power loss if `durable`."""
    temporary = f"{path}.new"
    with space_errors(os.path.dirname(path)):
        try:
            with open(temporary, "wb") as file:
                file.write(content)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            os.rename(temporary, path)
            if durable:
                sync(os.path.dirname(path))
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise


def stamp_of(path: str) -> tuple[int, ...]:
    """Return what tells the file at `path` from the one that replaces it, at the price of one system call."""
    status = os.stat(path)
    return status.st_mtime_ns, status.st_ino, status.st_size  # an inode number can be reused within a clock tick


def sealed(content: bytes) -> bytes:
    """Return `content`, which must not end with a line break, followed by a line with its SHA-256."""
    return content + b"\n" + hashlib.sha256(content).hexdigest().encode()


def unsealed(content: bytes) -> bytes:
    """Return what `sealed` was given. Content of versions without seals is returned unchanged. Raises DamagedError."""
    body, seal, digest = content.rpartition(b"\n")
    if not seal:
        return content
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise DamagedError("its digest does not match")
    return body


def lock_folder(folder: str, name: str, advice: str) -> IO[str]:
    """Hold the lock file `name` in `folder` until the returned file is closed.

    Raises ConfigurationError, which ends with `advice`, if another process holds the lock.
    """
    try:
        os.makedirs(folder, exist_ok=True)
        file = open(os.path.join(folder, name), "a")  # noqa: SIM115 (held for the life of the process)
    except OSError as error:
        raise ConfigurationError(
            f"can't use the data folder {folder}: {error.strerror}; set -data to a folder that this user can write to"
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise ConfigurationError(f"{folder} is in use by another process; {advice}") from error
    return file
