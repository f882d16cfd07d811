"""The secret of a `lightship up`: generated once, in a file of its data folder that only its owner may read.

The parts inherit it in their environment; the commands that talk to them read it from the data folder.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import stat
import tempfile

from lightship.config import TOKEN_VARIABLE
from lightship.core.errors import ConfigurationError
from lightship.http.tokens import SHORTEST
from lightship.runtime.files import space_errors, sync

logger = logging.getLogger("secret")

FILE = "secret"
_MOST = 4096  # bytes


def keep_secret(folder: str) -> str:
    """Return the secret of a data folder, generating it if needed. Raises ConfigurationError if others may know it."""
    path = os.path.join(folder, FILE)
    if not os.path.lexists(path):
        _make(folder, path)
    try:
        return _read(path)
    except OSError as error:
        raise ConfigurationError(
            f"can't read the secret {path}: {error.strerror}; remove it, or run this as its owner"
        ) from error


def adopt_secret(folder: str) -> None:
    """Use the secret of a data folder for this process's requests, if there is one and the environment sets none."""
    path = os.path.join(folder, FILE)
    if os.environ.get(TOKEN_VARIABLE):
        return
    try:
        os.environ[TOKEN_VARIABLE] = _read(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ConfigurationError) as error:  # the request may not need one
        logger.warning("ignoring the secret of `lightship up`: %s", error)


def _make(folder: str, path: str) -> None:
    """Create the file atomically, never replacing an existing one."""
    with space_errors(folder):
        descriptor, new = tempfile.mkstemp(prefix=f"{FILE}.", dir=folder)  # with mode 0600
        try:
            with open(descriptor, "w") as file:
                file.write(f"{secrets.token_hex(32)}\n")
                file.flush()
                os.fsync(descriptor)
            with contextlib.suppress(FileExistsError):
                os.link(new, path)
        finally:
            os.unlink(new)
        sync(folder)


def _read(path: str) -> str:
    """Return the secret in a file; raises OSError, or ConfigurationError if it is malformed or another user's."""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), errors="replace") as file:
        found = os.fstat(file.fileno())
        if found.st_uid not in (os.geteuid(), 0) or not stat.S_ISREG(found.st_mode):
            raise ConfigurationError(f"{path} belongs to another user, who knows the secret; remove it")
        if found.st_mode & 0o077 and found.st_uid == os.geteuid():
            os.fchmod(file.fileno(), 0o600)
        secret = file.read(_MOST).strip()
    if len(secret) < SHORTEST or not secret.isalnum() or not secret.isascii():
        raise ConfigurationError(
            f"{path} does not contain a valid secret; remove it, and `lightship up` generates another"
        )
    return secret
