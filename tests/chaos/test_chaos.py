"""Everything is broken for a while, under load; afterwards nothing is lost, and no query to a live replica ever failed.

CHAOS_SECONDS=600 makes the run longer, CHAOS_SEED=number repeats a run's schedule. See docs/chaos.md.
"""

from __future__ import annotations

import asyncio
import os
import random
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest

from chaos.cluster import Cluster
from chaos.faults import schedule
from chaos.model import Truth
from chaos.run import Outcome, Run

SECONDS = float(os.environ.get("CHAOS_SECONDS", "30"))
SEED = int(os.environ.get("CHAOS_SEED", random.randrange(10**6)))


@pytest.fixture(scope="module")
def truth() -> Truth:
    return Truth()


def test_nothing_is_lost_and_no_query_fails(cluster: Cluster, truth: Truth) -> None:
    faults = schedule(SEED, SECONDS, cluster.groups)
    print(f"CHAOS_SEED={SEED} CHAOS_SECONDS={SECONDS:g}: {len(faults)} faults", *faults, sep="\n")
    outcome = asyncio.run(Run(cluster, truth, faults, SECONDS).run())
    print(outcome)
    ended = [name for name in outcome.ended if name.startswith("searchengine")]
    if outcome.failed or outcome.wrong or outcome.different or ended:
        cluster.tell()
    assert not outcome.failed
    assert not outcome.wrong
    assert not outcome.different
    assert not ended


def test_the_harness_notices_what_is_broken(cluster: Cluster, truth: Truth) -> None:
    async def sabotage() -> None:
        """Do behind the truth's back what a broken system would."""
        await asyncio.sleep(4)
        cluster.replicas[0].kill()  # and nobody was told
        address = next(iter(cluster.intake_addresses.values()))
        lost = next(iter(truth.final()))
        await asyncio.to_thread(
            urlopen, Request(f"http://{address}/documents?url={quote(lost, safe='')}", method="DELETE")
        )
        await asyncio.sleep(1)
        cluster.replicas[0].start()

    async def both() -> Outcome:
        run = Run(cluster, truth, [], 5.0, settle_seconds=2.0)
        outcome, _ = await asyncio.gather(run.run(), sabotage())
        return outcome

    outcome = asyncio.run(both())
    assert outcome.failed
    assert outcome.different or outcome.wrong
