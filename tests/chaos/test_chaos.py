"""Everything is broken for a while, under load; afterwards nothing is lost, and no query to a live replica ever failed.

CHAOS_SECONDS=600 makes the run longer, CHAOS_SEED=number repeats a run's schedule. See docs/chaos.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from chaos.cluster import Cluster
from chaos.trial import CRAWLED, DOCUMENTS, Trial
from lightship.chaos.load import settling
from lightship.chaos.load.corpus import Corpus
from lightship.chaos.load.truth import Truth
from lightship.chaos.outcome import Outcome
from lightship.chaos.run import Load, Run
from lightship.chaos.system.faults import schedule
from lightship.core.model import Change, Document
from lightship.doclog import Log, open_log

pytestmark = pytest.mark.quiet  # what waits for a processor fails queries

SECONDS = float(os.environ.get("CHAOS_SECONDS", "25"))
SEED = int(os.environ.get("CHAOS_SEED", random.randrange(10**6)))
LIGHT = Load(changes=20.0, queries=10.0)
KEPT = Path(
    tempfile.gettempdir(), f"lightship-chaos-{SEED}-{os.getpid()}"
)  # the servers' files, when something differs


@pytest.fixture(scope="module")
def truth() -> Truth:
    return Truth()


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return Corpus(SEED, DOCUMENTS)


@pytest.fixture(scope="module")
def log(cluster: Cluster) -> Iterator[Log]:
    """Put into the log what no intake knows of."""
    with contextlib.closing(open_log(cluster.log_url)) as opened:
        yield opened


def test_nothing_is_lost_and_no_query_fails(cluster: Cluster, corpus: Corpus, truth: Truth) -> None:
    faults = schedule(SEED, SECONDS, cluster.groups)
    print(f"CHAOS_SEED={SEED} CHAOS_SECONDS={SECONDS:g}: {len(faults)} faults", *faults, sep="\n")

    async def run() -> Outcome:
        return await Trial(cluster, corpus, truth, faults, seconds=SECONDS, folder=KEPT).run()

    outcome = asyncio.run(run())
    print(outcome)
    if outcome.failed or outcome.wrong or outcome.different or outcome.late or outcome.undone or outcome.ended:
        cluster.tell()
    assert not outcome.undone
    assert not outcome.different
    assert not outcome.late
    assert not outcome.wrong
    assert not outcome.failed
    assert not outcome.ended


def test_the_harness_notices_what_is_broken(
    cluster: Cluster, corpus: Corpus, truth: Truth, log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "LATER_SECONDS", 5.0)  # what is lost stays so
    lost, undone = (corpus.url(DOCUMENTS + CRAWLED + number) for number in range(2))  # which no writer changes

    def put(url: str, version: int) -> None:
        log.put([Change.put(msgspec.convert(corpus.document(corpus.number(url), version), Document))])

    def acknowledged(url: str) -> None:
        put(url, truth.send(url, put=True))
        truth.acknowledge(url)

    async def sabotage(run: Run) -> None:
        """Do behind the truth's back what a broken system would."""
        await until(lambda: run.askers[0].answers)
        cluster.searchengines[0].kill()  # and nobody was told
        await asyncio.to_thread(log.put, [Change.delete(lost)])
        await asyncio.to_thread(put, undone, 1)
        await until(lambda: run.askers[0].failed)
        cluster.searchengines[0].start()

    async def both() -> Outcome:
        trial = Trial(cluster, corpus, truth, [], seconds=5.0, folder=tmp_path, settle=2.0, load=LIGHT)
        outcome, _ = await asyncio.gather(trial.run(), sabotage(trial.underlying))
        return outcome

    for url in (lost, undone, undone):
        acknowledged(url)
    outcome = asyncio.run(both())
    print(outcome)
    assert (tmp_path / "nats-0" / "jetstream").is_dir()
    assert outcome.failed
    assert any(lost in told for told in outcome.different)
    assert any(undone in told for told in outcome.different)
    for url in (lost, undone):
        assert any(url in told and "leader" in told and "nats-2" in told for told in outcome.undone)


async def until(condition: Callable[[], object]) -> None:
    """Return when `condition` holds."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 (nothing tells)
            await asyncio.sleep(0.02)
