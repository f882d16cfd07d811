"""Pushes a shard's manifest, and the files that are missing, to every searchengine. One slow replica delays no other."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial

import aiohttp

from lightship.errors import LightshipError, SupersededError, words
from lightship.indexer import metrics
from lightship.indexer.feed import INDEXER, Feed, worth_feeding
from lightship.manifest import File, Manifest
from lightship.rpc.addresses import Addresses
from lightship.rpc.client import TROUBLE, RpcClient
from lightship.rpc.enclosed import choose_enclosed
from lightship.rpc.messages import Installed, Missing
from lightship.tasks import cancel, keep

logger = logging.getLogger("indexer.push")

LOOK_UP_SECONDS = 1.0  # between two look-ups of the searchengines' names
RETRY_SECONDS = 0.25
SLOW_SECONDS = 0.5  # pushes that take longer are logged: freshness waits for them
FILES_AT_ONCE = 4
# Bytes a second at which what is coming is sent to each replica: nothing waits for it, and disks and processors are to have room
# for the manifests beside it. A hold bears with less: see SLOWEST_BYTES in hold.py
AHEAD_PACE = 16 << 20


@dataclass
class _Replica:
    """`changed` is set when there may be something new to push, `settled` when there is not; `has` is what it installed.

    `ahead` sends what is coming, beside the pushes of manifests.
    """

    address: str
    client: RpcClient
    has: Manifest | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    lacks: frozenset[str] = frozenset()  # of the files that are coming with the manifest that it has
    ahead: asyncio.Task[None] | None = None
    trouble: str = "not yet"  # why it has not what it should have; empty when it has
    unreached: bool = False  # nobody listens there: it may be about to start


class Pusher:
    """Keeps every searchengine up to date, in a thread with an event loop of its own."""

    def __init__(
        self, names: Sequence[str], published: str, token: str, *, superseded: Callable[[SupersededError], None]
    ) -> None:
        """Push files of the folder `published` to `names`; `superseded` is called when a newer indexer owns the shard."""
        self._addresses, self._published, self._token, self._superseded = Addresses(names), published, token, superseded
        self._manifest: Manifest | None = None
        self._loop = asyncio.new_event_loop()
        self._replicas: dict[str, _Replica] = {}
        self._feed = Feed()
        self._task = self._loop.create_task(keep("push", self._follow_names))
        self._thread = threading.Thread(target=self._run, name="push", daemon=True)
        self._thread.start()

    def offer(self, manifest: Manifest) -> None:
        """Push `manifest` instead of any older one that still waits. Callable from any thread."""
        self._loop.call_soon_threadsafe(self._set, manifest)

    def everywhere(self, manifest: Manifest | None, count: int) -> bool:
        """Tell whether `count` searchengines are known, and all of them have installed `manifest` (none: nothing)."""
        replicas = list(self._replicas.values())
        return len(replicas) >= count and all(replica.has is manifest for replica in replicas)

    def has_come(self, files: Collection[File]) -> bool:
        """Tell whether every searchengine that takes manifests has all of `files`, which were coming. Callable from any thread."""
        names = {file.name for file in files}
        reached = [(replica.has, replica.lacks) for replica in list(self._replicas.values()) if not replica.trouble]
        return all(has.wanted.keys() >= names and not lacks & names for has, lacks in reached if has)

    def close(self, flush_seconds: float = 2.0) -> None:
        """Stop, after giving pushes that are under way up to `flush_seconds`."""
        asyncio.run_coroutine_threadsafe(self._flush(flush_seconds), self._loop).result()
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        finally:
            self._loop.close()

    def _set(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._feed.keep(manifest.wanted.values())
        for replica in self._replicas.values():
            replica.settled.clear()
            replica.changed.set()

    async def _flush(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(replica.settled.wait() for replica in self._replicas.values()))

    async def _follow_names(self) -> None:
        """Look up the names all the time; a task for each address that they give."""
        tasks: dict[str, asyncio.Task[None]] = {}
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            try:
                while True:
                    found = await self._addresses.look_up()
                    for address in found - tasks.keys():
                        follow = partial(self._follow, session, address)
                        tasks[address] = asyncio.create_task(keep(f"push to {address}", follow))
                    for address in tasks.keys() - found:
                        tasks.pop(address).cancel()
                        logger.info("searchengine %s is gone from its name", address)
                    await asyncio.sleep(LOOK_UP_SECONDS)
            finally:
                await cancel(tasks.values())

    async def _follow(self, session: aiohttp.ClientSession, address: str) -> None:
        """Bring one searchengine up to date whenever there is something new."""
        replica = _Replica(address, RpcClient(session, address, self._token))
        self._replicas[address] = replica
        replica.changed.set()
        try:
            while True:
                await replica.changed.wait()
                replica.changed.clear()
                if self._manifest is None:  # nothing to push yet, so nothing is known of it
                    replica.settled.set()
                    continue
                before, replica.trouble = replica.trouble, await self._try_update(replica)
                if not replica.changed.is_set():
                    replica.settled.set()
                if replica.trouble != before:
                    level = logging.WARNING if replica.trouble else logging.INFO
                    logger.log(level, "%s: %s", address, replica.trouble or "up to date")
                if replica.trouble:
                    metrics.FAILURES.labels(address).inc()
                    await asyncio.sleep(RETRY_SECONDS)
                    if replica.unreached:  # what answered with an error is asked again when there is something new
                        replica.changed.set()
        finally:
            if replica.ahead:
                await cancel([replica.ahead])
            del self._replicas[address]
            self._feed.forget(address)
            metrics.forget(address)

    async def _try_update(self, replica: _Replica) -> str:
        """Push the newest manifest; return what is wrong, or an empty string."""
        replica.unreached = False
        manifest = self._manifest
        if manifest is None:
            return ""
        try:
            await self._update(replica, manifest)
        except SupersededError as error:
            newer = error.installed is None or error.installed[0] > manifest.epoch
            if newer:
                self._superseded(error)
            return str(error)
        except FileNotFoundError:
            return ""  # a newer generation took its place meanwhile: it comes next
        except TROUBLE as error:
            replica.unreached = isinstance(error, aiohttp.ClientConnectorError)
            return words(error)
        except (
            Exception
        ) as error:  # whatever one searchengine answers, this one is tried again, and others don't notice
            logger.exception("unexpected")
            return repr(error)
        return ""

    async def _update(self, replica: _Replica, manifest: Manifest) -> None:
        started = time.monotonic()
        enclosed = choose_enclosed(manifest, replica.has.files) if replica.has else []
        answer = await replica.client.put_manifest(manifest, [os.path.join(self._published, name) for name in enclosed])
        if isinstance(answer, Missing):
            files = [manifest.files[name] for name in answer.files if name in manifest.files]
            await self._send_all(replica, manifest, files)
            answer = await replica.client.put_manifest(manifest)
            size, seconds = sum(file.size for file in files), time.monotonic() - started
            if seconds > SLOW_SECONDS:
                logger.info("generation %d took %.1f s to push: %.1f MB", manifest.generation, seconds, size / 1e6)
        if replica.has is None or replica.has.version != manifest.version:
            metrics.PUSHES.labels(replica.address).inc()
        replica.lacks = frozenset(answer.lacks if isinstance(answer, Installed) else ())
        replica.has = manifest
        if replica.lacks and (replica.ahead is None or replica.ahead.done()):
            replica.ahead = self._loop.create_task(self._send_ahead(replica, manifest))
        await self._feed.note(replica.address, manifest.files.values())

    async def _send_ahead(self, replica: _Replica, manifest: Manifest) -> None:
        """Send what is coming and `replica` lacks, one file at a time: manifests go on beside it. What fails, the next one starts again."""
        try:
            for file in manifest.coming:
                if file.name in replica.lacks:
                    await self._send(replica, manifest, file, AHEAD_PACE)
        except TROUBLE as error:
            logger.info("%s: not sent ahead: %s", replica.address, words(error))
            return
        replica.changed.set()  # so that it tells that it has them

    async def _send_all(self, replica: _Replica, manifest: Manifest, files: Sequence[File]) -> None:
        gate = asyncio.Semaphore(FILES_AT_ONCE)

        async def send(file: File) -> None:
            async with gate:
                await self._send(replica, manifest, file)

        tasks = [asyncio.create_task(send(file)) for file in files]
        try:
            await asyncio.gather(*tasks)
        finally:  # when one fails all are sent again: none is to go on beside that
            await cancel(tasks)

    async def _send(self, replica: _Replica, manifest: Manifest, file: File, pace: float = math.inf) -> None:
        """Let `replica` have `file`: from a peer of its, or from here, at `pace` bytes a second at the most."""
        path = os.path.join(self._published, file.name)
        if not (self._token and worth_feeding(file, len(self._replicas))):
            await replica.client.put_file(manifest, file, path, pace)
            return
        self._feed.forget(replica.address, file)
        async with self._feed.turn(file) as source:
            if source == INDEXER or not await self._let_fetch(replica, manifest, file, source):
                await replica.client.put_file(manifest, file, path, pace)
        await self._feed.note(replica.address, [file])

    async def _let_fetch(self, replica: _Replica, manifest: Manifest, file: File, source: str) -> bool:
        try:
            await replica.client.fetch_file(manifest, file, source)
        except (LightshipError, aiohttp.ClientError, TimeoutError) as error:
            logger.info("%s can't have %s from %s: %s", replica.address, file.name, source, str(error) or "too slow")
            self._feed.forget(source, file)
            return False
        return True
