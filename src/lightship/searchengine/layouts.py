"""The layouts in the data folder of a replica: which there are, and which one is served.

layouts/NAME/           the files of all shards of a layout, and the meta.json that composes them
layouts/NAME/fresh-N    its time is how fresh shard N is
current                 the name of the layout that is served
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator

from lightship.errors import IncompatibleIndexError, SupersededError
from lightship.files import space_errors, write_atomically
from lightship.index.segments import composed, drop_unnamed
from lightship.manifest import Layout, Manifest

FORMAT = "1"  # of the data folder


class Layouts:
    """The layouts in the data folder at `folder`. Several processes may share it."""

    def __init__(self, folder: str) -> None:
        """Open (or make) the folder; raises IncompatibleIndexError when another version made it."""
        self._folder = folder
        os.makedirs(os.path.join(folder, "layouts"), exist_ok=True)
        self._check_format()

    def _check_format(self) -> None:
        path = os.path.join(self._folder, "format")
        if not os.path.exists(path):
            write_atomically(path, FORMAT.encode())
        with open(path) as file:
            found = file.read().strip()
        if found != FORMAT:
            raise IncompatibleIndexError(
                f"{self._folder} is a data folder of format {found[:20]!r}, this version reads {FORMAT}: "
                "use another folder, and the indexers fill it again"
            )

    def clean_up(self) -> None:
        """Remove what a crash left behind; call it once, before any process receives."""
        for folder, manifests in self._installed().items():
            if not manifests:
                shutil.rmtree(folder)
                continue
            for left in os.listdir(folder):
                if left.endswith((".part", ".new")):
                    os.unlink(os.path.join(folder, left))
            drop_unnamed(folder, manifests)
        self.drop_old()

    def _installed(self) -> dict[str, list[Manifest]]:
        """Return what is installed in the folder of each layout."""
        folders = [entry.path for entry in os.scandir(os.path.join(self._folder, "layouts")) if entry.is_dir()]
        return {folder: composed(folder) for folder in folders}

    def drop_old(self) -> None:
        """Remove the layouts that the served one took the place of."""
        name = self.current()
        newest = _epoch(composed(self.folder(name))) if name else 0
        for folder, manifests in self._installed().items():
            if os.path.basename(folder) != name and 0 < _epoch(manifests) <= newest:
                shutil.rmtree(folder, ignore_errors=True)  # somebody may write into it at this moment: the next start

    def folder(self, name: str) -> str:
        """Return the folder of the layout called `name`."""
        return os.path.join(self._folder, "layouts", name)

    def current(self) -> str | None:
        """Return the name of the layout that is served; None before the first is whole."""
        try:
            with open(os.path.join(self._folder, "current")) as file:
                return file.read().strip()
        except FileNotFoundError:
            return None

    def freshness(self, layout: str) -> dict[int, float]:
        """Return, by shard, the time in seconds since the epoch up to which every change is in the index."""
        folder = self.folder(layout)
        return {
            int(entry.name[6:]): entry.stat().st_mtime
            for entry in os.scandir(folder)
            if entry.name.startswith("fresh-")
        }

    def note_freshness(self, manifest: Manifest) -> None:
        """Remember how fresh the manifest's shard is, without waiting for the disk."""
        folder = self.folder(manifest.layout.name)
        path = os.path.join(folder, f"fresh-{manifest.shard}")
        with space_errors(folder), open(path, "a"):
            os.utime(path, (manifest.fresh_as_of, manifest.fresh_as_of))

    def check(self, manifest: Manifest) -> None:
        """Raise SupersededError when the served layout has taken the place of the manifest's."""
        name = self.current()
        if name and name != manifest.layout.name:
            served = composed(self.folder(name))
            if manifest.epoch < min((other.epoch for other in served), default=0):
                raise superseded(max(served, key=lambda other: other.epoch))

    def flip(self, layout: Layout, installed: list[Manifest]) -> None:
        """Serve `layout` from now on if it is whole and newer than the one that is served."""
        name = self.current()
        if name == layout.name or len(installed) < layout.shards:
            return
        if name and _epoch(installed) < _epoch(composed(self.folder(name))):
            return
        write_atomically(os.path.join(self._folder, "current"), layout.name.encode())
        self.drop_old()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes and threads from changing the folder meanwhile."""
        with open(os.path.join(self._folder, "install.lock"), "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _epoch(manifests: Iterable[Manifest]) -> int:
    return max((manifest.epoch for manifest in manifests), default=0)


def superseded(newer: Manifest) -> SupersededError:
    """Return the error that tells an indexer that `newer` is installed."""
    return SupersededError(
        f"epoch {newer.epoch}, generation {newer.generation} of {newer.layout.name} is installed: a newer indexer owns this shard",
        newer.version,
    )
