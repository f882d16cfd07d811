"""The newest offers that are not installed yet, including coming files; stored in the layout's folder for all workers.

They are not synced: after a crash, the indexer offers again.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection

import msgspec

from lightship.core.manifest import File, Manifest

_PREFIX = "offered-"

_files = msgspec.json.Decoder(list[File])


class PendingOffers:
    """The newest offer of each shard of the layout in `folder`."""

    def __init__(self, folder: str) -> None:
        """Use `folder`."""
        self._folder = folder

    def note(self, manifest: Manifest) -> None:
        """Record `manifest` as the newest offer of its shard; the folder must be locked."""
        path = self._path(manifest.shard)
        with open(f"{path}.new", "wb") as file:
            file.write(msgspec.json.encode(list(manifest.wanted.values())))
        os.rename(f"{path}.new", path)

    def forget(self, shard: int) -> None:
        """Forget the offer of `shard`."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(shard))

    def find(self, shard: int, name: str) -> File | None:
        """Return the file `name` in the newest offer of `shard`, or None."""
        return next((file for file in self._of(shard) if file.name == name), None)

    def names(self) -> set[str]:
        """Return the names of the files of all offers."""
        shards = [name.removeprefix(_PREFIX) for name in os.listdir(self._folder) if name.startswith(_PREFIX)]
        return {file.name for shard in shards if shard.isdecimal() for file in self._of(int(shard))}

    def _of(self, shard: int) -> Collection[File]:
        try:
            with open(self._path(shard), "rb") as file:
                return _files.decode(file.read())
        except (FileNotFoundError, msgspec.MsgspecError):
            return ()

    def _path(self, shard: int) -> str:
        return os.path.join(self._folder, f"{_PREFIX}{shard}")
