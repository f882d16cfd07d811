"""One run: the load, the faults and, when all is healed, the comparison of every replica with the truth."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import aiohttp

from lightship.chaos.load.asking import Asker
from lightship.chaos.load.corpus import Corpus
from lightship.chaos.load.reading import Reader
from lightship.chaos.load.truth import Truth
from lightship.chaos.load.watching import Watch
from lightship.chaos.load.writing import Intakes, Pace, Writer
from lightship.chaos.outcome import Outcome, Spread
from lightship.chaos.system.breaking import Breaker
from lightship.chaos.system.faults import Fault
from lightship.chaos.system.live import Liveness
from lightship.chaos.system.system import System
from lightship.core.errors import words
from lightship.runtime.tasks import cancel

DOCUMENTS_EACH = 10  # of a writer: there are so many that those who wait for what is broken are not the most
CALM_SECONDS = 3.0  # of load before the first fault
READ_SECONDS = 60.0  # for a searchengine that does not answer, beyond the time in which it must be right
PATIENCE_SECONDS = 120.0  # for the last changes to be acknowledged, when all is healed

Other = Callable[
    [asyncio.Event], Awaitable[None]
]  # writes until the event is set, and returns when all is acknowledged
Compare = Callable[[Sequence[tuple[str, int]]], list[str]]  # says how what a replica finds (url, version) is not right


@dataclass(frozen=True)
class Load:
    """Changes a second through the intakes, and queries a second to each searchengine."""

    changes: float
    queries: float


class Settled(NamedTuple):
    """How the replicas differed from the truth when they were read last, and when that began."""

    began: float
    different: list[str]


def period(seconds: float) -> float:
    """Return how often everything is read in a run of so many seconds: each minute, and more often in short ones."""
    return 60.0 if seconds >= 60 else 10.0


class Run:
    """A load and faults upon a system that runs. What it does can be read from `askers`, `intakes` and `breaker`."""

    def __init__(
        self, system: System, corpus: Corpus, truth: Truth, faults: Sequence[Fault], load: Load,
        *, seconds: float, settle: float, others: Sequence[Other] = (),
    ) -> None:  # fmt: skip
        """Break `system`, which holds of `corpus` what `truth` says, as `faults` says within `seconds`.

        `settle` is how many seconds after its healing all must be right; `others` write too. Use it in an event loop.
        """
        self._system, self._truth, self._seconds, self._load = system, truth, seconds, load
        self._settle_seconds, self._others, self._watch = settle, others, Watch()
        self._live = Liveness(list(system.replicas))
        self._stop, self._stop_asking = asyncio.Event(), asyncio.Event()
        self.breaker = Breaker(system, faults, self._live)
        self.intakes = Intakes(system, random.Random(1))
        self.askers = [
            Asker(name, system, corpus, truth, live=self._live, watch=self._watch) for name in system.replicas
        ]
        self._readers = [Reader(asker, truth, self._live) for asker in self.askers]
        pace, count = Pace(load.changes), -(-corpus.size // DOCUMENTS_EACH)
        self.writers = [
            Writer(range(first, corpus.size, count), corpus, truth, self.intakes, pace) for first in range(count)
        ]

    @property
    def acknowledged(self) -> int:
        """How many changes the intakes acknowledged so far."""
        return sum(writer.acknowledged for writer in self.writers)

    def progress(self) -> str:
        """Tell in a line how far it is."""
        answers, failed, wrong = (sum(each) for each in zip(*map(_counts, self.askers), strict=True))
        now = ", ".join(f"{fault.kind} {fault.host}" for fault in self.breaker.now) or "nothing"
        told = f"{self.acknowledged} changes acknowledged, {answers} queries answered, {failed} failed, {wrong} wrong"
        return f"{told}; broken now: {now}"

    async def run(self) -> Outcome:
        """Run it all; some seconds longer than the faults."""
        began = time.monotonic()
        writing = [asyncio.ensure_future(run(self._stop)) for run in (*(w.run for w in self.writers), *self._others)]
        asking = [asyncio.create_task(asker.run(self._stop_asking, self._load.queries)) for asker in self.askers]
        reading = [asyncio.create_task(reader.run(period(self._seconds))) for reader in self._readers]
        keeping = [asyncio.create_task(self.breaker.look_after()), asyncio.create_task(self._watch.run())]
        try:
            await asyncio.sleep(CALM_SECONDS)
            await self.breaker.run(self._seconds)
            rate = self.acknowledged / (time.monotonic() - began)
            await self.breaker.wait_until_whole()
            await cancel(reading)
            outcome = await self._compare_all(writing)
            self._stop_asking.set()
            await asyncio.gather(*asking)
        finally:
            await cancel([*writing, *asking, *reading, *keeping])
            await asyncio.gather(self.intakes.close(), *(asker.close() for asker in self.askers))
        self._sum_up(outcome, rate)
        return outcome

    async def _compare_all(self, writing: Sequence[asyncio.Future[None]]) -> Outcome:
        """Stop writing, and return how the replicas differ from the truth when they have had the time to catch up."""
        healed, earlier = time.monotonic(), dict(self._truth.acknowledged)
        self._stop.set()
        caught_up, acknowledged = await asyncio.gather(
            self._settle(lambda found: self._truth.lacks(found, earlier), healed + self._settle_seconds),
            self._end(writing),
        )
        if acknowledged is None:
            told = f"changes are not acknowledged {PATIENCE_SECONDS:g} s after the healing"
            return Outcome(different=[*caught_up.different, told])
        settled = await self._settle(self._truth.differences, acknowledged + self._settle_seconds)
        return Outcome(
            different=[*caught_up.different, *settled.different],
            lines=[
                f"what was acknowledged before the healing was right everywhere {caught_up.began - healed:.1f} s after it",
                f"the last change was acknowledged {acknowledged - healed:.1f} s after it",
                f"all was right {settled.began - acknowledged:.1f} s after the last acknowledgement",
            ],
        )

    async def _end(self, writing: Sequence[asyncio.Future[None]]) -> float | None:
        """Return when the last change was acknowledged; None when some are not in time."""
        try:
            await asyncio.wait_for(asyncio.gather(*writing), PATIENCE_SECONDS)
        except TimeoutError:
            return None
        return time.monotonic()

    async def _settle(self, compare: Compare, deadline: float) -> Settled:
        """Return how the replicas differ from the truth at the deadline; nothing as soon as none did.

        Reading everything takes a second or more: what counts is when it began.
        """
        compared = await asyncio.gather(*(self._compare(asker, compare, deadline) for asker in self.askers))
        return Settled(max(each.began for each in compared), [told for each in compared for told in each.different])

    async def _compare(self, asker: Asker, compare: Compare, deadline: float) -> Settled:
        while True:
            began, patience = time.monotonic(), 0.0
            try:
                told = compare(await asker.read_all())
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError, LookupError) as error:
                told, patience = [words(error)], READ_SECONDS  # that tells of a busy machine, and not what is there
            if not told or began > deadline + patience:
                return Settled(began, [f"{asker.name}: {each}" for each in told])
            await asyncio.sleep(time.monotonic() - began)  # reading all of it again and again must not be the load

    def _sum_up(self, outcome: Outcome, rate: float) -> None:
        latencies = list(itertools.chain.from_iterable(asker.latencies for asker in self.askers))
        outcome.changes, outcome.change_ms = self.acknowledged, Spread.of(self.intakes.latencies)
        outcome.queries, outcome.query_ms = sum(asker.answers for asker in self.askers), Spread.of(latencies)
        outcome.load, outcome.stood_still_seconds = self._watch.load, self._watch.longest
        outcome.failed = [*self.intakes.unexpected, *(told for asker in self.askers for told in asker.failed)]
        outcome.wrong = [told for asker in self.askers for told in asker.wrong]
        outcome.different += [told for reader in self._readers for told in reader.late]
        outcome.ended = self._system.ended()
        outcome.lines = [*self._lines(outcome, rate), *outcome.lines, str(self._watch)]

    def _lines(self, outcome: Outcome, rate: float) -> Iterator[str]:
        yield f"{outcome.changes} changes acknowledged by intakes, {rate:.0f} a second"
        yield f"a change took {outcome.change_ms}; refused or failed, and sent again: {self.intakes.failures or 'none'}"
        for asker in self.askers:
            told = f"{asker.answers} answers, {len(asker.failed)} failed, {len(asker.wrong)} wrong, {asker.excused} excused"
            yield f"{asker.name}: {told}; an answer took {Spread.of(asker.latencies)}"
        yield f"replicas were ready again within {max(self._live.recoveries, default=0.0):.1f} s of a fault's end"
        yield f"live replicas had what was acknowledged within {max(reader.longest for reader in self._readers):.1f} s"


def _counts(asker: Asker) -> tuple[int, int, int]:
    return asker.answers, len(asker.failed), len(asker.wrong)
