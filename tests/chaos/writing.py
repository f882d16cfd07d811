"""Writers: send changes through the intakes, each until it is acknowledged, and remember which ones those are."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Sequence
from urllib.parse import quote

import aiohttp

from chaos.model import Truth

COMMON = "everything"  # a word of each document
WORDS = ["harbour", "lamp", "storm", "keeper", "oil", "wick", "coast", "night", "ship", "fog", "horn", "rock", "wave"]

TIMEOUT = 5.0  # a request that has had no answer is sent to another intake: this one may be cut off
CONNECT_TIMEOUT = 3.0
REFUSALS = (408, 429, 503, 507)  # 408: an intake that slept takes the request for one that came too slowly
AVOID_SECONDS = 10.0  # after an intake failed
CATCH_UP = 1.25  # times the rate, at most, while what could not be sent is caught up
CATCH_UP_SECONDS = 30.0  # of the rate that are caught up: more than any outage of the log
LARGEST_BATCH = 5
SITES = 20
DELETES = 0.2  # of all batches


def url_of(number: int) -> str:
    """Return a document's url."""
    return f"https://site{number % SITES}.example/document/{number}"


def number_of(url: str) -> int:
    """Return the number of a document, of its url."""
    return int(url.rpartition("/")[2])


def document_of(number: int, version: int) -> dict[str, object]:
    """Return one version of a document, as the intake and the crawler read it."""
    chance = random.Random(number * 1_000_003 + version)
    text = f"{COMMON} token{number} {' '.join(chance.choices(WORDS, k=40))}"
    fields = {"number": number, "version": version}
    return {"url": url_of(number), "title": f"Document {number}", "text": text, "language": "en", "fields": fields}


class Pace:
    """Lets a number of changes a second through; what could not be sent for a while is caught up, slowly."""

    def __init__(self, rate: float) -> None:
        """Begin now."""
        self._rate, self._due, self._earliest = rate, time.monotonic(), 0.0

    async def wait(self, count: int, stop: asyncio.Event) -> None:
        """Return when `count` more may be sent, or when `stop` is set."""
        now = time.monotonic()
        self._due = max(self._due + count / self._rate, now - CATCH_UP_SECONDS)
        self._earliest = max(self._earliest, now) + count / (self._rate * CATCH_UP)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(self._due, self._earliest) - now):
                await stop.wait()


class Intakes:
    """Sends requests to the intakes in turn, leaving alone for a while those that failed."""

    def __init__(self, session: aiohttp.ClientSession, addresses: Sequence[str], chance: random.Random) -> None:
        """Send to host:port `addresses`."""
        self._session, self._addresses, self._chance = session, list(addresses), chance
        self._avoided = dict.fromkeys(addresses, 0.0)
        self.failures: dict[str, int] = {}
        self.unexpected: list[str] = []
        self.latencies: list[float] = []

    async def send(self, method: str, target: str, body: bytes | None) -> None:
        """Send until it is acknowledged."""
        while True:
            now = time.monotonic()
            usable = [address for address in self._addresses if self._avoided[address] < now]
            address = self._chance.choice(usable or self._addresses)
            told = await self._attempt(method, address, target, body)
            if not told:
                self.latencies.append(time.monotonic() - now)
                return
            self.failures[told] = self.failures.get(told, 0) + 1
            self._avoided[address] = time.monotonic() + AVOID_SECONDS
            await asyncio.sleep(self._chance.uniform(0.1, 0.5))

    async def _attempt(self, method: str, address: str, target: str, body: bytes | None) -> str:
        """Return why it is not acknowledged; nothing when it is."""
        try:
            async with self._session.request(method, f"http://{address}{target}", data=body) as response:
                answer = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return type(error).__name__
        if response.status == 200:
            return ""
        told = f"status {response.status}: {answer[:120]!r}"
        if response.status not in REFUSALS:
            self.unexpected.append(f"{address}: {told}")
        return told


class Writer:
    """Changes its own urls, one batch at a time, the next as soon as the last is acknowledged; nobody else changes them."""

    def __init__(self, numbers: Sequence[int], truth: Truth, intakes: Intakes, pace: Pace) -> None:
        """Change the documents `numbers`."""
        self._numbers, self._truth, self._intakes, self._pace = list(numbers), truth, intakes, pace
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
        """Return documents, and whether to put them (or to delete the one that they are)."""
        there = [number for number in self._numbers if self._truth.exists(url_of(number))]
        if there and self._chance.random() < DELETES:
            return [self._chance.choice(there)], False
        return self._chance.sample(self._numbers, min(len(self._numbers), self._chance.randint(1, LARGEST_BATCH))), True

    async def _write(self, batch: list[int], *, put: bool) -> None:
        versions = {number: self._truth.send(url_of(number), put=put) for number in batch}
        if put:
            lines = [json.dumps(document_of(number, version)) for number, version in versions.items()]
            await self._intakes.send("POST", "/documents", "\n".join(lines).encode())
        else:
            await self._intakes.send("DELETE", f"/documents?url={quote(url_of(batch[0]), safe='')}", None)
        for number in batch:
            self._truth.acknowledge(url_of(number))
        self.acknowledged += len(batch)
