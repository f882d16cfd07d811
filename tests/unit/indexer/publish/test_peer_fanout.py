"""Which source sends a large file to which replica."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from lightship.core.manifest import File
from lightship.indexer.publish import peer_fanout as module
from lightship.indexer.publish.peer_fanout import INDEXER, PeerFanout, worth_feeding

FILE = File(f"{'a' * 32}.store", 100 << 20, "a" * 64)
OTHER = File(f"{'b' * 32}.store", 100 << 20, "b" * 64)
Step = Callable[[PeerFanout], Awaitable[None]]


def run(step: Step) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await step(PeerFanout())

    asyncio.run(bounded())


def test_each_source_sends_to_one_at_a_time_and_replicas_come_first() -> None:
    async def steps(fanout: PeerFanout) -> None:
        async with fanout.turn(FILE) as first:
            assert first == INDEXER
            waiting = asyncio.create_task(fanout.turn(FILE).__aenter__())
            await asyncio.sleep(0)
            assert not waiting.done()
            await fanout.note("a", [FILE])
            assert await waiting == "a"
        await fanout.note("b", [FILE])
        async with fanout.turn(FILE) as second, fanout.turn(FILE) as third:
            assert (second, third) == ("b", INDEXER)
        async with fanout.turn(OTHER) as source:
            assert source == INDEXER

    run(steps)


def test_who_waits_too_long_gets_it_from_the_indexer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TURN_SECONDS", 0.01)
    monkeypatch.setattr(module, "SLOW_BYTES", 1 << 50)

    async def steps(fanout: PeerFanout) -> None:
        async with fanout.turn(FILE), fanout.turn(FILE) as source:
            assert source == INDEXER

    run(steps)


def test_who_is_gone_or_lacks_the_file_is_no_source() -> None:
    async def steps(fanout: PeerFanout) -> None:
        await fanout.note("a", [FILE, OTHER])
        await fanout.note("b", [FILE])
        fanout.forget("a", FILE)
        fanout.forget("b")
        async with fanout.turn(FILE) as source, fanout.turn(OTHER) as other:
            assert (source, other) == (INDEXER, "a")
        fanout.keep([FILE])
        async with fanout.turn(OTHER) as other:
            assert other == INDEXER

    run(steps)


def test_small_files_and_few_replicas_are_sent_to_at_once() -> None:
    small = File(FILE.name, module.LEAST_BYTES - 1, FILE.digest)
    assert worth_feeding(FILE, module.LEAST_REPLICAS)
    assert not worth_feeding(FILE, module.LEAST_REPLICAS - 1)
    assert not worth_feeding(small, 100)


def test_the_indexer_is_free_when_all_that_it_sends_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TURN_SECONDS", 0.01)
    monkeypatch.setattr(module, "SLOW_BYTES", 1 << 50)

    async def steps(fanout: PeerFanout) -> None:
        async with fanout.turn(FILE):
            async with fanout.turn(FILE) as source:  # its wait was over
                assert source == INDEXER
            assert fanout._free(FILE) == set()
        assert fanout._free(FILE) == {INDEXER}

    run(steps)
