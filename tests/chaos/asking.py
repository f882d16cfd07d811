"""Askers: query one replica all the time, and hold each answer against the truth."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Collection, Sequence
from typing import Any

import aiohttp
import msgspec

from chaos.live import Liveness
from chaos.model import Truth, Witness, WrongAnswerError
from chaos.watching import Watch
from chaos.writing import COMMON, number_of, url_of
from lightship.tasks import cancel

TIMEOUT = aiohttp.ClientTimeout(total=10)
READY_SECONDS = 0.05
KEEP_SECONDS = 1.0  # less than servers keep an idle connection: so that none is closed just when it is used
PAGE = 100
FEW = 100  # so many documents are asked for one by one

_decode = msgspec.json.Decoder().decode


class Asker:
    """Asks one replica `rate` queries a second; `failed` and `wrong` say what must never happen."""

    def __init__(self, name: str, address: str, truth: Truth, live: Liveness, watch: Watch, documents: int) -> None:
        """Ask the replica `name` at `address` (host:port) for documents numbered below `documents`."""
        self.name, self.failed, self.wrong = name, list[str](), list[str]()
        self.answers = self.excused = 0
        self.latencies: list[float] = []
        self._url, self._live, self._watch, self._documents = f"http://{address}", live, watch, documents
        self._witness, self._chance = Witness(truth), random.Random(name)
        self._session = self._new_session()

    def _new_session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            timeout=TIMEOUT, connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_SECONDS)
        )

    async def run(self, stop: asyncio.Event, rate: float) -> None:
        """Ask until `stop` is set."""
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
        former, self._session = self._session, self._new_session()  # first, for those who ask while the former closes
        await former.close()
        while not stop.is_set():
            asked = time.monotonic()
            try:
                async with self._session.get(f"{self._url}/readyz", timeout=aiohttp.ClientTimeout(total=1)) as response:
                    if response.status == 200:
                        self._live.ready(self.name, asked)
                        return
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass
            await asyncio.sleep(READY_SECONDS)

    async def _ask(self) -> None:
        started = time.monotonic()
        try:
            await (self._ask_for_one() if self._chance.random() < 0.8 else self._ask_for_all())
            self.answers += 1
            self.latencies.append(time.monotonic() - started)
        except WrongAnswerError as error:
            self.wrong.append(f"{time.monotonic():.1f} {self.name}: {error}")
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            if self._live.is_live(self.name, started):
                self.failed.append(
                    f"{time.monotonic():.1f} {self.name}: {error!r} after {time.monotonic() - started:.2f} s;"
                    f" this program was {self._watch.late(started):.2f} s late"
                )
            else:
                self.excused += 1

    async def _get(self, query: str, **parameters: str) -> Any:
        async with self._session.get(self._url, params={"q": query, "format": "json", **parameters}) as response:
            body = await response.read()
            if response.status != 200:
                raise ValueError(f"status {response.status}: {body[:200]!r}")
            return _decode(body)

    async def _ask_for_one(self) -> None:
        await self._version(url_of(self._chance.randrange(self._documents)))

    async def _version(self, url: str) -> int | None:
        """Return the version of `url` that the replica finds."""
        token, generations = f"token{number_of(url)}", self._witness.generations
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
        answer = await self._get(COMMON)
        count, hits = answer["index"]["documents"], answer["hits"]
        if answer["total"] != count:
            raise WrongAnswerError(f"{answer['total']} results of {count} documents")
        if len({hit["url"] for hit in hits}) != min(count, 10) or len(hits) != min(count, 10):
            raise WrongAnswerError(f"hits {[hit['url'] for hit in hits]} of {count} documents")
        for hit in hits:
            self._witness.check(hit["url"], hit["fields"]["version"], floors.get(hit["url"], 0))

    async def read_all(self) -> Sequence[tuple[str, int]]:
        """Return (url, version) of all documents that the replica finds, page by page."""
        found: list[tuple[str, int]] = []
        page, total = 1, 1
        while (page - 1) * PAGE < total:
            answer = await self._get(COMMON, size=str(PAGE), page=str(page))
            total, page = answer["total"], page + 1
            found += [(hit["url"], hit["fields"]["version"]) for hit in answer["hits"]]
        return found

    async def versions(self, urls: Collection[str]) -> dict[str, int]:
        """Return the versions of those of `urls` that the replica finds, and maybe others."""
        if len(urls) > FEW:
            return dict(await self.read_all())  # while documents come and go, pages move, and some are missed
        return {url: version for url in urls if (version := await self._version(url))}
