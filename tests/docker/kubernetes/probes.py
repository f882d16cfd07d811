"""The three probes of a container, asked as Kubernetes' kubelet asks them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Protocol

import aiohttp

from docker.kubernetes.store import Object

Ask = Callable[[Object], Awaitable[bool]]


class Tell(Protocol):
    """Hears what the readiness probe says."""

    def __call__(self, *, ready: bool) -> None:
        """Remember it."""


async def live(container: Object, address: str, tell: Tell) -> None:
    """Ask until the container has to be restarted; `tell` is told whether it is ready, again and again."""
    async with aiohttp.ClientSession() as client:

        async def passes(probe: Object) -> bool:
            url = f"http://{address}:{probe['httpGet']['port']}{probe['httpGet']['path']}"
            try:
                async with client.get(url, timeout=aiohttp.ClientTimeout(probe["timeoutSeconds"])) as response:
                    return 200 <= response.status < 400
            except (aiohttp.ClientError, TimeoutError):
                return False

        if "startupProbe" in container and not await _starts(passes, container["startupProbe"]):
            return
        readiness = asyncio.create_task(_stay_ready(passes, container.get("readinessProbe"), tell))
        try:
            await _stay_alive(passes, container.get("livenessProbe"))
        finally:
            readiness.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await readiness


async def _starts(passes: Ask, probe: Object) -> bool:
    for _ in range(probe["failureThreshold"]):
        if await passes(probe):
            return True
        await asyncio.sleep(probe["periodSeconds"])
    return False


async def _stay_alive(passes: Ask, probe: Object | None) -> None:
    if probe is None:
        await asyncio.Event().wait()
        return
    failures = 0
    while failures < probe["failureThreshold"]:
        failures = 0 if await passes(probe) else failures + 1
        await asyncio.sleep(probe["periodSeconds"])


async def _stay_ready(passes: Ask, probe: Object | None, tell: Tell) -> None:
    if probe is None:
        tell(ready=True)
        return
    failures = 0
    while True:
        failures = 0 if await passes(probe) else failures + 1
        if failures in (0, probe["failureThreshold"]):
            tell(ready=failures == 0)
        await asyncio.sleep(probe["periodSeconds"])
