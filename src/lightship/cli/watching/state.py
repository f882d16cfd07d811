"""How far a watch has got, and the secret of its webhook: one file, which only its owner may read."""

from __future__ import annotations

import hashlib
import os

import msgspec

from lightship.cli.watching.webhook import new_secret
from lightship.core.errors import ConfigurationError
from lightship.runtime.files import write_atomically


class Kept(msgspec.Struct, frozen=True):
    """The id of the last event that was printed or taken, empty before the first, and the secret."""

    last: str
    secret: str


class WatchState:
    """The file at `path`, which a restart goes on from."""

    def __init__(self, path: str) -> None:
        """Read it, or begin it with a new secret; raises ConfigurationError."""
        self._path = path
        try:
            with open(path, "rb") as file:
                self.kept, self.is_new = msgspec.json.decode(file.read(), type=Kept), False
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            self.kept, self.is_new = Kept("", new_secret()), True
            self.note("")
        except (msgspec.MsgspecError, OSError) as error:
            raise ConfigurationError(f"can't read {path}: {error}; remove it to start from now") from error

    def note(self, last: str) -> None:
        """Keep the id of the last event."""
        self.kept = Kept(last, self.kept.secret)
        before = os.umask(0o077)
        try:
            write_atomically(self._path, msgspec.json.encode(self.kept))
        finally:
            os.umask(before)


def path_of(folder: str, *what: str) -> str:
    """Return the path of the file for a watch of `what` in the data folder `folder`."""
    digest = hashlib.blake2b("\0".join(what).encode(), digest_size=8).hexdigest()
    return os.path.join(folder, "watch", f"{digest}.json")
