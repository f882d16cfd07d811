"""Faults begin and end on schedule, and are always repaired."""

from __future__ import annotations

import asyncio
import time

import pytest

from lightship.chaos.system.breaking import Breaker
from lightship.chaos.system.faults import Fault
from lightship.chaos.system.live import Liveness
from lightship.core.errors import ConfigurationError
from unit.chaos.recording import Recording

BRIEF = [Fault(0.0, 0.1, "pause", "s0"), Fault(0.05, 0.15, "kill", "s1")]
LONG = [Fault(0.0, 60.0, "pause", "s0"), Fault(0.0, 60.0, "kill", "s1")]


def breaker_of(system: Recording, faults: list[Fault]) -> tuple[Breaker, Liveness]:
    live = Liveness(list(system.replicas))
    return Breaker(system, faults, live), live


def test_faults_come_and_go_in_their_order() -> None:
    system = Recording()
    breaker, live = breaker_of(system, BRIEF)
    asyncio.run(breaker.run(0.2))
    assert system.told == ["pause s0", "kill s1", "heal s0", "heal s1"]
    assert breaker.counts == {"pause": 1, "kill": 1}
    assert breaker.seconds >= 0.2
    assert live.is_recovering("s0")


def test_all_is_healed_when_it_is_stopped_early() -> None:
    system = Recording()
    breaker, live = breaker_of(system, LONG)

    async def run() -> None:
        asyncio.get_running_loop().call_later(0.1, breaker.stop_early.set)
        await breaker.run(60)

    asyncio.run(run())
    assert sorted(system.told[2:]) == ["heal s0", "heal s1"]
    assert breaker.now == []
    assert 0.09 < breaker.seconds < 30  # a loop calls what is due a little early
    assert live.is_recovering("s1")


def test_all_that_can_be_is_healed_when_the_run_is_cancelled() -> None:
    system = Recording()
    system.stuck = {"s0"}
    breaker, _ = breaker_of(system, LONG)
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(breaker.run(60), 0.1))
    assert "heal s1" in system.told


def test_it_waits_until_all_parts_run() -> None:
    system = Recording()
    system.looks = iter([False, False, True])
    asyncio.run(breaker_of(system, [])[0].wait_until_whole())
    with pytest.raises(StopIteration):
        next(system.looks)


def test_a_system_that_is_gone_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(self: Recording) -> bool:
        raise ConfigurationError("nothing runs there")

    monkeypatch.setattr(Recording, "look_after", gone)
    breaker, _ = breaker_of(Recording(), LONG)

    async def run() -> None:
        looking = asyncio.create_task(breaker.look_after())
        await breaker.run(60)
        await looking

    began = time.monotonic()
    with pytest.raises(ConfigurationError):
        asyncio.run(run())
    assert time.monotonic() - began < 30
