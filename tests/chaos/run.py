"""One run: the load, the faults and, when all is healed, the comparison of every replica with the truth."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import aiohttp

from chaos.asking import Asker
from chaos.cluster import Cluster
from chaos.faults import Fault, moments
from chaos.live import Liveness
from chaos.model import Truth
from chaos.node import Node
from chaos.reading import Reader
from chaos.watching import Watch
from chaos.writing import CONNECT_TIMEOUT, TIMEOUT, Intakes, Pace, Writer
from lightship.tasks import cancel

DOCUMENTS, WRITERS = 6000, 600  # so many that those who wait for what is broken are not the most
CHANGES, QUERIES = 190.0, 50.0  # a second; queries to each replica
CALM_SECONDS = 3.0  # of load before the first fault
SETTLE_SECONDS = 10.0  # from the healing to all acknowledged changes on all replicas


Other = Callable[
    [asyncio.Event], Awaitable[None]
]  # writes until the event is set, and returns when all is acknowledged
Compare = Callable[[Sequence[tuple[str, int]]], list[str]]  # says how what a replica finds (url, version) is not right


class Settled(NamedTuple):
    """How the replicas differed from the truth when they were read last, and when that began."""

    began: float
    different: list[str]


@dataclass
class Outcome:
    """What a run found; all lists but `lines` should be empty.

    `different` says how the replicas differed from the truth, `undone` how the log did.
    """

    failed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Tell it."""
        names = ("failed", "wrong", "different", "undone", "ended")
        found = [(name.upper(), getattr(self, name)) for name in names]
        return "\n".join(
            [*self.lines, *(f"{name} ({len(each)}): {told}" for name, each in found for told in each[:10])]
        )


def period(seconds: float) -> float:
    """Return how often everything is read in a run of so many seconds: each minute, and more often in short ones."""
    return 60.0 if seconds >= 60 else 10.0


class Run:
    """A load and faults upon `cluster`, which runs."""

    def __init__(
        self,
        cluster: Cluster,
        truth: Truth,
        faults: Sequence[Fault],
        seconds: float,
        settle_seconds: float = SETTLE_SECONDS,
        others: Sequence[Other] = (),
    ) -> None:
        """Break `cluster`, which holds what `truth` says, as `faults` says within `seconds`; `others` write too."""
        self._settle_seconds, self._others, self._watch = settle_seconds, others, Watch()
        self._cluster, self._truth, self._faults, self._seconds = cluster, truth, faults, seconds
        self._live = Liveness(list(cluster.replica_addresses))
        self._stop = asyncio.Event()
        self._began, self.askers = 0.0, list[Asker]()

    async def run(self) -> Outcome:
        """Run it all; some seconds longer than the faults."""
        addresses = self._cluster.replica_addresses.items()
        self.askers = [Asker(*each, self._truth, self._live, self._watch, DOCUMENTS) for each in addresses]
        self._readers = [Reader(asker, self._truth, self._live) for asker in self.askers]
        connector = aiohttp.TCPConnector(limit=0, force_close=True)  # a kept connection may be one to who was cut off
        timeout = aiohttp.ClientTimeout(total=TIMEOUT, connect=CONNECT_TIMEOUT)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            intakes = Intakes(session, list(self._cluster.intake_addresses.values()), random.Random(1))
            return await self._run(intakes)

    async def _run(self, intakes: Intakes) -> Outcome:
        pace, stop_asking = Pace(CHANGES), asyncio.Event()
        writers = [Writer(range(k, DOCUMENTS, WRITERS), self._truth, intakes, pace) for k in range(WRITERS)]
        writing = [asyncio.ensure_future(run(self._stop)) for run in (*(w.run for w in writers), *self._others)]
        asking = [asyncio.create_task(asker.run(stop_asking, QUERIES)) for asker in self.askers]
        reading = [asyncio.create_task(reader.run(period(self._seconds))) for reader in self._readers]
        keeping = [asyncio.create_task(self._look_after()), asyncio.create_task(self._watch.run())]
        try:
            await asyncio.sleep(CALM_SECONDS)
            self._began = time.monotonic()
            await self._break()
            healed = time.monotonic()
            await cancel(reading)
            outcome = await self._compare_all(writing, healed)
            stop_asking.set()
            await asyncio.gather(*asking)
        finally:
            await cancel([*writing, *asking, *reading, *keeping])
            for asker in self.askers:
                await asker.close()
        put = sum(writer.acknowledged for writer in writers)
        rate = put / (healed - self._began + CALM_SECONDS)
        outcome.lines = [
            f"{put} changes acknowledged by intakes, {rate:.0f} a second",
            f"a change took {_spread(intakes.latencies)}; refused or failed, and sent again: {intakes.failures}",
            *self._told_by_askers(),
            f"replicas were ready again within {max(self._live.recoveries, default=0.0):.1f} s of a fault's end",
            f"live replicas had what was acknowledged within {max(reader.longest for reader in self._readers):.1f} s",
            *outcome.lines,
            str(self._watch),
        ]
        self._judge(outcome, intakes)
        return outcome

    async def _compare_all(self, writing: Sequence[asyncio.Future[None]], healed: float) -> Outcome:
        """Stop writing, and return how the replicas differ from the truth when they have had the time to catch up."""
        earlier = dict(self._truth.acknowledged)
        self._stop.set()
        caught_up, acknowledged = await asyncio.gather(
            self._settle(lambda found: self._truth.lacks(found, earlier), healed + self._settle_seconds),
            self._end(writing),
        )
        settled = await self._settle(self._truth.differences, acknowledged + self._settle_seconds)
        return Outcome(
            different=[*caught_up.different, *settled.different],
            lines=[
                f"what was acknowledged before the healing was right everywhere {caught_up.began - healed:.1f} s after it",
                f"the last change was acknowledged {acknowledged - healed:.1f} s after it",
                f"all was right {settled.began - acknowledged:.1f} s after the last acknowledgement",
            ],
        )

    async def _end(self, writing: Sequence[asyncio.Future[None]]) -> float:
        """Return when the last change was acknowledged."""
        await asyncio.gather(*writing)
        return time.monotonic()

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
        for reader in self._readers:
            outcome.different += reader.late
        nodes: list[Node] = list(self._cluster.nodes.values())
        outcome.ended = [f"{node.name} by itself: {node.ended_by_itself}" for node in nodes if node.ended_by_itself]


def _spread(latencies: Sequence[float]) -> str:
    """Return the median, 99th percentile and maximum of seconds, in milliseconds."""
    if not latencies:
        return "no time"
    ordered = sorted(latencies)
    figures = (ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)], ordered[-1])
    return "p50 {:.0f}, p99 {:.0f}, at most {:.0f} ms".format(*(figure * 1000 for figure in figures))
