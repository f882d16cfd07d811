"""Who sends a large file to whom."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from lightship.indexer import feed as module
from lightship.indexer.feed import INDEXER, Feed, worth_feeding
from lightship.manifest import File

FILE = File(f"{'a' * 32}.store", 100 << 20, "a" * 64)
OTHER = File(f"{'b' * 32}.store", 100 << 20, "b" * 64)
Step = Callable[[Feed], Awaitable[None]]


def run(step: Step) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await step(Feed())

    asyncio.run(bounded())


def test_each_source_sends_to_one_at_a_time_and_replicas_come_first() -> None:
    async def steps(feed: Feed) -> None:
        async with feed.turn(FILE) as first:
            assert first == INDEXER
            waiting = asyncio.create_task(feed.turn(FILE).__aenter__())
            await asyncio.sleep(0)
            assert not waiting.done()
            await feed.note("a", [FILE])
            assert await waiting == "a"
        await feed.note("b", [FILE])
        async with feed.turn(FILE) as second, feed.turn(FILE) as third:
            assert (second, third) == ("b", INDEXER)
        async with feed.turn(OTHER) as source:
            assert source == INDEXER

    run(steps)


def test_who_waits_too_long_gets_it_from_the_indexer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TURN_SECONDS", 0.01)
    monkeypatch.setattr(module, "SLOW_BYTES", 1 << 50)

    async def steps(feed: Feed) -> None:
        async with feed.turn(FILE), feed.turn(FILE) as source:
            assert source == INDEXER

    run(steps)


def test_who_is_gone_or_lacks_the_file_is_no_source() -> None:
    async def steps(feed: Feed) -> None:
        await feed.note("a", [FILE, OTHER])
        await feed.note("b", [FILE])
        feed.forget("a", FILE)
        feed.forget("b")
        async with feed.turn(FILE) as source, feed.turn(OTHER) as other:
            assert (source, other) == (INDEXER, "a")
        feed.keep([FILE])
        async with feed.turn(OTHER) as other:
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

    async def steps(feed: Feed) -> None:
        async with feed.turn(FILE):
            async with feed.turn(FILE) as source:  # its wait was over
                assert source == INDEXER
            assert feed._free(FILE) == set()
        assert feed._free(FILE) == {INDEXER}

    run(steps)
