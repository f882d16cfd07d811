"""Acquiring, renewing and losing a shard's lease."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lightship.core.errors import LightshipError, OutOfSpaceError, UnavailableError
from lightship.doclog import Lease, Log, open_log
from lightship.indexer.leadership import lease as module


def test_a_folder_keeps_its_owner(tmp_path: Path) -> None:
    first, other = tmp_path / "first", tmp_path / "other"
    first.mkdir()
    other.mkdir()
    assert module.owner_of(str(first)) == module.owner_of(str(first)) != module.owner_of(str(other))


@pytest.mark.parametrize("content", [b"", b"\xff" * 32, b"x" * 32])
def test_a_damaged_owner_is_another_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "owner").write_bytes(content)
    assert len(module.owner_of(str(tmp_path))) == 32
    assert module.owner_of(str(tmp_path)) == module.owner_of(str(tmp_path))


def waiting() -> None:
    """The standby's work meanwhile."""


def acquire(log: Log, owner: str, stop: threading.Event | None = None) -> Lease | None:
    return module.acquire(log, "s1v2/0", owner, 5.0, stop=stop or threading.Event(), waiting=waiting)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = open_log(f"sqlite://{tmp_path}/log.sqlite")
    yield made
    made.close()


def test_who_lost_a_lease_is_another_owner(tmp_path: Path) -> None:
    """Otherwise two copies of a folder would take the lease from each other indefinitely."""
    before = module.owner_of(str(tmp_path))
    module.forget_owner(str(tmp_path))
    assert module.owner_of(str(tmp_path)) != before


def test_a_standby_takes_over_with_a_greater_epoch(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    first = acquire(log, "first")
    assert first is not None
    taken: list[Lease | None] = []
    standby = threading.Thread(target=lambda: taken.append(acquire(log, "second")))
    standby.start()
    standby.join(0.1)
    assert taken == []
    log.release(first)
    standby.join(30)
    assert taken[0] is not None
    assert taken[0].epoch > first.epoch


def test_waiting_ends_when_it_is_told_to(log: Log) -> None:
    assert acquire(log, "first")
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    assert acquire(log, "second", stop) is None


def test_a_standby_is_told_once_that_it_waits(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    assert acquire(log, "first")
    monkeypatch.setattr(module, "POLL_SECONDS", 0)
    told, asked, stop = list[str](), list[str](), threading.Event()

    def ask(name: str, owner: str, seconds: float) -> None:
        asked.append(owner)
        if len(asked) == 3:
            stop.set()

    monkeypatch.setattr(log, "acquire", ask)
    module.acquire(log, "s1v2/0", "second", 5.0, stop=stop, waiting=lambda: told.append("waits"))
    assert (told, len(asked)) == (["waits"], 3)


class Flaky:
    """Leases that fail with `errors`, and are then lost to another owner."""

    def __init__(self, *errors: LightshipError) -> None:
        self.errors = list(errors)
        self.asked = 0

    def renew(self, lease: Lease, seconds: float) -> bool:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return False

    def acquire(self, name: str, owner: str, seconds: float) -> Lease | None:
        if self.errors:
            raise self.errors.pop(0)
        return Lease(name, owner, 1)

    def release(self, lease: Lease) -> None:
        raise AssertionError("what is lost is not released")

    def order(self, name: str, *, renew: bool = False) -> int:
        raise NotImplementedError


def test_trouble_with_the_log_is_not_the_loss_of_the_lease() -> None:
    leases, ended = Flaky(UnavailableError("busy"), OutOfSpaceError("full")), threading.Event()
    keeper = module.LeaseKeeper(leases, Lease("s1v2/0", "first", 1), 0.03, threading.Event(), ended)
    assert ended.wait(30)
    assert (leases.asked, keeper.lost) == (3, True)
    keeper.release()


def test_trouble_with_the_log_does_not_end_the_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    leases = Flaky(UnavailableError("busy"), UnavailableError("busy"))
    assert module.acquire(leases, "s1v2/0", "first", 5, stop=threading.Event(), waiting=waiting)


def test_a_doubt_is_looked_into_at_once(log: Log) -> None:
    held = log.acquire("s1v2/0", "first", 0.0)
    assert held is not None
    ended = threading.Event()
    keeper = module.LeaseKeeper(log, held, 300.0, threading.Event(), ended)
    keeper.doubt()
    assert not ended.wait(0.3), "it is held still"
    log.release(held)
    assert log.acquire("s1v2/0", "second", 5.0)
    keeper.doubt()
    assert ended.wait(30)
    assert keeper.lost
    keeper.release()


def test_after_a_doubt_it_is_not_renewed_again_before_it_is_time_to(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    held, stop, ended, renewed = acquire(log, "first"), threading.Event(), threading.Event(), threading.Semaphore(0)
    assert held is not None
    renew, asked = log.renew, list[float]()

    def counted(lease: Lease, seconds: float) -> bool:
        asked.append(seconds)
        renewed.release()
        return renew(lease, seconds)

    monkeypatch.setattr(log, "renew", counted)
    keeper = module.LeaseKeeper(log, held, 300.0, stop, ended)
    keeper.doubt()
    assert renewed.acquire(timeout=5)
    stop.set()
    assert ended.wait(5), "it has looked once more since"
    keeper.release()
    assert asked == [300.0]


def test_a_stop_ends_the_work_and_releases_only_when_it_is_given_up(log: Log) -> None:
    held, stop, ended = acquire(log, "first"), threading.Event(), threading.Event()
    assert held is not None
    keeper = module.LeaseKeeper(log, held, 5.0, stop, ended)
    stop.set()
    assert ended.wait(30)
    assert log.acquire("s1v2/0", "second", 5.0) is None, "what it has indexed is pushed first"
    keeper.release()
    assert log.acquire("s1v2/0", "second", 5.0)
