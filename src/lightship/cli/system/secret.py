"""The secret of a `lightship up`: made once, in its data folder, where only its owner may read it.

Its parts have it in their environment; the commands that talk to them find it by the folder's name.
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
    """Return the secret of a data folder, and make it when there is none. Raises ConfigurationError for one that others know."""
    path = os.path.join(folder, FILE)
    if not os.path.lexists(path):
        _make(folder, path)
    try:
        return _read(path)
    except OSError as error:
        raise ConfigurationError(f"can't read the secret {path}: {error.strerror}") from error


def adopt_secret(folder: str) -> None:
    """Have this command show the secret of a data folder, if there is one, and if the environment has no other."""
    path = os.path.join(folder, FILE)
    if os.environ.get(TOKEN_VARIABLE):
        return
    try:
        os.environ[TOKEN_VARIABLE] = _read(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ConfigurationError) as error:  # what is asked may need none
        logger.warning("the secret of `lightship up` is not used: %s", error)


def _make(folder: str, path: str) -> None:
    """Make the file, whole or not at all, and never in the place of another."""
    with space_errors(folder):
        descriptor, new = tempfile.mkstemp(prefix=f"{FILE}.", dir=folder)  # which nobody else may read
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
    """Return the secret in a file; raises OSError, or ConfigurationError when it is none, or somebody else's."""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), errors="replace") as file:
        found = os.fstat(file.fileno())
        if found.st_uid not in (os.geteuid(), 0) or not stat.S_ISREG(found.st_mode):
            raise ConfigurationError(f"{path} is another user's file, who knows what is in it: remove it")
        if found.st_mode & 0o077 and found.st_uid == os.geteuid():
            os.fchmod(file.fileno(), 0o600)
        secret = file.read(_MOST).strip()
    if len(secret) < SHORTEST or not secret.isalnum() or not secret.isascii():
        raise ConfigurationError(f"{path} holds no secret: remove it, and `lightship up` makes another")
    return secret
