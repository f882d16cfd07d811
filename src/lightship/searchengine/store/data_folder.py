"""The folders of layouts in the data folder of a replica.

layouts/NAME/           the files of all shards of a layout, and the meta.json that composes them
layouts/NAME/fresh-N    its modification time is the freshness of shard N
layouts/NAME/open       if recent: an operator accepts a manifest from another document log
layouts/NAME/offered-N  the files of the last offer of shard N that is not installed yet
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import time
from collections.abc import Collection, Iterator
from typing import NamedTuple

from lightship.core.errors import DamagedError, IncompatibleIndexError
from lightship.core.manifest import Manifest, is_layout
from lightship.index.storage.index_meta import META
from lightship.index.storage.segments import absent, compose, composed, drop_unnamed, left_out, segments_with
from lightship.runtime.files import space_errors
from lightship.searchengine.store.durability import durable_names, forget_durable, recover
from lightship.searchengine.store.validate import drop_trial

logger = logging.getLogger("searchengine")

OPEN_SECONDS = 600.0


class _Known(NamedTuple):
    """What is installed of a layout, according to the meta.json identified by `stamp`."""

    stamp: tuple[int, ...]
    manifests: list[Manifest]
    left_out: frozenset[str]


class DataFolder:
    """The layouts on disk. Several processes may share the data folder."""

    def __init__(self, folder: str) -> None:
        """Open or create the data folder at `folder`."""
        self.data = folder
        self._installed: dict[str, _Known] = {}
        self._foreign: set[str] = set()  # layouts of other versions that were logged
        os.makedirs(os.path.join(folder, "layouts"), exist_ok=True)

    def folder(self, name: str) -> str:
        """Return the folder of the layout called `name`."""
        return os.path.join(self.data, "layouts", name)

    def names(self) -> list[str]:
        """Return the names of the layouts that have a folder, except those written by another version."""
        return [name for name in self._folders() if not self._is_foreign(name)]

    def _folders(self) -> list[str]:
        entries = os.scandir(os.path.join(self.data, "layouts"))
        return sorted(entry.name for entry in entries if entry.is_dir() and is_layout(entry.name))

    def _is_foreign(self, name: str) -> bool:
        try:
            self.installed(name)
        except IncompatibleIndexError as error:
            if name not in self._foreign:
                self._foreign.add(name)
                logger.warning("ignoring layout %s: %s", name, error)
            return True
        except DamagedError:  # written by this version, and repaired later
            return False
        self._foreign.discard(name)
        return False

    def installed(self, name: str | None) -> list[Manifest]:
        """Return the installed manifests of the layout called `name`, cached until its meta.json changes."""
        if name is None:
            return []
        known = self._known(name)
        return known.manifests if known else []

    def left_out(self, name: str) -> frozenset[str]:
        """Return the ids of the damaged segments of the layout called `name`, which are installed but not searched."""
        known = self._known(name)
        return known.left_out if known else frozenset()

    def _known(self, name: str) -> _Known | None:
        """Return what is installed; if meta.json is damaged, what it said before, or raise DamagedError."""
        folder, known = self.folder(name), self._installed.get(name)
        try:
            status = os.stat(os.path.join(folder, META))
        except FileNotFoundError:
            return None
        stamp = status.st_ino, status.st_mtime_ns, status.st_size
        if known is None or known.stamp != stamp:
            try:
                manifests = composed(folder)
                known = self._installed[name] = _Known(stamp, manifests, left_out(folder, manifests))
            except DamagedError:
                if known is None:
                    raise
        return known

    def take_out(self, name: str, files: Collection[str]) -> None:
        """Remove damaged `files` of the layout called `name`, and leave out their segments; needs the lock."""
        known, folder = self._known(name), self.folder(name)
        if known is None:
            return
        for file in files:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(folder, file))
        compose(folder, known.manifests, without=known.left_out | segments_with(files, known.manifests))

    def freshness(self, layout: str) -> dict[int, float]:
        """Return, by shard, the time (seconds since the epoch) up to which every change is in the index."""
        folder = self.folder(layout)
        return {
            int(entry.name[6:]): entry.stat().st_mtime
            for entry in os.scandir(folder)
            if entry.name.startswith("fresh-") and entry.name[6:].isdecimal()
        }

    def note_freshness(self, manifest: Manifest) -> None:
        """Record the freshness of the manifest's shard, without syncing it."""
        folder = self.folder(manifest.layout.name)
        path = os.path.join(folder, f"fresh-{manifest.shard}")
        with space_errors(folder), open(path, "a"):
            os.utime(path, (manifest.fresh_as_of, manifest.fresh_as_of))

    def _forget_freshness(self, name: str) -> None:
        """Reset the freshness of a layout's shards to that of their manifests."""
        for shard in self.freshness(name):
            os.unlink(os.path.join(self.folder(name), f"fresh-{shard}"))

    def open_up(self, name: str) -> None:
        """Accept manifests from another document log for the layout called `name` for OPEN_SECONDS."""
        path = os.path.join(self.folder(name), "open")
        with space_errors(self.data), contextlib.suppress(FileNotFoundError), open(path, "a"):
            os.utime(path)

    def is_open(self, name: str) -> bool:
        """Return True if the layout called `name` now accepts manifests from another document log."""
        try:
            return abs(time.time() - os.stat(os.path.join(self.folder(name), "open")).st_mtime) < OPEN_SECONDS
        except FileNotFoundError:
            return False

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the folder against changes by other processes and threads. Not reentrant."""
        with space_errors(self.data), open(os.path.join(self.data, "install.lock"), "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def remove_leftovers(self) -> None:
        """Remove what a crash left behind: uninstalled and temporary files, and the metrics of old workers."""
        shutil.rmtree(os.path.join(self.data, "metrics"), ignore_errors=True)
        for name in self._folders():
            folder = self.folder(name)
            if lost := recover(folder):
                self._forget_freshness(name)
                logger.warning("layout %s: %s was lost in a power loss; using the last durable state", name, lost)
            if self._is_foreign(name):
                continue
            try:
                manifests = self.installed(name)
            except DamagedError as error:
                logger.error("%s; removed it, its indexers will push it again", error)  # noqa: TRY400 (says all)
                manifests = []
            if not manifests:
                self.remove(name)
                continue
            if damaged := absent(folder, manifests):
                logger.error("layout %s: %s and %d other files are damaged", name, min(damaged), len(damaged) - 1)
                self.take_out(name, damaged)
            for left in os.scandir(folder):
                if left.is_file() and (left.name.endswith((".part", ".new")) or left.name.startswith("offered-")):
                    os.unlink(left)
            drop_unnamed(folder, manifests, durable_names(folder))
            drop_trial(folder)

    def remove(self, name: str) -> None:
        """Remove a layout, its meta.json first, so that what a crash leaves behind does not count as installed."""
        folder = self.folder(name)
        forget_durable(folder)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, META))
        shutil.rmtree(folder, ignore_errors=True)  # fails if a file is being written; then the next start removes it
        self._installed.pop(name, None)
