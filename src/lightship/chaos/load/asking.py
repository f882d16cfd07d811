"""Askers: query one replica continuously, and compare each answer with the truth."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Collection, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec
from yarl import URL

from lightship.chaos.load.calls import new_session, url_at
from lightship.chaos.load.corpus import Corpus
from lightship.chaos.load.truth import Truth, Witness
from lightship.chaos.load.watching import Watch
from lightship.chaos.system.live import Liveness
from lightship.chaos.system.system import System
from lightship.core.errors import WrongAnswerError, words
from lightship.runtime.tasks import cancel

TIMEOUT = aiohttp.ClientTimeout(total=10)
READY_TIMEOUT = aiohttp.ClientTimeout(total=1)
READY_SECONDS = 0.05
KEEP_SECONDS = 1.0  # shorter than the servers' keep-alive, so that no connection is closed while it is being reused
PAGE = 100
FEW = 100  # up to this many documents are queried one by one

_decode = msgspec.json.Decoder().decode


class Asker:
    """Sends one replica `rate` queries per second; `failed` and `wrong` list what must never happen."""

    def __init__(
        self, name: str, system: System, corpus: Corpus, truth: Truth, *, live: Liveness, watch: Watch
    ) -> None:
        """Query the replica `name` of `system` for the documents of `corpus`."""
        self.name, self.failed, self.wrong = name, list[str](), list[str]()
        self.answers = self.excused = 0
        self.latencies: list[float] = []
        self._system, self._corpus, self._live, self._watch = system, corpus, live, watch
        self._witness, self._chance = Witness(truth), random.Random(name)
        self._session = self._new_session()

    @staticmethod
    def _new_session() -> aiohttp.ClientSession:
        return new_session(TIMEOUT, keepalive_timeout=KEEP_SECONDS)

    async def run(self, stop: asyncio.Event, rate: float) -> None:
        """Send queries until `stop` is set."""
        under_way = set[asyncio.Task[None]]()
        try:
            await self._ask_on(stop, rate, under_way)
            await asyncio.gather(*under_way)
        finally:
            await cancel(under_way)

    async def _ask_on(self, stop: asyncio.Event, rate: float, under_way: set[asyncio.Task[None]]) -> None:
        due = time.monotonic()
        while not stop.is_set():
            if self._live.is_recovering(self.name):
                await self._wait_until_ready(stop)
                due = time.monotonic()
            if self._live.is_live(self.name, time.monotonic()):
                task = asyncio.create_task(self._ask())
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            due = max(due + self._chance.expovariate(rate), time.monotonic() - 0.5)
            await asyncio.sleep(due - time.monotonic())

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def _wait_until_ready(self, stop: asyncio.Event) -> None:
        # replaced before the close, for queries that start meanwhile
        former, self._session = self._session, self._new_session()
        await former.close()
        while not stop.is_set():
            asked = time.monotonic()
            if await self._is_ready():
                self._live.ready(self.name, asked)
                return
            await asyncio.sleep(READY_SECONDS)

    async def _is_ready(self) -> bool:
        try:
            async with self._session.get(self._at("/readyz"), timeout=READY_TIMEOUT) as response:
                return response.status == HTTPStatus.OK
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    def _at(self, target: str) -> URL:
        return url_at(self._system.replicas[self.name], target)

    async def _ask(self) -> None:
        started = time.monotonic()
        try:
            await (self._ask_for_one() if self._chance.random() < 0.8 else self._ask_for_all())
            self.answers += 1
            if self._live.is_live(self.name, started):
                self.latencies.append(time.monotonic() - started)
        except WrongAnswerError as error:
            self.wrong.append(f"{_clock()} {self.name}: {error}")
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, LookupError) as error:
            if self._live.is_live(self.name, started):
                late = f"this program stalled for {self._watch.late(started):.2f} s"
                seconds = time.monotonic() - started
                self.failed.append(f"{_clock()} {self.name}: {words(error)[:300]} after {seconds:.2f} s; {late}")
            else:
                self.excused += 1

    async def _get(self, query: str, **parameters: int) -> Any:
        target = f"/?{urlencode({'q': query, 'format': 'json', **parameters})}"
        async with self._session.get(self._at(target)) as response:
            body = await response.read()
            if response.status != HTTPStatus.OK:
                raise ValueError(f"status {response.status}: {body[:200]!r}")
            return _decode(body)

    async def _ask_for_one(self) -> None:
        await self._version(self._chance.randrange(self._corpus.size))

    async def _version(self, number: int) -> int | None:
        """Return the version of a document that the replica finds; None if it finds none."""
        url, token, generations = self._corpus.url(number), self._corpus.token(number), self._witness.generations
        floor = self._witness.floors.get(url, 0)
        answer = await self._get(token)
        self._witness.check_generations(answer["index"]["generation"], generations)
        found = [hit["url"] for hit in answer["hits"]]
        if found not in ([], [url]) or answer["total"] != len(found):
            raise WrongAnswerError(f"{token} has {answer['total']} results: {found}")
        version = answer["hits"][0]["fields"]["version"] if found else None
        self._witness.check(url, version, floor)
        return version

    async def _ask_for_all(self) -> None:
        floors = self._witness.floors
        answer = await self._get(self._corpus.common)
        count, total, hits = answer["index"]["documents"], answer["total"], answer["hits"]
        if total > count or (total < count and self._system.is_alone):
            raise WrongAnswerError(f"{total} results from {count} documents")
        if len({hit["url"] for hit in hits}) != min(total, 10) or len(hits) != min(total, 10):
            raise WrongAnswerError(f"hits {[hit['url'] for hit in hits]} of {total} results")
        for hit in hits:
            self._witness.check(hit["url"], hit["fields"]["version"], floors.get(hit["url"], 0))

    async def read_all(self) -> Sequence[tuple[str, int]]:
        """Return (url, version) of all documents that the replica finds, page by page."""
        found: list[tuple[str, int]] = []
        page, total = 1, 1
        while (page - 1) * PAGE < total:
            answer = await self._get(self._corpus.common, size=PAGE, page=page)
            total, page = answer["total"], page + 1
            found += [(hit["url"], hit["fields"]["version"]) for hit in answer["hits"]]
        return found

    async def versions(self, urls: Collection[str]) -> dict[str, int]:
        """Return the versions of those of `urls` that the replica finds, and maybe others."""
        if len(urls) > FEW:
            return dict(await self.read_all())  # while documents change, some move between pages and are missed
        return {url: version for url in urls if (version := await self._version(self._corpus.number(url)))}


def _clock() -> str:
    """Return the time of day in the format of the programs' logs."""
    return time.strftime("%H:%M:%S")
