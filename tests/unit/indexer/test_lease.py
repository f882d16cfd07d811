"""Holding a shard's lease."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from lightship.doclog import Lease, open_log
from lightship.errors import LightshipError, OutOfSpaceError, UnavailableError
from lightship.indexer import lease as module


def test_a_folder_keeps_its_owner(tmp_path: Path) -> None:
    first, other = tmp_path / "first", tmp_path / "other"
    first.mkdir()
    other.mkdir()
    assert module.owner_of(str(first)) == module.owner_of(str(first)) != module.owner_of(str(other))


def test_a_standby_takes_over_with_a_greater_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    log = open_log(f"sqlite://{tmp_path}/log.sqlite")
    first = module.acquire(log, "s1v1/0", "first", threading.Event())
    assert first is not None
    taken: list[Lease | None] = []
    standby = threading.Thread(target=lambda: taken.append(module.acquire(log, "s1v1/0", "second", threading.Event())))
    standby.start()
    standby.join(0.1)
    assert taken == []
    log.release(first)
    standby.join(5)
    assert taken[0] is not None
    assert taken[0].epoch > first.epoch
    log.close()


def test_waiting_ends_when_it_is_told_to(tmp_path: Path) -> None:
    log = open_log(f"sqlite://{tmp_path}/log.sqlite")
    assert module.acquire(log, "s1v1/0", "first", threading.Event())
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    assert module.acquire(log, "s1v1/0", "second", stop) is None
    log.close()


class Flaky:
    """Leases that fail as `errors` say, and are lost at last."""

    def __init__(self, *errors: LightshipError) -> None:
        self.errors = list(errors)

    def renew(self, lease: Lease, seconds: float) -> bool:
        if self.errors:
            raise self.errors.pop(0)
        return False

    def acquire(self, name: str, owner: str, seconds: float) -> Lease | None:
        raise NotImplementedError

    def release(self, lease: Lease) -> None:
        raise AssertionError("what is lost is not released")

    def order(self, name: str, *, anew: bool = False) -> int:
        raise NotImplementedError


def test_trouble_with_the_log_is_not_the_loss_of_the_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEASE_SECONDS", 0.03)
    leases = Flaky(UnavailableError("busy"), OutOfSpaceError("full"))
    lost: list[bool] = []
    module.keep(leases, Lease("s1v1/0", "first", 1), threading.Event(), lambda: lost.append(not leases.errors))
    assert lost == [True]
