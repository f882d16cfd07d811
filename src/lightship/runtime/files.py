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
    """Tell whether the system says that nothing more fits: on the disk, in a quota, in a file."""
    return error.errno in _NO_SPACE


@contextlib.contextmanager
def space_errors(where: str) -> Iterator[None]:
    """Turn the system's "no space left" into OutOfSpaceError, naming `where`."""
    try:
        yield
    except OSError as error:
        if is_no_space(error):
            raise OutOfSpaceError(f"no space left in {where}; free some, and the next try goes on") from error
        raise


def sync(path: str) -> None:
    """Make a file, or the names in a folder, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: str, content: bytes, *, durable: bool = True) -> None:
    """Replace the file at `path`: after a crash it is the old one or the new one, whole; after a power loss too if `durable`."""
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


def sealed(content: bytes) -> bytes:
    """Return `content`, which has no line break at its end, with a line after it that is its SHA-256."""
    return content + b"\n" + hashlib.sha256(content).hexdigest().encode()


def unsealed(content: bytes) -> bytes:
    """Return what `sealed` was given; content of versions that sealed nothing as it is. Raises DamagedError."""
    body, seal, digest = content.rpartition(b"\n")
    if not seal:
        return content
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise DamagedError("its digest is another one")
    return body


def lock_folder(folder: str, name: str, advice: str) -> IO[str]:
    """Hold the lock file `name` of `folder` until the returned file is closed; raises ConfigurationError if another does."""
    try:
        os.makedirs(folder, exist_ok=True)
        file = open(os.path.join(folder, name), "a")  # noqa: SIM115 (held for the life of the process)
    except OSError as error:
        raise ConfigurationError(
            f"can't use the data folder {folder}: {error.strerror}; name one with -data that is this user's to write to"
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise ConfigurationError(f"{folder} is in use by another process; {advice}") from error
    return file
