"""The index of a replica: receives manifests and files, and installs them when they are complete.

A crash at any point leaves the old index served: files are verified under temporary names and then renamed, and
meta.json, which also holds the manifests, is renamed last. Several processes may share the folder.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType

import msgspec

from lightship.core.errors import DamagedError, InvalidInputError, LightshipError, SupersededError, UnavailableError
from lightship.core.manifest import File, LayoutName, Manifest, check_manifest, is_layout
from lightship.index.fields.schema import check_version
from lightship.index.storage.segments import check_components, compose, composed
from lightship.rpc.messages import Installed, Missing
from lightship.runtime.files import space_errors
from lightship.searchengine.store.durability import compose_durably, has_durable_state, make_durable
from lightship.searchengine.store.files import ReceivedFiles
from lightship.searchengine.store.layouts import Layouts, Rules
from lightship.searchengine.store.state import State
from lightship.searchengine.store.validate import check_opens

logger = logging.getLogger("searchengine")


HOLD_BACK_SECONDS = 60.0  # for a new leader to read what its predecessor had read; usually it already has


class Store:
    """What is installed in the data folder at `folder`."""

    def __init__(self, folder: str, rules: Rules | None = None) -> None:
        """Open or create the folder; raises IncompatibleIndexError if another version created it."""
        self.folder = folder
        self.layouts = Layouts(folder, rules or Rules())
        self._files = ReceivedFiles(self.layouts)
        self._held_back: dict[tuple[str, int, int], float] = {}  # (layout, shard, epoch) -> since when, monotonic

    def clean_up(self) -> None:
        """Remove what a crash left behind; call it once, before any process receives."""
        self.layouts.clean_up()

    def current(self) -> str | None:
        """Return the name of the served layout; None before the first is complete."""
        return self.layouts.current()

    def layout_folder(self, name: str) -> str:
        """Return the path of the folder of the layout called `name`."""
        return self.layouts.folder(name)

    def freshness(self, name: str) -> dict[int, float]:
        """Return by shard the time up to which all changes are installed, in seconds since the epoch."""
        return self.layouts.freshness(name)

    def manifest(self, shard: int, layout: str) -> Manifest | None:
        """Return the installed manifest of `shard` in the layout called `layout`."""
        found = composed(self.layouts.folder(layout))
        return next((manifest for manifest in found if manifest.shard == shard), None)

    def has_offered(self, layout: str, shard: int, name: str) -> bool:
        """Return True if the file `name` of the last offered manifest has been received; blocking."""
        return is_layout(layout) and self._files.has_offered(layout, shard, name)

    def check_offered(self, layout: LayoutName, shard: int, file: File) -> None:
        """Raise InvalidInputError unless `file` is in the last offered manifest, or installed."""
        check_version(layout.schema)
        self._files.check_offered(layout, shard, file)

    def install(
        self, manifest: Manifest, shard: int, enclosed: Mapping[str, bytes] = MappingProxyType({})
    ) -> Installed | Missing:
        """Install `manifest` if it is new and all its files are here or `enclosed` (name -> content); blocking.

        Raises InvalidInputError if it is malformed or can't be opened, or if a missing file is enclosed with other
        bytes; SupersededError if something newer is installed; RetiredError if its layout is retired; UnavailableError
        if its indexer has read less of the log than the installed manifest.
        """
        check_manifest(manifest, shard)
        check_version(manifest.layout.schema)
        check_components(manifest)
        folder = self.layouts.folder(manifest.layout.name)
        with space_errors(folder), self.layouts.locked():
            self.layouts.check(manifest)
            installed = {other.shard: other for other in self.layouts.installed(manifest.layout.name)}
            old = installed.get(shard)
            another = old is not None and old.log_id != manifest.log_id and self.layouts.is_open(manifest.layout.name)
            if old and old.version > manifest.version and not another:
                raise _superseded(old, manifest)
            if old and self._is_held_back(old, manifest):
                raise UnavailableError(
                    f"epoch {manifest.epoch} of shard {shard} is behind what is installed here; it is accepted once it has caught up"
                )
            damaged = self.layouts.left_out(manifest.layout.name)
            if not old or old.version < manifest.version or another or _has_one_of(damaged, old):
                _check_names(manifest, installed)
                os.makedirs(folder, exist_ok=True)
                if missing := self._take(manifest, installed, enclosed, damaged):
                    return Missing(missing)
            self.layouts.note_freshness(manifest)
            self.layouts.flip(manifest.layout.parsed_name)
        return Installed(manifest.epoch, manifest.generation, self._files.lacks(manifest))

    def _is_held_back(self, old: Manifest, manifest: Manifest) -> bool:
        """Return True if a new leader has not caught up with what a former leader, unaware of it, has installed here.

        Answers must not go back in time; but whatever the reason, nothing is held back indefinitely.
        """
        if manifest.epoch == old.epoch or manifest.log_id != old.log_id or not manifest.is_behind(old):
            return False
        now, key = time.monotonic(), (manifest.layout.name, manifest.shard, manifest.epoch)
        self._held_back = {
            held: since for held, since in self._held_back.items() if held[:2] != key[:2] or held == key
        } | {key: self._held_back.get(key, now)}
        return now - self._held_back[key] < HOLD_BACK_SECONDS

    def _take(
        self,
        manifest: Manifest,
        installed: dict[int, Manifest],
        enclosed: Mapping[str, bytes],
        damaged: frozenset[str],
    ) -> list[str]:
        """Install `manifest` together with the `installed` ones; return the files that are missing for that.

        Segments in `damaged` (ids) are treated as new ones.
        """
        folder, old = self.layouts.folder(manifest.layout.name), _without(damaged, installed.get(manifest.shard))
        try:
            missing = self._files.missing(manifest, old)
            if missing and enclosed:
                missing = self._files.keep_enclosed(manifest, missing, enclosed)
            if missing:
                self._files.offer(manifest, installed.values())
                return missing
            check_opens(folder, manifest, old)
            every = installed | {manifest.shard: manifest}
            ordered = [every[number] for number in sorted(every)]
            if others := damaged - {segment.id for segment in manifest.segments}:
                compose(folder, ordered, without=others)
            else:
                (compose if has_durable_state(folder) and not damaged else compose_durably)(folder, ordered)
        except (LightshipError, OSError):
            self._files.sweep(manifest.layout.name)  # removes its enclosed files
            raise
        self._files.installed(manifest, every.values())
        return []

    def take_out(self, layout: str, file: File, reason: str) -> None:
        """Leave out the segment of a damaged `file` until it has been received again; blocking."""
        folder = self.layouts.folder(layout)
        with space_errors(folder), self.layouts.locked():
            manifests = self.layouts.installed(layout)
            if not any(manifest.files.get(file.name) == file for manifest in manifests):
                return  # replaced meanwhile
            self.layouts.take_out(layout, {file.name})
        logger.error("%s; leaving out its segment until the indexer has sent it again", reason)

    def suspect(self) -> None:
        """Request a check of all files, because a search failed. Any process may ask; one process does it."""
        with contextlib.suppress(OSError), open(self.suspicion, "a"):
            pass

    @property
    def suspicion(self) -> str:
        """The path of the file that requests a check of all files."""
        return os.path.join(self.folder, "suspected")

    def heal_meta(self, layout: str) -> None:
        """Rewrite the meta.json of `layout` from memory if it is damaged; blocking."""
        try:
            composed(self.layouts.folder(layout))
        except DamagedError as error:
            logger.error("%s; rewriting it", error)  # noqa: TRY400 (says all)
            with self.layouts.locked():
                self.layouts.take_out(layout, set())

    def make_durable(self) -> None:
        """Make what is installed durable, and remove files that only the previous durable state needed; blocking."""
        for name in self.layouts.names():
            folder = self.layouts.folder(name)
            with space_errors(folder), contextlib.suppress(FileNotFoundError):  # the layout was removed meanwhile
                if make_durable(folder, self.layouts.locked):
                    with self.layouts.locked():
                        self._files.sweep(name)

    def promote(self, layout: LayoutName) -> State:
        """Serve `layout` now, or as soon as it is complete; return the new state. Blocking.

        Raises InvalidInputError if this searchengine can't read it.
        """
        check_version(layout.schema)
        return self.layouts.promote(layout)

    async def receive(self, layout: LayoutName, shard: int, file: File, chunks: AsyncIterator[bytes]) -> None:
        """Store `file` if `chunks` have its size and digest.

        Raises InvalidInputError if they don't, or if it is not offered (nothing is stored), OutOfSpaceError if the disk
        is full, UnavailableError if the layout is dropped meanwhile.
        """
        check_version(layout.schema)
        await self._files.receive(layout, shard, file, chunks)


def _has_one_of(damaged: frozenset[str], manifest: Manifest) -> bool:
    return bool(damaged) and any(segment.id in damaged for segment in manifest.segments)


def _without(damaged: frozenset[str], manifest: Manifest | None) -> Manifest | None:
    """Return `manifest` without the segments in `damaged`."""
    if not damaged or manifest is None:
        return manifest
    whole = [segment for segment in manifest.segments if segment.id not in damaged]
    return msgspec.structs.replace(manifest, segments=whole)


def _check_names(manifest: Manifest, installed: dict[int, Manifest]) -> None:
    """Refuse files of another shard, which show that two indexers use copies of one folder."""
    for other in installed.values():
        shared = manifest.files.keys() & other.files.keys()
        if other.shard != manifest.shard and shared:
            raise InvalidInputError(
                f"file {min(shared)} of shard {manifest.shard} belongs to shard {other.shard}; "
                "don't start an indexer on a copy of another shard's data folder"
            )


def _superseded(newer: Manifest, refused: Manifest) -> SupersededError:
    message = f"a newer indexer owns this shard there: epoch {newer.epoch}, generation {newer.generation} of {newer.layout.name}"
    if newer.log_id != refused.log_id:
        message = (
            "a newer indexer of another document log owns this shard there; if that log is gone for good, run"
            f" `lightship promote {newer.layout.name}` to accept this one"
        )
    return SupersededError(message, newer.version)
