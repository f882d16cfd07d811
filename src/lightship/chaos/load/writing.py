"""Writers: send changes through the intakes, each until it is acknowledged, and record which ones were."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import random
import time
from collections.abc import Sequence
from http import HTTPStatus

import aiohttp

from lightship.chaos.load.calls import new_session, url_at
from lightship.chaos.load.corpus import Corpus
from lightship.chaos.load.truth import Truth
from lightship.chaos.system.system import System
from lightship.config import token
from lightship.core.errors import UnauthorizedError
from lightship.http.tokens import authorization

TIMEOUT = aiohttp.ClientTimeout(total=5, connect=3)  # then the request goes to another intake: this one may be cut off
REFUSALS = (408, 429, 503, 507)  # 408: an intake that was paused sees a request that arrived too slowly
AVOID_SECONDS = 10.0  # after an intake failed
CATCH_UP = 1.25  # times the rate at most, while the backlog is being sent
CATCH_UP_SECONDS = 30.0  # of backlog at most: longer than any outage of the log
LARGEST_BATCH = 5
DELETES = 0.2  # share of all batches


class Pace:
    """Rate limiter: changes per second; a backlog after an outage is sent at a slightly higher rate."""

    def __init__(self, rate: float) -> None:
        """Allow `rate` changes per second from now on."""
        self._rate, self._due, self._earliest = rate, time.monotonic(), 0.0

    async def wait(self, count: int, stop: asyncio.Event) -> None:
        """Wait until `count` more may be sent, or `stop` is set."""
        now = time.monotonic()
        self._due = max(self._due + count / self._rate, now - CATCH_UP_SECONDS)
        self._earliest = max(self._earliest, now) + count / (self._rate * CATCH_UP)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(self._due, self._earliest) - now):
                await stop.wait()


class Intakes:
    """Sends requests to random intakes of a system, avoiding for a while those that failed."""

    def __init__(self, system: System, chance: random.Random) -> None:
        """Send to the intakes of `system`, until `close`."""
        # a kept-alive connection may lead to an intake that was cut off
        self._session = new_session(TIMEOUT, force_close=True)
        self._system, self._chance = system, chance
        self._avoided: dict[str, float] = {}
        self.failures: dict[str, int] = {}
        self.unexpected: list[str] = []
        self.latencies: list[float] = []

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def put(self, documents: Sequence[dict[str, object]]) -> None:
        """Put documents, retrying until they are acknowledged. Raises UnauthorizedError."""
        body = "\n".join(map(json.dumps, documents)).encode()
        await self.send("POST", f"/documents?digest={hashlib.sha256(body).hexdigest()}", body)

    async def send(self, method: str, target: str, body: bytes | None = None) -> None:
        """Send a request, retrying until it is acknowledged. Raises UnauthorizedError."""
        while True:
            now, addresses = time.monotonic(), self._system.intakes
            usable = [name for name in addresses if self._avoided.get(name, 0.0) < now]
            name = self._chance.choice(usable or list(addresses))
            failure = await self._attempt(name, addresses[name], method, target, body)
            if not failure:
                self.latencies.append(time.monotonic() - now)
                return
            self.failures[failure] = self.failures.get(failure, 0) + 1
            self._avoided[name] = time.monotonic() + AVOID_SECONDS
            await asyncio.sleep(self._chance.uniform(0.1, 0.5))

    async def _attempt(self, name: str, address: str, method: str, target: str, body: bytes | None) -> str:
        """Return why a request was not acknowledged; an empty string if it was."""
        headers = authorization(token(), method, target)
        try:
            async with self._session.request(method, url_at(address, target), data=body, headers=headers) as response:
                answer = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return type(error).__name__
        if response.status == HTTPStatus.OK:
            return ""
        if response.status == HTTPStatus.UNAUTHORIZED:
            raise UnauthorizedError(f"{name} accepts no changes: {answer.decode(errors='replace')[:200]}")
        reason = answer.decode(errors="replace")
        # Without the URLs, so that refusals for the same reason are counted together
        _, *newer = reason.partition("overtaken")
        failure = f"status {response.status}: {(''.join(newer) or reason)[:120]}"
        if response.status not in REFUSALS:
            self.unexpected.append(f"{name}: {failure}")
        return failure


class Writer:
    """Changes documents that no other writer changes, one batch at a time, the next once the last is acknowledged."""

    def __init__(self, numbers: Sequence[int], corpus: Corpus, truth: Truth, intakes: Intakes, pace: Pace) -> None:
        """Change the documents `numbers` of `corpus`."""
        self._numbers, self._corpus, self._truth = list(numbers), corpus, truth
        self._intakes, self._pace = intakes, pace
        self._chance = random.Random(self._numbers[0])
        self.acknowledged = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Write until `stop` is set and the last batch is acknowledged."""
        while not stop.is_set():
            batch, put = self._choose()
            await self._pace.wait(len(batch), stop)
            if not stop.is_set():
                await self._write(batch, put=put)

    def _choose(self) -> tuple[list[int], bool]:
        """Return documents, and whether to put them (otherwise: a single one, to be deleted)."""
        there = [number for number in self._numbers if self._truth.exists(self._corpus.url(number))]
        if there and self._chance.random() < DELETES:
            return [self._chance.choice(there)], False
        return self._chance.sample(self._numbers, min(len(self._numbers), self._chance.randint(1, LARGEST_BATCH))), True

    async def _write(self, batch: list[int], *, put: bool) -> None:
        versions = {number: self._truth.send(self._corpus.url(number), put=put) for number in batch}
        if put:
            await self._intakes.put([self._corpus.document(number, version) for number, version in versions.items()])
        else:
            await self._intakes.send("DELETE", self._corpus.deletion(*batch))
        for number in batch:
            self._truth.acknowledge(self._corpus.url(number))
        self.acknowledged += len(batch)
