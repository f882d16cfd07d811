"""Whether the log has space: a full one can still be read, so only writing tells."""

from __future__ import annotations

from lightship.core.errors import OutOfSpaceError, UnavailableError
from lightship.doclog import DocumentLog


class LogSpace:
    """What the puts into `log` have found out. Callable from any thread."""

    def __init__(self, log: DocumentLog) -> None:
        """Assume that there is room."""
        self._log = log
        self.missing = ""  # the last put's error; empty if it found room

    def note_full(self, error: OutOfSpaceError) -> None:
        """Note that a put has found no room."""
        self.missing = str(error)

    def note_stored(self) -> None:
        """Note that a put has found room."""
        self.missing = ""

    def check(self) -> None:
        """Raise UnavailableError while there is no room; blocking."""
        if not self.missing:
            return
        try:
            self._log.check_room()  # nobody may send anything while this program is not ready
        except OutOfSpaceError as error:
            raise UnavailableError(self.missing) from error
        self.missing = ""
