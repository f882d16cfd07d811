"""Which layout a replica serves, which may follow it and which it goes back to: one small file, replaced in one rename."""

from __future__ import annotations

import contextlib
import logging
import os

import msgspec

from lightship.core.errors import DamagedError, IncompatibleIndexError
from lightship.runtime.files import sealed, unsealed, write_atomically

logger = logging.getLogger("searchengine")

FORMAT = "2"  # of the data folder
_FORMER_FORMAT = "1"  # it had the name of the layout served in a file `current`, and no orders


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Names of layouts; `former_until` is in seconds since the epoch.

    A layout whose order is not greater than `above` does not flip by itself; `wanted` flips as soon as it is whole, since
    somebody asked for it; `former` was served before, and is kept for going back.
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
            f"{path} was written by another version ({error}); use another folder, and the indexers fill it again"
        ) from error
    except (DamagedError, msgspec.DecodeError, UnicodeDecodeError) as error:
        logger.error("%s is damaged (%s): serving the first layout that is whole", path, error)  # noqa: TRY400
        return State()


def write_state(folder: str, state: State) -> None:
    """Replace the state: after a crash it is the old one or this one."""
    write_atomically(_path(folder), sealed(msgspec.json.encode(state)))


def _path(folder: str) -> str:
    return os.path.join(folder, "state.json")


def check_format(folder: str) -> None:
    """Make the data folder one of this version's, if it is new or of the former format.

    Raises IncompatibleIndexError when it is of another one.
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
            f"{folder} is a data folder of format {found[:20]!r}, this version reads {_FORMER_FORMAT} and {FORMAT}: "
            "use another folder, and the indexers fill it again"
        )


def _migrate(folder: str) -> None:
    with contextlib.suppress(FileNotFoundError), open(os.path.join(folder, "current")) as file:
        write_state(folder, State(served=file.read().strip()))
