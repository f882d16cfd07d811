"""Pushes a shard's manifest, and the files that are missing, to every searchengine. One slow replica delays no other."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import aiohttp

from lightship.errors import LightshipError, SupersededError
from lightship.manifest import File, Manifest
from lightship.rpc.addresses import Addresses
from lightship.rpc.client import RpcClient
from lightship.rpc.messages import Missing

logger = logging.getLogger("indexer.push")

LOOK_UP_SECONDS = 1.0  # between two look-ups of the searchengines' names
RETRY_SECONDS = 0.5
SLOW_SECONDS = 0.5  # pushes that take longer are logged: freshness waits for them
FILES_AT_ONCE = 4


@dataclass(frozen=True)
class _Replica:
    """`changed` is set when there may be something new to push, `settled` when there is not."""

    changed: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)


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
        self._task = self._loop.create_task(self._follow_names())
        self._thread = threading.Thread(target=self._run, name="push", daemon=True)
        self._thread.start()

    def offer(self, manifest: Manifest) -> None:
        """Push `manifest` instead of any older one that still waits. Callable from any thread."""
        self._loop.call_soon_threadsafe(self._set, manifest)

    def settled(self, count: int) -> bool:
        """Tell whether `count` searchengines are known, and all of them have (or refused) what was offered last."""
        replicas = list(self._replicas.values())
        return len(replicas) >= count and all(replica.settled.is_set() for replica in replicas)

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
                        tasks[address] = asyncio.create_task(self._follow(session, address))
                    for address in tasks.keys() - found:
                        tasks.pop(address).cancel()
                        logger.info("searchengine %s is gone from its name", address)
                    await asyncio.sleep(LOOK_UP_SECONDS)
            finally:
                for task in tasks.values():
                    task.cancel()
                await asyncio.gather(*tasks.values(), return_exceptions=True)

    async def _follow(self, session: aiohttp.ClientSession, address: str) -> None:
        """Bring one searchengine up to date whenever there is something new."""
        client, replica, trouble = RpcClient(session, address, self._token), _Replica(), "not yet"
        self._replicas[address] = replica
        replica.changed.set()
        try:
            while True:
                await replica.changed.wait()
                replica.changed.clear()
                told = await self._try_update(client)
                if not replica.changed.is_set():
                    replica.settled.set()
                if told != trouble:
                    logger.log(logging.WARNING if told else logging.INFO, "%s: %s", address, told or "up to date")
                    trouble = told
                if told:
                    await asyncio.sleep(RETRY_SECONDS)
        finally:
            del self._replicas[address]

    async def _try_update(self, client: RpcClient) -> str:
        """Push the newest manifest; return what is wrong, or an empty string."""
        manifest = self._manifest
        if manifest is None:
            return ""
        try:
            await self._update(client, manifest)
        except SupersededError as error:
            if error.installed is None or error.installed[0] > manifest.epoch:
                self._superseded(error)
            return str(error)
        except FileNotFoundError:
            return ""  # a newer generation took its place meanwhile: it comes next
        except (LightshipError, aiohttp.ClientError, OSError, TimeoutError) as error:
            return str(error) or type(error).__name__
        except (
            Exception
        ) as error:  # whatever one searchengine answers, this one is tried again, and others don't notice
            logger.exception("unexpected")
            return repr(error)
        return ""

    async def _update(self, client: RpcClient, manifest: Manifest) -> None:
        answer, started = await client.put_manifest(manifest), time.monotonic()
        if isinstance(answer, Missing):
            files = [manifest.files[name] for name in answer.files if name in manifest.files]
            await self._send(client, manifest, files)
            await client.put_manifest(manifest)
            size, seconds = sum(file.size for file in files), time.monotonic() - started
            if seconds > SLOW_SECONDS:
                logger.info("generation %d took %.1f s to push: %.1f MB", manifest.generation, seconds, size / 1e6)

    async def _send(self, client: RpcClient, manifest: Manifest, files: Sequence[File]) -> None:
        gate = asyncio.Semaphore(FILES_AT_ONCE)

        async def send(file: File) -> None:
            async with gate:
                await client.put_file(manifest, file, os.path.join(self._published, file.name))

        await asyncio.gather(*(send(file) for file in files))
