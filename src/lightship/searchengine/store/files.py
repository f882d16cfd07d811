"""The files in a layout's folder: received, verified, and kept until no manifest names them."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import AsyncIterator, Collection, Iterable, Mapping

import anyio.to_thread

from lightship.core.errors import InvalidInputError, UnavailableError
from lightship.core.manifest import File, LayoutName, Manifest, check_file
from lightship.index.storage.segments import digest_of_file, drop_unnamed
from lightship.rpc.checked_copy import check_content, copy_verified
from lightship.runtime.files import space_errors, write_atomically
from lightship.searchengine.store.durability import durable_names
from lightship.searchengine.store.layouts import Layouts
from lightship.searchengine.store.pending import PendingOffers

PART = ".part"  # ends the name of a file that is being received


class ReceivedFiles:
    """The files in the folders of `layouts`: verified under temporary names, then renamed.

    A folder contains only files that an installed manifest or the newest offer of a shard names (including coming
    ones), and partially received ones.
    """

    def __init__(self, layouts: Layouts) -> None:
        """Use the folders of `layouts`."""
        self._layouts = layouts
        self._digests: dict[tuple[str, int, int], str] = {}

    def check_offered(self, layout: LayoutName, shard: int, file: File) -> None:
        """Raise InvalidInputError unless `file` is in the newest offer of `shard` in `layout`, or installed."""
        folder = self._layouts.folder(layout.name)
        if PendingOffers(folder).find(shard, file.name) == file:
            return
        known = [manifest.wanted.get(file.name) for manifest in self._layouts.installed(layout.name)]
        if any(known) and file not in known:
            raise InvalidInputError(f"file {file.name} is already installed with other content")
        if file not in known:
            raise InvalidInputError(
                f"file {file.name} with this size and digest is not in the last manifest offered for shard {shard} of "
                f"{layout.name}; offer the manifest first"
            )

    def has_offered(self, layout: str, shard: int, name: str) -> bool:
        """Return True if the file `name`, offered last for `shard` or coming, has been received; blocking."""
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
        """Return the names of the missing files of `manifest`; `old` is the installed manifest of its shard."""
        folder = self._layouts.folder(manifest.layout.name)
        known = old.files if old else {}
        missing = []
        for name, file in manifest.files.items():
            if name in known:
                if known[name] != file:
                    raise InvalidInputError(
                        f"file {name} is already installed with other content; new content needs a new name"
                    )
            elif self._digest(os.path.join(folder, name), file.size) != file.digest:
                missing.append(name)
        return missing

    def keep_enclosed(self, manifest: Manifest, missing: Iterable[str], enclosed: Mapping[str, bytes]) -> list[str]:
        """Store those of the `missing` files that are `enclosed` with `manifest`; return the others.

        The folder must be locked. Raises InvalidInputError if one does not have the size and digest in the manifest;
        then nothing is stored.
        """
        folder = self._layouts.folder(manifest.layout.name)
        names = [name for name in missing if name in enclosed]
        for name in names:
            check_content(manifest.files[name], enclosed[name])
        for name in names:  # synced later: see durability.py
            write_atomically(os.path.join(folder, name), enclosed[name], durable=False)
        return [name for name in missing if name not in enclosed]

    def lacks(self, manifest: Manifest) -> list[str]:
        """Return the missing files in `coming`. Existence is enough: only verified files get their final names."""
        folder = self._layouts.folder(manifest.layout.name)
        return [file.name for file in manifest.coming if not os.path.exists(os.path.join(folder, file.name))]

    def _digest(self, path: str, size: int) -> str | None:
        """Return the digest of the file at `path`; None if it does not exist with that size."""
        try:
            status = os.stat(path)
            if status.st_size != size:
                return None
            key = (path, status.st_ino, status.st_mtime_ns)
            digest = self._digests.get(key) or digest_of_file(path)
        except FileNotFoundError:  # may be removed concurrently: not every caller has locked the folder
            return None
        self._digests[key] = digest
        return digest

    def offer(self, manifest: Manifest, installed: Collection[Manifest]) -> None:
        """Record the offer `manifest`; keep its files and the `installed` ones, not those of the shard's last offer."""
        folder = self._layouts.folder(manifest.layout.name)
        PendingOffers(folder).note(manifest)
        self._sweep(folder, installed)

    def installed(self, manifest: Manifest, installed: Collection[Manifest]) -> None:
        """Remove files that are no longer needed now that `manifest` is one of the `installed` manifests."""
        folder = self._layouts.folder(manifest.layout.name)
        PendingOffers(folder).forget(manifest.shard)
        self._sweep(folder, installed)
        # Received files that are not installed yet, of any shard, keep their digests so that they are not read again
        self._digests = {
            key: digest
            for key, digest in self._digests.copy().items()
            if os.path.basename(key[0]) not in manifest.files and os.path.exists(key[0])
        }

    def sweep(self, layout: str) -> None:
        """Remove unneeded files in the folder of `layout`, which must be locked."""
        self._sweep(self._layouts.folder(layout), self._layouts.installed(layout))

    @staticmethod
    def _sweep(folder: str, manifests: Collection[Manifest]) -> None:
        coming = {file.name for manifest in manifests for file in manifest.coming}
        keep = coming | PendingOffers(folder).names() | durable_names(folder)
        drop_unnamed(folder, manifests, keep, besides=PART)  # another process may begin to receive one right now

    async def receive(self, layout: LayoutName, shard: int, file: File, chunks: AsyncIterator[bytes]) -> None:
        """Store `file` if `chunks` have its size and digest.

        Raises InvalidInputError if they don't, or if it is not offered (nothing is stored), OutOfSpaceError if the disk
        is full, UnavailableError if the layout is dropped meanwhile.
        """
        check_file(file)
        await anyio.to_thread.run_sync(self.check_offered, layout, shard, file)
        folder = self._layouts.folder(layout.name)
        target = os.path.join(folder, file.name)
        part = f"{target}.{uuid.uuid4().hex}{PART}"
        try:
            with space_errors(folder), open(part, "wb") as out:
                await copy_verified(out, file, chunks)
            await anyio.to_thread.run_sync(self._keep, part, target, layout, shard, file)
        except FileNotFoundError as error:
            raise UnavailableError(f"layout {layout.name} was dropped while receiving {file.name}") from error
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)

    def _keep(self, part: str, target: str, layout: LayoutName, shard: int, file: File) -> None:
        """Give a received file its final name, if it is still wanted."""
        with self._layouts.locked():
            self.check_offered(layout, shard, file)
            for manifest in self._layouts.installed(layout.name) if os.path.exists(target) else ():
                if manifest.files.get(file.name, file) != file:  # another shard's, installed since the offer
                    raise InvalidInputError(f"file {file.name} is already installed with other content")
            os.rename(part, target)
            status = os.stat(target)
            self._digests[target, status.st_ino, status.st_mtime_ns] = file.digest
