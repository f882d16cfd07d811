"""What counts as right in time, by the beginning of a reading."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest

from lightship.chaos.load import settling
from lightship.chaos.load.settling import Settled, settle

RIGHT_AFTER = ("https://a.example/", 1)


class Replica:
    """A replica whose readings take `takes` seconds; what they find is right if they begin `right` seconds from now."""

    name = "searchengine-0"

    def __init__(self, right: float, takes: float = 0.0, answers: float = 0.0) -> None:
        now = time.monotonic()
        self.right, self.takes, self.answers, self.begun = now + right, takes, now + answers, list[float]()

    async def read_all(self) -> Sequence[tuple[str, int]]:
        began = time.monotonic()
        self.begun.append(began)
        await asyncio.sleep(self.takes)
        if began < self.answers:
            raise OSError("it is away")
        return [RIGHT_AFTER] if began >= self.right else []


def wrong(found: Sequence[tuple[str, int]]) -> list[str]:
    return [] if found else ["a is lost"]


def settled(replica: Replica, seconds: float) -> tuple[Settled, float]:
    deadline = time.monotonic() + seconds
    return asyncio.run(settle([replica], wrong, deadline)), deadline


def test_what_is_right_at_once_is_in_time() -> None:
    found, deadline = settled(Replica(0), 60)
    assert found.began < deadline
    assert found[1:] == ([], [], [])


def test_the_last_reading_in_time_begins_at_the_deadline_whatever_is_under_way() -> None:
    replica = Replica(right=0.9, takes=0.7)
    found, deadline = settled(replica, 1.0)
    assert abs(found.began - deadline) < settling.ON_TIME_SECONDS
    assert found[1:] == ([], [], [])


def test_what_stays_wrong_after_the_deadline_is_different(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "LATER_SECONDS", 0.3)
    found, _ = settled(Replica(right=60, takes=0.01), 0.2)
    assert found[1:] == (["searchengine-0: a is lost"], [], [])


def test_what_is_right_only_in_a_reading_after_the_deadline_is_late() -> None:
    """One of 35.7 s passed, where 30 s were allowed."""
    replica = Replica(right=1.2, takes=0.2)
    found, deadline = settled(replica, 0.3)
    assert found.began > deadline + settling.ON_TIME_SECONDS
    assert (found.different, found.excused) == ([], [])
    (said,) = found.late
    assert said.startswith("searchengine-0 was right only in a reading that began ")


def test_what_did_not_answer_before_is_excused() -> None:
    found, _ = settled(Replica(right=0, takes=0.4, answers=1.2), 0.3)
    assert (found.different, found.late) == ([], [])
    (said,) = found.excused
    assert said.endswith(" s after the deadline, and was not read before (it is away)")
