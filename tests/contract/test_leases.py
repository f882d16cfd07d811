"""What the leases of every document log must do."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from contract.doclog_backends import Backend
from contract.doclog_helpers import PATIENCE
from lightship.doclog import Log, open_log


def test_a_lease_has_one_holder(log: Log) -> None:
    lease = log.acquire("shard-0", "one", 60)
    assert lease
    assert (lease.name, lease.owner) == ("shard-0", "one")
    assert log.acquire("shard-0", "two", 60) is None
    assert log.acquire("shard-1", "two", 60)
    assert log.renew(lease, 60)


def test_the_same_owner_takes_its_lease_again_with_a_new_epoch(log: Log) -> None:
    first, second = log.acquire("shard-0", "one", 60), log.acquire("shard-0", "one", 60)
    assert first
    assert second
    assert second.epoch > first.epoch
    assert not log.renew(first, 60)
    assert log.renew(second, 60)


def test_a_lapsed_lease_is_taken_over(log: Log) -> None:
    old = log.acquire("shard-0", "one", 0.1)
    assert old
    deadline = time.monotonic() + PATIENCE
    while not (new := log.acquire("shard-0", "two", 60)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert new.epoch > old.epoch
    assert not log.renew(old, 60)
    log.release(old)  # not the holder's: no effect
    assert log.acquire("shard-0", "three", 60) is None
    assert log.renew(new, 60)


def test_a_lapsed_lease_that_nobody_took_can_be_renewed(log: Log) -> None:
    lease = log.acquire("shard-0", "one", 0)
    assert lease
    assert log.renew(lease, 60)
    assert log.acquire("shard-0", "two", 60) is None


def test_a_renewed_lease_is_held_longer(log: Log) -> None:
    lease = log.acquire("shard-0", "one", 1)
    assert lease
    assert log.renew(lease, 60)
    ends = time.monotonic() + 1.1
    while time.monotonic() < ends:
        assert log.acquire("shard-0", "two", 60) is None
        time.sleep(0.02)


def test_a_released_lease_is_free_at_once(log: Log) -> None:
    old = log.acquire("shard-0", "one", 60)
    assert old
    log.release(old)
    assert not log.renew(old, 60)
    new = log.acquire("shard-0", "two", 60)
    assert new
    assert new.epoch > old.epoch


def test_epochs_grow_even_over_a_log_made_anew(log: Log, backend: Backend, tmp_path: Path) -> None:
    epochs = []
    for owner in ("one", "two", "one"):
        lease = log.acquire("shard-0", owner, 60)
        assert lease
        epochs.append(lease.epoch)
        log.release(lease)
    assert epochs == sorted(set(epochs))
    time.sleep(0.005)  # the clock must pass the epochs of three quick holders
    other = open_log(backend.url(tmp_path / "anew"))
    lease = other.acquire("shard-0", "one", 60)
    other.close()
    assert lease
    assert lease.epoch > epochs[-1]


def test_of_many_that_try_at_once_one_gets_the_lease(log: Log) -> None:
    with ThreadPoolExecutor(8) as pool:
        leases = list(pool.map(lambda number: log.acquire("shard-0", f"owner-{number}", 60), range(8)))
    assert len([lease for lease in leases if lease]) == 1


def test_names_are_numbered_in_the_order_of_their_coming(log: Log, url: str) -> None:
    first, second = log.order("layout/a"), log.order("layout/b")
    assert second > first
    assert (log.order("layout/a"), log.order("layout/b")) == (first, second)
    log.close()
    again = open_log(url)
    assert (again.order("layout/b"), again.order("layout/a")) == (second, first)
    assert again.order("layout/c") > second
    again.close()


def test_a_name_is_numbered_anew(log: Log) -> None:
    old, other = log.order("layout/a"), log.order("layout/b")
    new = log.order("layout/a", renew=True)
    assert new > other > old
    assert log.order("layout/a") == new
    assert log.order("layout/b") == other


def test_numbers_of_names_grow_over_a_log_made_anew(log: Log, backend: Backend, tmp_path: Path) -> None:
    last = [log.order(f"layout/{number}") for number in range(3)][-1]
    time.sleep(0.005)  # the clock must pass the numbers of three quick names
    other = open_log(backend.url(tmp_path / "anew"))
    assert other.order("layout/0") > last
    other.close()


def test_many_that_ask_at_once_get_the_same_number(log: Log) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: log.order("layout/a"), range(8)))) == 1
        assert len(set(pool.map(lambda number: log.order(f"layout/{number}"), range(8)))) == 8
