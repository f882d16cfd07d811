"""Pushes a shard's manifests and missing files to every searchengine. A slow replica does not delay the others."""

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

from lightship.core.errors import LightshipError, SupersededError, words
from lightship.core.manifest import File, Manifest
from lightship.indexer.publish import metrics
from lightship.indexer.publish.peer_fanout import INDEXER, PeerFanout, worth_feeding
from lightship.rpc.addresses import Addresses
from lightship.rpc.client import CALL_ERRORS, RpcClient
from lightship.rpc.messages import Installed, Missing
from lightship.rpc.multipart import choose_enclosed
from lightship.runtime.tasks import cancel, keep

logger = logging.getLogger("indexer.push")

LOOK_UP_SECONDS = 1.0  # between two DNS look-ups of the searchengines' names
RETRY_SECONDS = 0.25
SLOW_SECONDS = 0.5  # pushes that take longer are logged: they delay freshness
FILES_AT_ONCE = 4
# Rate limit in bytes per second for sending merged segments ahead to each replica: nothing waits for these background
# transfers, and manifests need disk and CPU headroom. The handover tolerates less: SLOWEST_BYTES in merge_handover.py
AHEAD_PACE = 16 << 20


@dataclass
class _Replica:
    """The state of pushing to one searchengine; `has` is the manifest that it has installed.

    `changed` is set when there may be something new to push, `settled` when there is not. `ahead` sends merged segments
    in the background, concurrently with manifests.
    """

    address: str
    client: RpcClient
    has: Manifest | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    lacks: frozenset[str] = frozenset()  # missing files of the merged segments announced with its manifest
    ahead: asyncio.Task[None] | None = None
    problem: str = "not yet"  # why it is not up to date; empty if it is
    unreached: bool = False  # connection refused: it may be about to start


class Pusher:
    """Keeps every searchengine up to date, in a thread with its own event loop."""

    def __init__(
        self, names: Sequence[str], published: str, token: str, *, superseded: Callable[[SupersededError], None]
    ) -> None:
        """Push files in the folder `published` to `names`; call `superseded` if a newer indexer owns the shard."""
        self._addresses, self._published, self._token, self._superseded = Addresses(names), published, token, superseded
        self._manifest: Manifest | None = None
        self._loop = asyncio.new_event_loop()
        self._replicas: dict[str, _Replica] = {}
        self._fanout = PeerFanout()
        self._task = self._loop.create_task(keep("push", self._follow_names))
        self._thread = threading.Thread(target=self._run, name="push", daemon=True)
        self._thread.start()

    def offer(self, manifest: Manifest) -> None:
        """Push `manifest`, replacing any older one that still waits. Callable from any thread."""
        self._loop.call_soon_threadsafe(self._set, manifest)

    def everywhere(self, manifest: Manifest | None, count: int) -> bool:
        """Whether `count` searchengines are known, and all of them have installed `manifest` (None: nothing)."""
        replicas = list(self._replicas.values())
        return len(replicas) >= count and all(replica.has is manifest for replica in replicas)

    def has_come(self, files: Collection[File]) -> bool:
        """Whether every searchengine that accepts manifests has all `files` sent ahead. Callable from any thread."""
        names = {file.name for file in files}
        reached = [(replica.has, replica.lacks) for replica in list(self._replicas.values()) if not replica.problem]
        return all(has.wanted.keys() >= names and not lacks & names for has, lacks in reached if has)

    def close(self, flush_seconds: float = 2.0) -> None:
        """Stop, after waiting up to `flush_seconds` for pushes in flight."""
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
        self._fanout.keep(manifest.wanted.values())
        for replica in self._replicas.values():
            replica.settled.clear()
            replica.changed.set()

    async def _flush(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(replica.settled.wait() for replica in self._replicas.values()))

    async def _follow_names(self) -> None:
        """Resolve the names periodically, with a task for each address."""
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
                        logger.info("searchengine %s is no longer in DNS", address)
                    await asyncio.sleep(LOOK_UP_SECONDS)
            finally:
                await cancel(tasks.values())

    async def _follow(self, session: aiohttp.ClientSession, address: str) -> None:
        """Keep one searchengine up to date."""
        replica = _Replica(address, RpcClient(session, address, self._token))
        self._replicas[address] = replica
        replica.changed.set()
        try:
            while True:
                await replica.changed.wait()
                replica.changed.clear()
                if self._manifest is None:  # nothing to push yet, so its state is unknown
                    replica.settled.set()
                    continue
                before, replica.problem = replica.problem, await self._try_update(replica)
                if not replica.changed.is_set():
                    replica.settled.set()
                if replica.problem != before:
                    level = logging.WARNING if replica.problem else logging.INFO
                    logger.log(level, "%s: %s", address, replica.problem or "up to date")
                if replica.problem:
                    metrics.FAILURES.labels(address).inc()
                    await asyncio.sleep(RETRY_SECONDS)
                    if replica.unreached:  # after an error response, it is retried with the next manifest
                        replica.changed.set()
        finally:
            if replica.ahead:
                await cancel([replica.ahead])
            del self._replicas[address]
            self._fanout.forget(address)
            metrics.forget(address)

    async def _try_update(self, replica: _Replica) -> str:
        """Push the newest manifest; return the error, or an empty string."""
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
            return ""  # superseded by a newer generation, which is pushed next
        except CALL_ERRORS as error:
            replica.unreached = isinstance(error, aiohttp.ClientConnectorError)
            return words(error)
        except Exception as error:  # whatever a searchengine answers, it is retried, and others are not affected
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
        await self._fanout.note(replica.address, manifest.files.values())

    async def _send_ahead(self, replica: _Replica, manifest: Manifest) -> None:
        """Send announced files that `replica` lacks, one at a time; a failure is retried with the next manifest."""
        try:
            for file in manifest.coming:
                if file.name in replica.lacks:
                    await self._send(replica, manifest, file, AHEAD_PACE)
        except CALL_ERRORS as error:
            logger.info("%s: sending merged segments ahead failed: %s", replica.address, words(error))
            return
        replica.changed.set()  # the next push then learns that it has them

    async def _send_all(self, replica: _Replica, manifest: Manifest, files: Sequence[File]) -> None:
        gate = asyncio.Semaphore(FILES_AT_ONCE)

        async def send(file: File) -> None:
            async with gate:
                await self._send(replica, manifest, file)

        tasks = [asyncio.create_task(send(file)) for file in files]
        try:
            await asyncio.gather(*tasks)
        finally:  # if one fails, all are sent again: none may continue concurrently
            await cancel(tasks)

    async def _send(self, replica: _Replica, manifest: Manifest, file: File, pace: float = math.inf) -> None:
        """Get `file` to `replica` from a peer, or from here at `pace` bytes per second at most."""
        path = os.path.join(self._published, file.name)
        if not (self._token and worth_feeding(file, len(self._replicas))):
            await replica.client.put_file(manifest, file, path, pace)
            return
        self._fanout.forget(replica.address, file)
        async with self._fanout.turn(file) as source:
            if source == INDEXER or not await self._let_fetch(replica, manifest, file, source):
                await replica.client.put_file(manifest, file, path, pace)
        await self._fanout.note(replica.address, [file])

    async def _let_fetch(self, replica: _Replica, manifest: Manifest, file: File, source: str) -> bool:
        try:
            await replica.client.fetch_file(manifest, file, source)
        except (LightshipError, aiohttp.ClientError, TimeoutError) as error:
            logger.info("%s can't fetch %s from %s: %s", replica.address, file.name, source, str(error) or "too slow")
            self._fanout.forget(source, file)
            return False
        return True
