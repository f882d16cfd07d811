"""One run: the load, the faults and, after the last repair, the comparison of every replica with the truth."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from lightship.chaos.load.asking import Asker
from lightship.chaos.load.corpus import Corpus
from lightship.chaos.load.reading import Reader
from lightship.chaos.load.settling import settle
from lightship.chaos.load.truth import Truth
from lightship.chaos.load.watching import Watch
from lightship.chaos.load.writing import Intakes, Pace, Writer
from lightship.chaos.outcome import Outcome, Spread
from lightship.chaos.system.breaking import Breaker
from lightship.chaos.system.faults import Fault
from lightship.chaos.system.live import Liveness
from lightship.chaos.system.system import System
from lightship.runtime.tasks import cancel

DOCUMENTS_EACH = 10  # per writer: so many writers that those waiting for something broken are a minority
CALM_SECONDS = 3.0  # of load before the first fault
PATIENCE_SECONDS = 120.0  # for the last changes to be acknowledged, after the last repair

Other = Callable[
    [asyncio.Event], Awaitable[None]
]  # writes until the event is set, and returns once everything is acknowledged


@dataclass(frozen=True)
class Load:
    """Changes per second through the intakes, and queries per second to each searchengine."""

    changes: float
    queries: float


def period(seconds: float) -> float:
    """Return the interval in seconds between full reads in a run of `seconds`: a minute, less in short runs."""
    return 60.0 if seconds >= 60 else 10.0


class Run:
    """Applies load and faults to a running system. `askers`, `intakes` and `breaker` show its progress."""

    def __init__(
        self, system: System, corpus: Corpus, truth: Truth, faults: Sequence[Fault], load: Load,
        *, seconds: float, settle: float, others: Sequence[Other] = (),
    ) -> None:  # fmt: skip
        """Inject `faults` into `system` within `seconds`; `truth` is what it holds of `corpus`.

        Everything must be correct `settle` seconds after the last repair. `others` are additional writers. Call this
        in an event loop.
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
        """The number of changes that the intakes have acknowledged so far."""
        return sum(writer.acknowledged for writer in self.writers)

    def progress(self) -> str:
        """Return the progress in one line."""
        answers, failed, wrong = (sum(each) for each in zip(*map(_counts, self.askers), strict=True))
        now = ", ".join(f"{fault.kind} {fault.host}" for fault in self.breaker.now) or "nothing"
        counts = f"{self.acknowledged} changes acknowledged, {answers} queries answered, {failed} failed, {wrong} wrong"
        return f"{counts}; broken now: {now}"

    async def run(self) -> Outcome:
        """Run everything; this takes longer than the faults by the time to settle."""
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
        """Stop writing, and return how the replicas differ from the truth after the time to catch up."""
        healed, earlier = time.monotonic(), dict(self._truth.acknowledged)
        self._stop.set()
        caught_up, acknowledged = await asyncio.gather(
            settle(self.askers, lambda found: self._truth.lacks(found, earlier), healed + self._settle_seconds),
            self._end(writing),
        )
        if acknowledged is None:
            missing = f"some changes were not acknowledged within {PATIENCE_SECONDS:g} s after the last repair"
            return Outcome(different=[*caught_up.different, missing], late=caught_up.late, lines=caught_up.excused)
        settled = await settle(self.askers, self._truth.differences, acknowledged + self._settle_seconds)
        return Outcome(
            different=[*caught_up.different, *settled.different],
            late=[*caught_up.late, *settled.late],
            lines=[
                *caught_up.excused,
                *settled.excused,
                f"every replica had the changes acknowledged before the last repair {caught_up.began - healed:.1f} s after it",
                f"the last change was acknowledged {acknowledged - healed:.1f} s after the last repair",
                f"every replica was correct {settled.began - acknowledged:.1f} s after the last acknowledgement",
            ],
        )

    async def _end(self, writing: Sequence[asyncio.Future[None]]) -> float | None:
        """Return the time of the last acknowledgement; None if some changes were not acknowledged in time."""
        try:
            await asyncio.wait_for(asyncio.gather(*writing), PATIENCE_SECONDS)
        except TimeoutError:
            return None
        return time.monotonic()

    def _sum_up(self, outcome: Outcome, rate: float) -> None:
        latencies = list(itertools.chain.from_iterable(asker.latencies for asker in self.askers))
        outcome.changes, outcome.change_ms = self.acknowledged, Spread.of(self.intakes.latencies)
        outcome.queries, outcome.query_ms = sum(asker.answers for asker in self.askers), Spread.of(latencies)
        outcome.load, outcome.stood_still_seconds = self._watch.load, self._watch.longest
        outcome.failed = [
            *self.intakes.unexpected,
            *(each for asker in self.askers for each in asker.failed),
        ]
        outcome.wrong = [each for asker in self.askers for each in asker.wrong]
        outcome.different += [each for reader in self._readers for each in reader.late]
        outcome.ended = self._system.ended()
        outcome.lines = [*self._lines(outcome, rate), *outcome.lines, str(self._watch)]

    def _lines(self, outcome: Outcome, rate: float) -> Iterator[str]:
        yield f"{outcome.changes} changes acknowledged by intakes, {rate:.0f} per second"
        yield f"latency of changes: {outcome.change_ms}; retried: {self.intakes.failures or 'none'}"
        for asker in self.askers:
            counts = f"{asker.answers} answers, {len(asker.failed)} failed, {len(asker.wrong)} wrong, {asker.excused} excused"
            yield f"{asker.name}: {counts}; latency: {Spread.of(asker.latencies)}"
        yield f"replicas were ready within {max(self._live.recoveries, default=0.0):.1f} s after the end of a fault"
        yield f"live replicas had acknowledged changes within {max(reader.longest for reader in self._readers):.1f} s"


def _counts(asker: Asker) -> tuple[int, int, int]:
    return asker.answers, len(asker.failed), len(asker.wrong)
