"""The files of a layout's folder: received, verified, and kept until no manifest names them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterable

import anyio.to_thread

from lightship.errors import InvalidInputError, UnavailableError
from lightship.files import space_errors
from lightship.index.segments import composed
from lightship.manifest import File, Layout, Manifest, check_file
from lightship.searchengine.layouts import Layouts


class ReceivedFiles:
    """The files in the folders of `layouts`: verified under temporary names, then renamed."""

    def __init__(self, layouts: Layouts) -> None:
        """Begin with what is in the folders."""
        self._layouts = layouts
        self._digests: dict[tuple[str, int, int], str] = {}
        self._offered: dict[tuple[str, int], set[str]] = {}  # files of the newest offer, by layout and shard

    def offered(self, layout: str, shard: int, name: str) -> bool:
        """Tell whether the newest offer of `shard` in the layout called `layout` names the file `name`."""
        return name in self._offered.get((layout, shard), ())

    def missing(self, manifest: Manifest, old: Manifest | None) -> list[str]:
        """Return the files of `manifest` that are not here; `old` is what is installed of its shard."""
        folder = self._layouts.folder(manifest.layout.name)
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

    def drop_replaced(self, old: Manifest | None, new: Manifest) -> None:
        """Remove the files of `old` that `new`, which is installed in its place, does not name."""
        folder = self._layouts.folder(new.layout.name)
        _unlink(folder, (old.files.keys() if old else set()) - new.files.keys())
        self._digests.clear()

    def drop_unneeded(self, new: Manifest, old: Manifest | None) -> None:
        """Remove what was sent for an earlier offer of this shard that was never installed."""
        folder = self._layouts.folder(new.layout.name)
        offered = self._offered.get((new.layout.name, new.shard), set())
        _unlink(folder, offered - new.files.keys() - (old.files.keys() if old else set()))
        self._offered[new.layout.name, new.shard] = set(new.files)

    async def receive(self, layout: Layout, file: File, chunks: AsyncIterator[bytes]) -> None:
        """Keep `file` if its bytes have the size and digest that it says.

        Raises InvalidInputError when they have not, or when another file is installed under that name (nothing is
        kept), OutOfSpaceError when the disk is full, UnavailableError when the layout is dropped meanwhile.
        """
        check_file(file)
        folder = self._layouts.folder(layout.name)
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
        with self._layouts.locked():
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


def _unlink(folder: str, names: Iterable[str]) -> None:
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, name))
