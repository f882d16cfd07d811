"""Which layouts a replica serves, waits for and can roll back to: one small file, replaced with one rename."""

from __future__ import annotations

import contextlib
import logging
import os

import msgspec

from lightship.core.errors import DamagedError, IncompatibleIndexError
from lightship.runtime.files import sealed, stamp_of, unsealed, write_atomically

logger = logging.getLogger("searchengine")

FORMAT = "2"  # of the data folder
_FORMER_FORMAT = "1"  # kept the name of the served layout in a file `current`, and had no orders


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Names of layouts; `former_until` is in seconds since the epoch.

    A layout becomes served automatically only if its order is greater than `above`. `wanted` was promoted, and becomes
    served as soon as it is complete. `former` was served before, and is kept for a rollback.
    """

    served: str | None = None
    above: int = 0
    wanted: str | None = None
    former: str | None = None
    former_until: float = 0.0


def read_state(folder: str) -> State:
    """Return the state of the data folder; raises IncompatibleIndexError when another version wrote it."""
    path = _path(folder)
    try:
        with open(path, "rb") as file:
            return msgspec.json.decode(unsealed(file.read()), type=State)
    except FileNotFoundError:
        return State()
    except msgspec.ValidationError as error:
        raise IncompatibleIndexError(
            f"{path} was written by another version ({error}); use another folder, and the indexers will fill it again"
        ) from error
    except (DamagedError, msgspec.DecodeError, UnicodeDecodeError) as error:
        logger.error("%s is damaged (%s); serving the first complete layout", path, error)  # noqa: TRY400
        return State()


class ServedLayout:
    """The name of the served layout in a data folder; read again only when the file was replaced."""

    def __init__(self, folder: str) -> None:
        """Read nothing yet."""
        self._folder, self._path = folder, _path(folder)
        self._stamp: tuple[int, ...] | None = None
        self._name: str | None = None

    def name(self) -> str | None:
        """Return it, or None; raises like `read_state`."""
        try:
            stamp = stamp_of(self._path)
        except FileNotFoundError:
            return None
        if stamp != self._stamp:
            self._name, self._stamp = read_state(self._folder).served, stamp
        return self._name


def write_state(folder: str, state: State) -> None:
    """Replace the state: a crash leaves the old one or this one."""
    write_atomically(_path(folder), sealed(msgspec.json.encode(state)))


def _path(folder: str) -> str:
    return os.path.join(folder, "state.json")


def check_format(folder: str) -> None:
    """Mark a new data folder with this version's format, and migrate one of the former format.

    Raises IncompatibleIndexError if it has any other format.
    """
    path = os.path.join(folder, "format")
    if not os.path.exists(path):
        write_atomically(path, FORMAT.encode())
    with open(path) as file:
        found = file.read().strip()
    if found == _FORMER_FORMAT:
        _migrate(folder)
        write_atomically(path, FORMAT.encode())
    elif found != FORMAT:
        raise IncompatibleIndexError(
            f"{folder} has data format {found[:20]!r}, but this version reads {_FORMER_FORMAT} and {FORMAT}; "
            "use another folder, and the indexers will fill it again"
        )


def _migrate(folder: str) -> None:
    with contextlib.suppress(FileNotFoundError), open(os.path.join(folder, "current")) as file:
        write_state(folder, State(served=file.read().strip()))
