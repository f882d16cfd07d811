"""The files of a layout's folder: received, verified, and kept until no manifest names them."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import AsyncIterator, Collection, Iterable, Mapping

import anyio.to_thread

from lightship.core.errors import InvalidInputError, UnavailableError
from lightship.core.manifest import File, Layout, Manifest, check_file
from lightship.index.storage.segments import digest_of_file, drop_unnamed
from lightship.rpc.checked_copy import check_content, copy_verified
from lightship.runtime.files import space_errors, write_atomically
from lightship.searchengine.store.durability import durable_names
from lightship.searchengine.store.layouts import Layouts
from lightship.searchengine.store.pending import PendingOffers


class ReceivedFiles:
    """The files in the folders of `layouts`: verified under temporary names, then renamed.

    A folder has only files that an installed manifest or the newest offer of a shard names, coming ones too, and parts of them.
    """

    def __init__(self, layouts: Layouts) -> None:
        """Begin with what is in the folders."""
        self._layouts = layouts
        self._digests: dict[tuple[str, int, int], str] = {}

    def check_offered(self, layout: Layout, shard: int, file: File) -> None:
        """Raise InvalidInputError unless `file` is of the newest offer of `shard` in `layout`, or installed."""
        folder = self._layouts.folder(layout.name)
        if PendingOffers(folder).find(shard, file.name) == file:
            return
        known = [manifest.wanted.get(file.name) for manifest in self._layouts.installed(layout.name)]
        if any(known) and file not in known:
            raise InvalidInputError(f"file {file.name} is installed with another content")
        if file not in known:
            raise InvalidInputError(
                f"file {file.name}, of this size and digest, is not of the manifest that was last offered for shard "
                f"{shard} of {layout.name}: offer that first"
            )

    def has_offered(self, layout: str, shard: int, name: str) -> bool:
        """Tell whether the file `name` of the newest offer of `shard`, or one that is coming, is here, whole; blocking."""
        folder = self._layouts.folder(layout)
        file = PendingOffers(folder).find(shard, name) or next(
            (
                file
                for other in self._layouts.installed(layout)
                for file in other.coming
                if (other.shard, file.name) == (shard, name)
            ),
            None,
        )
        return file is not None and self._digest(os.path.join(folder, name), file.size) == file.digest

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

    def keep_enclosed(self, manifest: Manifest, missing: Iterable[str], enclosed: Mapping[str, bytes]) -> list[str]:
        """Keep those of the `missing` files that are `enclosed` with `manifest`; return the others. The folder must be locked.

        Raises InvalidInputError when one has not the size and digest that the manifest says; nothing is kept then.
        """
        folder = self._layouts.folder(manifest.layout.name)
        names = [name for name in missing if name in enclosed]
        for name in names:
            check_content(manifest.files[name], enclosed[name])
        for name in names:  # not synced now: see searchengine/store/durability.py
            write_atomically(os.path.join(folder, name), enclosed[name], durable=False)
        return [name for name in missing if name not in enclosed]

    def lacks(self, manifest: Manifest) -> list[str]:
        """Return the files that are coming with `manifest` and are not here; the names of those that are were given to whole ones."""
        folder = self._layouts.folder(manifest.layout.name)
        return [file.name for file in manifest.coming if not os.path.exists(os.path.join(folder, file.name))]

    def _digest(self, path: str, size: int) -> str | None:
        """Return the digest of the file at `path`; None when it is not there with that size."""
        try:
            status = os.stat(path)
            if status.st_size != size:
                return None
            key = (path, status.st_ino, status.st_mtime_ns)
            digest = self._digests.get(key) or digest_of_file(path)
        except FileNotFoundError:  # perhaps removed meanwhile: not every caller has locked the folder
            return None
        self._digests[key] = digest
        return digest

    def offer(self, manifest: Manifest, installed: Collection[Manifest]) -> None:
        """Keep from now on what `manifest` needs, instead of what its shard's earlier offer did, and what is `installed`."""
        folder = self._layouts.folder(manifest.layout.name)
        PendingOffers(folder).note(manifest)
        self._sweep(folder, installed)

    def installed(self, manifest: Manifest, installed: Collection[Manifest]) -> None:
        """Remove what is not needed any more, now that `manifest` is one of those that are `installed`."""
        folder = self._layouts.folder(manifest.layout.name)
        PendingOffers(folder).forget(manifest.shard)
        self._sweep(folder, installed)
        # What is here and waits, of this or of another shard, is not to be read again
        self._digests = {
            key: digest
            for key, digest in self._digests.copy().items()
            if os.path.basename(key[0]) not in manifest.files and os.path.exists(key[0])
        }

    def sweep(self, layout: str) -> None:
        """Remove what nothing needs in the folder of `layout`; the folder must be locked."""
        self._sweep(self._layouts.folder(layout), self._layouts.installed(layout))

    @staticmethod
    def _sweep(folder: str, manifests: Collection[Manifest]) -> None:
        parts = {name for name in os.listdir(folder) if name.endswith(".part")}
        coming = {file.name for manifest in manifests for file in manifest.coming}
        drop_unnamed(folder, manifests, parts | coming | PendingOffers(folder).names() | durable_names(folder))

    async def receive(self, layout: Layout, shard: int, file: File, chunks: AsyncIterator[bytes]) -> None:
        """Keep `file` if its bytes have the size and digest that it says.

        Raises InvalidInputError when they have not, or when it is not offered (nothing is kept), OutOfSpaceError when
        the disk is full, UnavailableError when the layout is dropped meanwhile.
        """
        check_file(file)
        await anyio.to_thread.run_sync(self.check_offered, layout, shard, file)
        folder = self._layouts.folder(layout.name)
        target = os.path.join(folder, file.name)
        part = f"{target}.{uuid.uuid4().hex}.part"
        try:
            with space_errors(folder), open(part, "wb") as out:
                await copy_verified(out, file, chunks)
            await anyio.to_thread.run_sync(self._keep, part, target, layout, shard, file)
        except FileNotFoundError as error:
            raise UnavailableError(f"layout {layout.name} was dropped while {file.name} was received") from error
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)

    def _keep(self, part: str, target: str, layout: Layout, shard: int, file: File) -> None:
        """Give a received file its name, if it is still wanted."""
        with self._layouts.locked():
            self.check_offered(layout, shard, file)
            for manifest in self._layouts.installed(layout.name) if os.path.exists(target) else ():
                if manifest.files.get(file.name, file) != file:  # another shard's, installed since the offer
                    raise InvalidInputError(f"file {file.name} is installed with another content")
            os.rename(part, target)
            status = os.stat(target)
            self._digests[target, status.st_ino, status.st_mtime_ns] = file.digest
