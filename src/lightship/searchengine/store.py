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
from collections.abc import AsyncIterator, Callable, Iterator

import anyio.to_thread

from lightship.errors import IncompatibleIndexError, InvalidInputError, SupersededError
from lightship.files import space_errors, write_atomically
from lightship.index.schema import SCHEMA_VERSION
from lightship.index.segments import compose, composed, drop_unnamed
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
        for name in os.listdir(os.path.join(self._folder, "layouts")):
            folder = self.layout_folder(name)
            for left in os.listdir(folder):
                if left.endswith((".part", ".new")):
                    os.unlink(os.path.join(folder, left))
            drop_unnamed(folder, composed(folder))

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

    def manifest(self, shard: int) -> Manifest | None:
        """Return the manifest of `shard` in the layout that is served."""
        name = self.current()
        found = composed(self.layout_folder(name)) if name else []
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
        if manifest.layout.schema != SCHEMA_VERSION:
            raise InvalidInputError(
                f"schema {manifest.layout.schema}: this searchengine reads schema {SCHEMA_VERSION}; upgrade it or the indexer"
            )
        folder = self.layout_folder(manifest.layout.name)
        with self._locked():
            self._check_layout(manifest)
            installed = {other.shard: other for other in composed(folder)} if os.path.isdir(folder) else {}
            old = installed.get(shard)
            if old and old.version > manifest.version:
                raise _superseded(old)
            if not old or old.version < manifest.version:
                os.makedirs(folder, exist_ok=True)
                missing = self._missing(folder, manifest, old)
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
            if manifest.epoch < min(other.epoch for other in served):
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
        for name in (old.files.keys() if old else set()) - new.files.keys():
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(folder, name))
        self._digests.clear()

    def _note_freshness(self, folder: str, manifest: Manifest) -> None:
        path = os.path.join(folder, f"fresh-{manifest.shard}")
        with space_errors(folder), open(path, "a"):
            os.utime(path, (manifest.fresh_as_of, manifest.fresh_as_of))

    def _flip(self, layout: Layout, installed: list[Manifest]) -> None:
        """Serve `layout` from now on if it is whole and newer than the one that is served."""
        name = self.current()
        if name == layout.name or len(installed) < layout.shards:
            return
        if name:
            served = composed(self.layout_folder(name))
            if max(manifest.epoch for manifest in installed) < max(manifest.epoch for manifest in served):
                return
        write_atomically(os.path.join(self._folder, "current"), layout.name.encode())
        if name:
            shutil.rmtree(self.layout_folder(name))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with open(os.path.join(self._folder, "install.lock"), "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    async def receive(self, layout: Layout, file: File, chunks: AsyncIterator[bytes]) -> None:
        """Keep `file` if its bytes have the size and digest that it says.

        Raises InvalidInputError when they have not (nothing is kept), OutOfSpaceError when the disk is full.
        """
        check_file(file)
        folder = self.layout_folder(layout.name)
        os.makedirs(folder, exist_ok=True)
        target = os.path.join(folder, file.name)
        part = f"{target}.{uuid.uuid4().hex}.part"
        try:
            with space_errors(folder), open(part, "wb") as out:
                await _copy(out.write, file, chunks)
                out.flush()
                await anyio.to_thread.run_sync(os.fsync, out.fileno())
            os.rename(part, target)
            status = os.stat(target)
            self._digests[target, status.st_ino, status.st_mtime_ns] = file.digest
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)


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
