"""The data folder of a replica: receives files and manifests, installs them, and flips between layouts.

    layouts/NAME/           the files of all shards of a layout, and the meta.json that composes them
    layouts/NAME/fresh-N    its time is how fresh shard N is
    current                 the name of the layout that is served

A crash at any point leaves the old view served: files are verified under temporary names, then renamed, and the one
meta.json, which holds the manifests too, is renamed last. Several processes may share the folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Iterator

import anyio.to_thread

from lightship.errors import IncompatibleIndexError, InvalidInputError, SupersededError, UnavailableError
from lightship.files import space_errors, write_atomically
from lightship.index.schema import SCHEMA_VERSION
from lightship.index.segments import check_components, compose, composed, drop_unnamed
from lightship.manifest import File, Layout, Manifest, check_file, check_manifest
from lightship.rpc.messages import Installed, Missing

FORMAT = "1"  # of the data folder


class Store:
    """The data folder at `folder`."""

    def __init__(self, folder: str) -> None:
        """Open (or make) the folder; raises IncompatibleIndexError when another version made it."""
        self._folder = folder
        os.makedirs(os.path.join(folder, "layouts"), exist_ok=True)
        self._check_format()
        self._digests: dict[tuple[str, int, int], str] = {}
        self._offered: dict[tuple[str, int], set[str]] = {}  # files of the newest offer, by layout and shard

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
        for folder, manifests in self._layouts().items():
            if not manifests:
                shutil.rmtree(folder)
                continue
            for left in os.listdir(folder):
                if left.endswith((".part", ".new")):
                    os.unlink(os.path.join(folder, left))
            drop_unnamed(folder, manifests)
        self._drop_old_layouts()

    def _layouts(self) -> dict[str, list[Manifest]]:
        """Return what is installed in the folder of each layout."""
        folders = [entry.path for entry in os.scandir(os.path.join(self._folder, "layouts")) if entry.is_dir()]
        return {folder: composed(folder) for folder in folders}

    def _drop_old_layouts(self) -> None:
        """Remove the layouts that the served one took the place of."""
        name = self.current()
        newest = _epoch(composed(self.layout_folder(name))) if name else 0
        for folder, manifests in self._layouts().items():
            if os.path.basename(folder) != name and 0 < _epoch(manifests) <= newest:
                shutil.rmtree(folder, ignore_errors=True)  # somebody may write into it at this moment: the next start

    def layout_folder(self, name: str) -> str:
        """Return the folder of the layout called `name`."""
        return os.path.join(self._folder, "layouts", name)

    def current(self) -> str | None:
        """Return the name of the layout that is served; None before the first is whole."""
        try:
            with open(os.path.join(self._folder, "current")) as file:
                return file.read().strip()
        except FileNotFoundError:
            return None

    def manifest(self, shard: int, layout: str) -> Manifest | None:
        """Return the manifest of `shard` that is installed in the layout called `layout`."""
        found = composed(self.layout_folder(layout))
        return next((manifest for manifest in found if manifest.shard == shard), None)

    def freshness(self, layout: str) -> dict[int, float]:
        """Return, by shard, the time in seconds since the epoch up to which every change is in the index."""
        folder = self.layout_folder(layout)
        return {
            int(entry.name[6:]): entry.stat().st_mtime
            for entry in os.scandir(folder)
            if entry.name.startswith("fresh-")
        }

    def install(self, manifest: Manifest, shard: int) -> Installed | Missing:
        """Install `manifest` if it is new and all its files are here; blocking.

        Raises InvalidInputError when it is malformed, SupersededError when something newer is installed.
        """
        check_manifest(manifest, shard)
        _check_schema(manifest.layout)
        check_components(manifest)
        folder = self.layout_folder(manifest.layout.name)
        with space_errors(folder), self._locked():
            self._check_layout(manifest)
            installed = {other.shard: other for other in composed(folder)} if os.path.isdir(folder) else {}
            old = installed.get(shard)
            if old and old.version > manifest.version:
                raise _superseded(old)
            if not old or old.version < manifest.version:
                _check_names(manifest, installed)
                os.makedirs(folder, exist_ok=True)
                missing = self._missing(folder, manifest, old)
                self._drop_unneeded(folder, manifest, old)
                if missing:
                    return Missing(missing)
                installed[shard] = manifest
                compose(folder, [installed[number] for number in sorted(installed)])
                self._drop_replaced(folder, old, manifest)
            self._note_freshness(folder, manifest)
            self._flip(manifest.layout, list(installed.values()))
        return Installed(manifest.epoch, manifest.generation)

    def _check_layout(self, manifest: Manifest) -> None:
        """Refuse a layout that the served one has taken the place of."""
        name = self.current()
        if name and name != manifest.layout.name:
            served = composed(self.layout_folder(name))
            if manifest.epoch < min((other.epoch for other in served), default=0):
                raise _superseded(max(served, key=lambda other: other.epoch))

    def _missing(self, folder: str, manifest: Manifest, old: Manifest | None) -> list[str]:
        known = old.files if old else {}
        missing = []
        for name, file in manifest.files.items():
            if name in known:
                if known[name] != file:
                    raise InvalidInputError(
                        f"file {name} is installed with another content; its name must change with it"
                    )
            elif self._digest(os.path.join(folder, name), file.size) != file.digest:
                missing.append(name)
        return missing

    def _digest(self, path: str, size: int) -> str | None:
        """Return the digest of the file at `path`; None when it is not there with that size."""
        try:
            status = os.stat(path)
        except FileNotFoundError:
            return None
        if status.st_size != size:
            return None
        key = (path, status.st_ino, status.st_mtime_ns)
        if key not in self._digests:
            with open(path, "rb") as file:
                self._digests[key] = hashlib.file_digest(file, "sha256").hexdigest()
        return self._digests[key]

    def _drop_replaced(self, folder: str, old: Manifest | None, new: Manifest) -> None:
        _unlink(folder, (old.files.keys() if old else set()) - new.files.keys())
        self._digests.clear()

    def _drop_unneeded(self, folder: str, new: Manifest, old: Manifest | None) -> None:
        """Remove what was sent for an earlier offer of this shard that was never installed."""
        offered = self._offered.get((new.layout.name, new.shard), set())
        _unlink(folder, offered - new.files.keys() - (old.files.keys() if old else set()))
        self._offered[new.layout.name, new.shard] = set(new.files)

    def _note_freshness(self, folder: str, manifest: Manifest) -> None:
        path = os.path.join(folder, f"fresh-{manifest.shard}")
        with space_errors(folder), open(path, "a"):
            os.utime(path, (manifest.fresh_as_of, manifest.fresh_as_of))

    def _flip(self, layout: Layout, installed: list[Manifest]) -> None:
        """Serve `layout` from now on if it is whole and newer than the one that is served."""
        name = self.current()
        if name == layout.name or len(installed) < layout.shards:
            return
        if name and _epoch(installed) < _epoch(composed(self.layout_folder(name))):
            return
        write_atomically(os.path.join(self._folder, "current"), layout.name.encode())
        self._drop_old_layouts()

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with open(os.path.join(self._folder, "install.lock"), "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    async def receive(self, layout: Layout, file: File, chunks: AsyncIterator[bytes]) -> None:
        """Keep `file` if its bytes have the size and digest that it says.

        Raises InvalidInputError when they have not, or when another file is installed under that name (nothing is
        kept), OutOfSpaceError when the disk is full, UnavailableError when the layout is dropped meanwhile.
        """
        check_file(file)
        _check_schema(layout)
        folder = self.layout_folder(layout.name)
        target = os.path.join(folder, file.name)
        part = f"{target}.{uuid.uuid4().hex}.part"
        try:
            with space_errors(folder):
                os.makedirs(folder, exist_ok=True)
                with open(part, "wb") as out:
                    await _copy(out.write, file, chunks)
                    out.flush()
                    await anyio.to_thread.run_sync(os.fsync, out.fileno())
            await anyio.to_thread.run_sync(self._keep, part, target, file)
        except FileNotFoundError as error:
            raise UnavailableError(f"layout {layout.name} was dropped while {file.name} was received") from error
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)

    def _keep(self, part: str, target: str, file: File) -> None:
        """Give a received file its name."""
        with self._locked():
            if os.path.exists(target):
                for manifest in composed(os.path.dirname(target)):
                    if manifest.files.get(file.name, file).digest != file.digest:
                        raise InvalidInputError(f"file {file.name} is installed with another content")
            os.rename(part, target)
            status = os.stat(target)
            self._digests[target, status.st_ino, status.st_mtime_ns] = file.digest


async def _copy(write: Callable[[bytes], object], file: File, chunks: AsyncIterator[bytes]) -> None:
    digest, size = hashlib.sha256(), 0
    async for chunk in chunks:
        size += len(chunk)
        if size > file.size:
            raise InvalidInputError(f"{file.name} is longer than the {file.size} bytes that were announced")
        digest.update(chunk)
        write(chunk)
    if size != file.size:
        raise InvalidInputError(f"{file.name} ended after {size} of {file.size} bytes: send it again")
    if digest.hexdigest() != file.digest:
        raise InvalidInputError(f"{file.name} has the digest {digest.hexdigest()}, not {file.digest}: send it again")


def _superseded(newer: Manifest) -> SupersededError:
    return SupersededError(
        f"epoch {newer.epoch}, generation {newer.generation} of {newer.layout.name} is installed: a newer indexer owns this shard",
        newer.version,
    )


def _check_schema(layout: Layout) -> None:
    if layout.schema != SCHEMA_VERSION:
        raise InvalidInputError(
            f"schema {layout.schema}: this searchengine reads schema {SCHEMA_VERSION}; upgrade it or the indexer"
        )


def _check_names(manifest: Manifest, installed: dict[int, Manifest]) -> None:
    """Refuse files that are another shard's: two indexers work on copies of one folder."""
    for other in installed.values():
        shared = manifest.files.keys() & other.files.keys()
        if other.shard != manifest.shard and shared:
            raise InvalidInputError(
                f"file {min(shared)} of shard {manifest.shard} is one of shard {other.shard}; "
                "don't make a shard from a copy of another one's data folder"
            )


def _epoch(manifests: Iterable[Manifest]) -> int:
    return max((manifest.epoch for manifest in manifests), default=0)


def _unlink(folder: str, names: Iterable[str]) -> None:
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, name))
