"""The schedule of the chaos test: it is reproducible from its seed, and keeps its limits."""

from __future__ import annotations

import pytest

from lightship.chaos.system.faults import KINDS, schedule
from lightship.chaos.system.live import Liveness

GROUPS = {
    "nats": ["n0", "n1", "n2"],
    "searchengine": ["s0", "s1", "s2"],
    "indexer": [f"i{number}" for number in range(6)],
    "crawler": ["c"],
}


def test_a_seed_repeats_its_schedule() -> None:
    assert schedule(7, 600, GROUPS) == schedule(7, 600, GROUPS) != schedule(8, 600, GROUPS)


def test_a_long_run_has_every_kind_upon_every_host() -> None:
    faults = schedule(1, 600, GROUPS)
    assert {fault.kind for fault in faults} == set(KINDS)
    assert {fault.host for fault in faults} == {host for hosts in GROUPS.values() for host in hosts}
    assert max(fault.end - fault.begin for fault in faults if fault.kind == "pause") > 45


@pytest.mark.parametrize("seed", range(20))
def test_what_is_spared_is_spared(seed: int) -> None:
    faults = schedule(seed, 300, GROUPS)
    assert all(0 <= fault.begin < fault.end <= 300 for fault in faults)
    for fault in faults:
        together = [each for each in faults if each.begin <= fault.begin < each.end]
        hosts = [each.host for each in together]
        assert len(hosts) == len(set(hosts))
        assert sum(host in GROUPS["nats"] for host in hosts) <= 1
        assert sum(host in GROUPS["searchengine"] for host in hosts) <= 2


@pytest.mark.parametrize(
    ("group", "members", "most"),
    [("nats", 1, 0), ("nats", 3, 1), ("nats", 5, 2), ("searchengine", 1, 0), ("searchengine", 2, 1), ("indexer", 1, 1),
     ("indexer", 2, 2), ("standby", 1, 1), ("crawler", 1, 1)],
)  # fmt: skip
def test_so_many_of_a_group_are_broken_at_once_and_no_more(group: str, members: int, most: int) -> None:
    faults = [fault for seed in range(20) for fault in _at_once(seed, group, members)]
    assert max(faults, default=0) == most


def _at_once(seed: int, group: str, members: int) -> list[int]:
    """Return the number of active faults whenever one begins."""
    groups = {group: [f"h{number}" for number in range(members)]}
    faults = schedule(seed, 300, groups, ("kill", "pause"), every=1.0)
    return [sum(each.begin <= fault.begin < each.end for each in faults) for fault in faults]


def test_only_what_can_befall_a_system_does() -> None:
    faults = schedule(1, 600, GROUPS, ("kill", "pause"))
    assert {fault.kind for fault in faults} == {"kill", "pause"}


def test_a_replica_is_live_again_when_it_said_so_after_the_fault() -> None:
    fault = next(fault for fault in schedule(1, 600, {"searchengine": ["s0", "s1"]}) if fault.kind == "kill")
    live = Liveness([fault.host])
    assert live.is_live(fault.host, 1.0)
    live.begin(fault)
    assert not live.is_live(fault.host, float("inf"))
    live.end(fault)
    assert not live.is_live(fault.host, float("inf"))
    live.ready(fault.host, 0.0)  # was asked before
    assert live.is_recovering(fault.host)
    live.ready(fault.host, float("inf"))
    assert live.is_live(fault.host, float("inf"))
