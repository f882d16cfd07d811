"""A warm copy of a shard: the state installed on a replica, pulled over RPC into a folder.

A standby keeps one while it waits for the lease; an indexer that lost its disk makes one when it starts. `recovery.py`
resumes from it, so that nothing need be indexed again.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import shutil
import threading
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, TypeVar

import aiohttp
import msgspec

from lightship.core.errors import DamagedError, NotFoundError, words
from lightship.core.manifest import File, Layout, Manifest
from lightship.index.storage.segments import check_components, drop_unnamed
from lightship.rpc.addresses import Addresses
from lightship.rpc.client import CALL_ERRORS, RpcClient
from lightship.runtime.files import sealed, unsealed, write_atomically

logger = logging.getLogger("indexer")

STEP_SECONDS = 1.0  # between two checks for a newer state
ROUNDS = 3  # of retrying after files were replaced meanwhile; the rest follows with the next check
_TICK = 0.1

T = TypeVar("T")


def read_manifest(path: str) -> Manifest | None:
    """Return the manifest in the file at `path`; None if it is missing, damaged, or of an unknown version."""
    try:
        with open(path, "rb") as file:
            return msgspec.json.decode(unsealed(file.read()), type=Manifest)
    except (FileNotFoundError, msgspec.MsgspecError, DamagedError):
        return None


def write_manifest(path: str, manifest: Manifest) -> None:
    """Replace the manifest in the file at `path`."""
    write_atomically(path, sealed(msgspec.json.encode(manifest)))


class StandbyCopy:
    """The copy of one shard, in the folder of its layout; used by one thread at a time."""

    def __init__(self, folder: str, layout: Layout, shard: int, names: Sequence[str], token: str) -> None:
        """Keep it in `folder`/warm, from the searchengines at `names`; files that `folder` has published are linked."""
        self.folder = os.path.join(folder, "warm")
        self._own_manifest, self._published = os.path.join(folder, "manifest.json"), os.path.join(folder, "published")
        self._manifest_path = os.path.join(self.folder, "manifest.json")
        self._layout, self._shard, self._token = layout, shard, token
        self.addresses = Addresses(names)

    @property
    def manifest(self) -> Manifest | None:
        """The manifest of the copy, whose files are all present; None if there is none."""
        return read_manifest(self._manifest_path)

    def client(self, session: aiohttp.ClientSession, base: str) -> RpcClient:
        """Return a client of the searchengine at `base`."""
        return RpcClient(session, base, self._token)

    async def ask(self, client: RpcClient) -> Manifest:
        """Return the manifest of this shard installed on a searchengine; raises NotFoundError if there is none."""
        return await client.get_manifest(self._shard, self._layout)

    async def pull(self, client: RpcClient, manifest: Manifest, at_once: int) -> None:
        """Fetch the missing files of `manifest`, `at_once` at a time, and make it the manifest of the copy."""
        check_components(manifest)
        os.makedirs(self.folder, exist_ok=True)
        own = read_manifest(self._own_manifest)
        self._link(manifest, own.files if own else {})
        missing = [file for file in manifest.files.values() if not _is_there(self.folder, file)]
        missing.sort(key=lambda file: file.size)
        largest_first = iter(reversed(missing))  # small ones may be replaced meanwhile
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(at_once, len(missing))):
                    group.create_task(self._pull(client, manifest, largest_first))
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        write_manifest(self._manifest_path, manifest)
        drop_unnamed(self.folder, [manifest])

    def take_published(self) -> None:
        """Make what this indexer published last the copy, unless the copy is newer or not all files are there."""
        own, have = read_manifest(self._own_manifest), self.manifest
        if own is None or (have and have.version >= own.version):
            return
        os.makedirs(self.folder, exist_ok=True)
        self._link(own, own.files)
        if all(_is_there(self.folder, file) for file in own.files.values()):
            write_manifest(self._manifest_path, own)

    async def _pull(self, client: RpcClient, manifest: Manifest, files: Iterator[File]) -> None:
        for file in files:
            await client.get_file(manifest, file, os.path.join(self.folder, file.name))

    def _link(self, manifest: Manifest, own: dict[str, File]) -> None:
        """Link files that this indexer itself published before it lost the lease or was stopped."""
        for name, file in manifest.files.items():
            if own.get(name) == file and _is_there(self._published, file):
                with contextlib.suppress(FileExistsError):
                    os.link(os.path.join(self._published, name), os.path.join(self.folder, name))

    def remove(self) -> None:
        """Remove the copy."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _is_there(folder: str, file: File) -> bool:
    """Whether `folder` has `file`: a name always has the same content, and only verified files get their name."""
    try:
        return os.path.getsize(os.path.join(folder, file.name)) == file.size
    except FileNotFoundError:
        return False


def follow(standby: StandbyCopy, stop: threading.Event) -> None:
    """Keep `standby` up to date until `stop` is set; errors are logged once, and retried."""
    run_until(stop, _follow(standby))


async def _follow(standby: StandbyCopy) -> None:
    logged, ready = "", False
    # One connection to each searchengine, one file at a time, so that queries are not affected
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        for turn in itertools.count():
            problem = await _step(standby, session, turn)
            if problem != logged:
                logger.log(logging.WARNING if problem else logging.INFO, "warm copy: %s", problem or "working again")
                logged = problem
            if not ready and (manifest := standby.manifest):
                logger.info("warm copy of %d documents is ready to take over", manifest.documents)
                ready = True
            await asyncio.sleep(STEP_SECONDS)


async def _step(standby: StandbyCopy, session: aiohttp.ClientSession, turn: int) -> str:
    """Pull the state of one searchengine if it is newer, a different one in each `turn`; return the error, or empty."""
    problem, bases = "", sorted(await standby.addresses.look_up())
    for number in range(len(bases)):
        base = bases[(turn + number) % len(bases)]
        try:
            await _take_newer(standby, standby.client(session, base))
            return ""
        except NotFoundError:  # it has nothing of this shard yet
            continue
        except CALL_ERRORS as error:
            problem = f"{base}: {words(error)}"
    return problem


async def _take_newer(standby: StandbyCopy, client: RpcClient) -> None:
    for _ in range(ROUNDS):
        manifest, have = await standby.ask(client), standby.manifest
        if have and have.version >= manifest.version:
            return
        try:
            await standby.pull(client, manifest, at_once=1)
            return
        except NotFoundError:  # a file was replaced meanwhile
            continue


def run_until(stop: threading.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Run `work` in its own event loop; return its result, or None if `stop` was set first."""

    async def run() -> T | None:
        task = asyncio.create_task(work)
        while not task.done():
            if stop.is_set():
                task.cancel()
            await asyncio.wait([task], timeout=_TICK)
        return None if task.cancelled() else task.result()

    return asyncio.run(run())
