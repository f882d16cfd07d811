"""One run: the load, the faults and, when all is healed, the comparison of every replica with the truth."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import aiohttp

from chaos.asking import Asker
from chaos.cluster import Cluster
from chaos.faults import Fault, moments
from chaos.live import Liveness
from chaos.model import Truth
from chaos.node import Node
from chaos.writing import CONNECT_TIMEOUT, TIMEOUT, FileWriter, Intakes, Pace, Writer

DOCUMENTS, CRAWLED, WRITERS = 6000, 300, 600  # so many that those who wait for what is broken are not the most
CHANGES, CRAWLED_CHANGES, QUERIES = 190.0, 10.0, 50.0  # a second; queries to each replica
CALM_SECONDS = 3.0  # of load before the first fault
CRAWL_SECONDS = 60.0
SETTLE_SECONDS = 10.0  # from the healing to all acknowledged changes on all replicas


Compare = Callable[[Sequence[tuple[str, int]]], list[str]]  # says how what a replica finds (url, version) is not right


class Settled(NamedTuple):
    """How the replicas differed from the truth when they were read last, and when that began."""

    began: float
    different: list[str]


@dataclass
class Outcome:
    """What a run found. `different` says how the replicas differ from the truth at the end; all lists should be empty."""

    failed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Tell it."""
        found = {"failed": self.failed, "wrong": self.wrong, "different": self.different, "ended": self.ended}
        troubles = (f"{name.upper()} ({len(each)}): {told}" for name, each in found.items() for told in each[:10])
        return "\n".join([*self.lines, *troubles])


