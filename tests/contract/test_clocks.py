"""Clocks that jump: nothing that a log decides depends on them."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from contract.doclog_helpers import PATIENCE
from lightship.doclog import Lease, Log, open_log

YEAR = 31_536_000.0

Jump = Callable[[float], None]


@pytest.fixture
def jump(monkeypatch: pytest.MonkeyPatch) -> Jump:
    """Return what sets this process's wall clock ahead of the true one by some seconds, or has it stand still (0)."""
    real = time.time

    def set_ahead(seconds: float) -> None:
        moment = real()
        monkeypatch.setattr(time, "time", lambda: moment if not seconds else real() + seconds)

    return set_ahead


def taken_over(log: Log, seconds: float) -> Lease:
    deadline = time.monotonic() + PATIENCE
    while not (lease := log.acquire("shard-0", "two", seconds)):
        assert time.monotonic() < deadline, "a lease of 0.3 s has not lapsed"
        time.sleep(0.02)
    return lease


@pytest.mark.parametrize("ahead", [YEAR, -YEAR, 86_400.0, -86_400.0])
def test_a_lease_lapses_after_its_time_whatever_the_clock_was_when_it_was_taken(
    log: Log, jump: Jump, ahead: float
) -> None:
    jump(ahead)
    old = log.acquire("shard-0", "one", 0.3)
    assert old
    assert log.renew(old, 0.3)
    jump(0.001)
    new = taken_over(log, 0.3)
    assert new.epoch > old.epoch
    assert not log.renew(old, 60)


@pytest.mark.parametrize("ahead", [YEAR, -YEAR])
def test_a_clock_that_jumps_takes_no_lease_away(log: Log, jump: Jump, ahead: float) -> None:
    lease = log.acquire("shard-0", "one", 30)
    assert lease
    jump(ahead)
    for _ in range(5):
        assert log.acquire("shard-0", "two", 30) is None
        assert log.renew(lease, 30)
        time.sleep(0.02)


def test_a_renewal_is_seen_while_the_clock_stands_still(log: Log, jump: Jump) -> None:
    jump(0)
    lease = log.acquire("shard-0", "one", 0.5)
    assert lease
    deadline = time.monotonic() + 1.5
    while time.monotonic() < deadline:
        assert log.renew(lease, 0.5)
        assert log.acquire("shard-0", "two", 0.5) is None
        time.sleep(0.02)


@pytest.mark.parametrize("ahead", [0.0, -YEAR])
def test_epochs_and_numbers_grow_while_the_clock_stands_still_or_goes_back(
    log: Log, jump: Jump, ahead: float, url: str
) -> None:
    first = log.acquire("shard-0", "one", 60)
    number = log.order("layout/a")
    assert first
    epochs = [first.epoch]
    jump(ahead)
    for _ in range(3):
        lease = log.acquire("shard-0", "one", 60)
        assert lease
        epochs.append(lease.epoch)
    assert epochs == sorted(set(epochs))
    numbers = [number, log.order("layout/b"), log.order("layout/a", renew=True)]
    assert numbers == sorted(set(numbers))
    again = open_log(url)
    assert again.order("layout/a") == numbers[-1]
    again.close()
