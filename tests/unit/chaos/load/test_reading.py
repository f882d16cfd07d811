"""A replica that lacks an acknowledged change for too long is reported, but not one that was broken meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from typing import cast

import pytest

from lightship.chaos.load import reading
from lightship.chaos.load.asking import Asker
from lightship.chaos.load.reading import Reader
from lightship.chaos.load.truth import Truth
from lightship.chaos.system.faults import Fault
from lightship.chaos.system.live import Liveness

URL = "https://a.example/1"


class Answers:
    """A fake asker: finds each of `found` in turn, then the last of them again and again."""

    name = "s0"

    def __init__(self, *found: int) -> None:
        self.found, self.wrong, self.asked = list(found), list[str](), 0

    async def versions(self, urls: Collection[str]) -> dict[str, int]:
        self.asked += 1
        version = self.found.pop(0) if len(self.found) > 1 else self.found[0]
        return {URL: version} if version else {}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_SECONDS", 0.2)
    monkeypatch.setattr(reading, "STEP_SECONDS", 0.01)


@pytest.fixture
def truth() -> Truth:
    truth = Truth()
    for _ in range(2):
        truth.send(URL, put=True)
        truth.acknowledge(URL)
    return truth


def reader_of(answers: Answers, truth: Truth, live: Liveness) -> Reader:
    return Reader(cast(Asker, answers), truth, live)


def test_what_comes_in_time_is_right_and_how_long_it_took_is_known(
    truth: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_SECONDS", 60)
    reader, began = reader_of(Answers(0, 1, 2), truth, Liveness(["s0"])), time.monotonic()
    asyncio.run(reader.wait_for_all())
    assert reader.late == []
    assert 0.02 <= reader.longest <= time.monotonic() - began


@pytest.mark.parametrize("version", [0, 1])
def test_what_does_not_come_is_told(truth: Truth, version: int) -> None:
    reader = reader_of(Answers(version), truth, Liveness(["s0"]))
    asyncio.run(reader.wait_for_all())
    assert len(reader.late) == 1
    assert f"s0: {URL} was missing version 2 for 0" in reader.late[0]


def test_the_time_in_which_a_replica_is_broken_does_not_count(truth: Truth) -> None:
    live, fault, answers = Liveness(["s0"]), Fault(0, 1, "pause", "s0"), Answers(1)
    reader = reader_of(answers, truth, live)
    live.begin(fault)

    async def run() -> None:
        reading_all = asyncio.create_task(reader.wait_for_all())
        while answers.asked < 40:  # noqa: ASYNC110 (nothing tells)
            await asyncio.sleep(0.01)
        assert not reading_all.done()
        answers.found = [2]
        live.end(fault)
        live.ready("s0", float("inf"))
        await asyncio.wait_for(reading_all, 30)

    asyncio.run(run())
    assert reader.late == []