class Run:
    """A load and faults upon `cluster`, which runs."""

    def __init__(
        self,
        cluster: Cluster,
        truth: Truth,
        faults: Sequence[Fault],
        seconds: float,
        settle_seconds: float = SETTLE_SECONDS,
    ) -> None:
        """Break `cluster`, which holds what `truth` says, as `faults` says within `seconds`."""
        self._settle_seconds = settle_seconds
        self._cluster, self._truth, self._faults, self._seconds = cluster, truth, faults, seconds
        self._live = Liveness(list(cluster.replica_addresses))
        self._stop = asyncio.Event()
        self._began = 0.0

    async def run(self) -> Outcome:
        """Run it all; some seconds longer than the faults."""
        self.askers = [
            Asker(*each, self._truth, self._live, DOCUMENTS) for each in self._cluster.replica_addresses.items()
        ]
        connector = aiohttp.TCPConnector(limit=0, force_close=True)  # a kept connection may be one to who was cut off
        timeout = aiohttp.ClientTimeout(total=TIMEOUT, connect=CONNECT_TIMEOUT)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            intakes = Intakes(session, list(self._cluster.intake_addresses.values()), random.Random(1))
            return await self._run(intakes)

    async def _run(self, intakes: Intakes) -> Outcome:
        pace, stop_asking = Pace(CHANGES), asyncio.Event()
        writers = [Writer(range(k, DOCUMENTS, WRITERS), self._truth, intakes, self._live, pace) for k in range(WRITERS)]
        crawled = FileWriter(range(DOCUMENTS, DOCUMENTS + CRAWLED), self._truth, self._cluster.documents)
        writing = [asyncio.create_task(writer.run(self._stop)) for writer in writers]
        writing.append(asyncio.create_task(crawled.run(self._stop, int(CRAWLED_CHANGES * 2), 2.0)))
        asking = [asyncio.create_task(asker.run(stop_asking, QUERIES)) for asker in self.askers]
        keeper = asyncio.create_task(self._look_after())
        try:
            await asyncio.sleep(CALM_SECONDS)
            self._began = time.monotonic()
            await self._break()
            healed = time.monotonic()
            earlier = dict(self._truth.acknowledged)
            self._stop.set()
            caught_up, (written, acknowledged) = await asyncio.gather(
                self._settle(lambda found: self._truth.lacks(found, earlier), healed + self._settle_seconds),
                self._end(writing),
            )
            outcome = Outcome()
            settled = await self._settle(self._truth.differences, acknowledged + self._settle_seconds)
            outcome.different = [*caught_up.different, *settled.different]
            stop_asking.set()
            await asyncio.gather(*asking)
        finally:
            for task in [*writing, *asking, keeper]:
                task.cancel()
            await asyncio.gather(*writing, *asking, keeper, return_exceptions=True)
            for asker in self.askers:
                await asker.close()
        put = sum(writer.acknowledged for writer in writers)
        rate = put / (healed - self._began + CALM_SECONDS)
        outcome.lines = [
            f"{put} changes acknowledged by intakes, {rate:.0f} a second; {crawled.changes} changes crawled",
            f"a change took {_spread(intakes.latencies)}; refused or failed, and sent again: {intakes.failures}",
            *self._told_by_askers(),
            f"replicas were ready again within {max(self._live.recoveries, default=0.0):.1f} s of a fault's end",
            f"what was acknowledged before the healing was right everywhere {caught_up.began - healed:.1f} s after it",
            f"the last change was acknowledged by an intake {written - healed:.1f} s after it, crawled {acknowledged - healed:.1f} s",
            f"after it; all was right {settled.began - acknowledged:.1f} s later",
        ]
        self._judge(outcome, intakes)
        return outcome

    async def _end(self, writing: Sequence[asyncio.Task[None]]) -> tuple[float, float]:
        """Return when the last change was acknowledged by an intake, and when the crawler had read its file."""
        crawler_log = self._cluster.crawler.output
        await asyncio.gather(*writing)
        written = time.monotonic()
        await self._wait_for_crawler(len(crawler_log))
        return written, time.monotonic()

    async def _break(self) -> None:
        for when, what, fault in moments(self._faults):
            await asyncio.sleep(self._began + when - time.monotonic())
            if what == "begin":
                self._live.begin(fault)
                self._cluster.begin(fault)
            else:
                self._cluster.end(fault)
                self._live.end(fault)
        await asyncio.sleep(self._began + self._seconds - time.monotonic())

    async def _look_after(self) -> None:
        while True:
            self._cluster.look_after()
            await asyncio.sleep(0.2)

    async def _wait_for_crawler(self, before: int) -> None:
        """Return when the crawler has read the file since it had written `before` characters of output."""
        deadline = time.monotonic() + CRAWL_SECONDS
        while " vanished" not in self._cluster.crawler.output[before:]:
            assert time.monotonic() < deadline, f"the crawler did not read its file within {CRAWL_SECONDS:g} s"
            await asyncio.sleep(0.1)

    async def _settle(self, compare: Compare, deadline: float) -> Settled:
        """Return how the replicas differ from the truth at the deadline; nothing as soon as none did.

        Reading everything takes a second or more: what counts is when it began.
        """
        compared = await asyncio.gather(*(self._compare(asker, compare, deadline) for asker in self.askers))
        return Settled(max(each.began for each in compared), [told for each in compared for told in each.different])

    async def _compare(self, asker: Asker, compare: Compare, deadline: float) -> Settled:
        while True:
            began = time.monotonic()
            try:
                told = compare(await asker.read_all())
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                told = [repr(error)]
            if not told or began > deadline:
                return Settled(began, [f"{asker.name}: {each}" for each in told])
            await asyncio.sleep(0.2)

    def _told_by_askers(self) -> Iterator[str]:
        for asker in self.askers:
            told = f"{asker.answers} answers, {len(asker.failed)} failed, {len(asker.wrong)} wrong, {asker.excused} excused"
            yield f"{asker.name}: {told}; an answer took {_spread(asker.latencies)}"

    def _judge(self, outcome: Outcome, intakes: Intakes) -> None:
        outcome.failed += intakes.unexpected
        for asker in self.askers:
            outcome.failed += asker.failed
            outcome.wrong += asker.wrong
        nodes: list[Node] = list(self._cluster.nodes.values())
        outcome.ended = [f"{node.name} by itself: {node.ended_by_itself}" for node in nodes if node.ended_by_itself]


def _spread(latencies: Sequence[float]) -> str:
    """Return the median, 99th percentile and maximum of seconds, in milliseconds."""
    if not latencies:
        return "no time"
    ordered = sorted(latencies)
    figures = (ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)], ordered[-1])
    return "p50 {:.0f}, p99 {:.0f}, at most {:.0f} ms".format(*(figure * 1000 for figure in figures))
