"""The names of revoked keys: a file with one name a line, which is read again when it changes."""

from __future__ import annotations

import logging
import time

from lightship.core.errors import ConfigurationError, UnavailableError
from lightship.http.keys.key import is_name
from lightship.runtime.files import stamp_of

logger = logging.getLogger("keys")

LOOK_SECONDS = 1.0  # between two checks whether the file has changed
MAX_BYTES = 4 << 20  # some 100,000 names


class Revoked:
    """The names in the file at `path`. A file that can't be read, or is damaged, leaves the last names in force."""

    def __init__(self, path: str) -> None:
        """Read the file at the first `check`; without a path, nothing is revoked."""
        self._path = path
        self._names: frozenset[str] | None = None
        self._stamp: tuple[int, ...] | None = None
        self._due, self._told = 0.0, ""

    def check_file(self) -> None:
        """Raise ConfigurationError if the file can't be used."""
        if self._path:
            try:
                _read(self._path)
            except (OSError, ValueError) as error:
                raise ConfigurationError(
                    f"can't read the revoked keys in {self._path}: {error}; create it, or correct it"
                ) from error

    def __contains__(self, name: object) -> bool:
        """Whether the key `name` is revoked; raises UnavailableError if the file has never been readable."""
        if not self._path:
            return False
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + LOOK_SECONDS
            self._look()
        if self._names is None:
            raise UnavailableError("keys are refused until the file of revoked keys can be read; see the log")
        return name in self._names

    def _look(self) -> None:
        try:
            stamp = stamp_of(self._path)
            if stamp != self._stamp:
                self._names = _read(self._path)
                self._stamp, self._told = stamp, ""
                logger.info("%d keys are revoked by %s", len(self._names), self._path)
        except (OSError, ValueError) as error:
            if self._told != str(error):
                self._told = str(error)
                logger.error(  # noqa: TRY400 (says all)
                    "can't read the revoked keys in %s: %s; the last list stays in force", self._path, error
                )


def _read(path: str) -> frozenset[str]:
    """Return the names in a file; what follows a `#` is a comment. Raises OSError, ValueError."""
    with open(path, "rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES} bytes")
    lines = [line.partition("#")[0].strip() for line in content.decode().splitlines()]
    for number, line in enumerate(lines, 1):
        if line and not is_name(line):
            raise ValueError(f"line {number} is not the name of a key: {line[:40]!r}")
    return frozenset(filter(None, lines))
