"""What breaks, when and for how long: drawn by a seeded generator, so that a seed repeats a run's schedule.

What the schedule never does: it never breaks as many NATS servers at once that no majority is left (a log of three bears the loss
of one, a log of one server none), never all searchengines at once, never one host in two ways at once, and never the host of the
clients. Everything else may coincide: the leader and the standby of a shard, several shards, a searchengine and a NATS server.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["kill", "pause", "cut", "cut towards", "fill the disk"]

# How often each happens, and the seconds that it lasts at most. Hosts that are put to sleep sleep up to a minute.
KINDS: dict[Kind, tuple[int, float]] = {
    "kill": (5, 15.0),
    "pause": (3, 60.0),
    "cut": (2, 30.0),
    "cut towards": (2, 30.0),
    "fill the disk": (1, 20.0),
}
LEAST_SECONDS = 0.5
RECOVERY_SECONDS = 2.0  # in which a host that was broken is left alone
WHOLE = 600.0  # seconds of a run whose faults last as long as the table says; those of shorter ones are shorter
LEAST_SHARE = 0.15


@dataclass(frozen=True)
class Fault:
    """`kind` befalls the part `host` from `begin` to `end`, in seconds of the run; `other` is where a cut link leads."""

    begin: float
    end: float
    kind: Kind
    host: str
    other: str = ""

    def __str__(self) -> str:
        """Tell it in a line."""
        towards = f" {self.other}" if self.other else ""
        return f"{self.begin:6.1f} to {self.end:6.1f} s: {self.kind}{towards}: {self.host}"


def schedule(
    seed: int,
    seconds: float,
    groups: Mapping[str, Sequence[str]],
    kinds: Sequence[Kind] = (*KINDS,),
    every: float = 2.5,
) -> list[Fault]:
    """Return the faults of a run of `seconds`, by their beginnings, one `every` so many seconds on average.

    `groups` are the hosts' names by what they do; some are spared as said above. `kinds` is what can befall them.
    """
    chance = random.Random(seed)
    share = max(LEAST_SHARE, min(1.0, seconds / WHOLE))
    hosts = sorted(host for group in groups.values() for host in group)
    broken_until = dict.fromkeys(hosts, 0.0)
    faults: list[Fault] = []
    now = chance.expovariate(1 / every)
    while now < seconds:
        sound = [host for host in hosts if broken_until[host] <= now]
        breakable = [host for group, members in groups.items() for host in _breakable(group, members, sound)]
        if breakable:
            host = chance.choice(breakable)
            kind = chance.choices(kinds, [KINDS[kind][0] for kind in kinds])[0]
            other = chance.choice([other for other in hosts if other != host]) if kind == "cut towards" else ""
            end = min(now + chance.uniform(LEAST_SECONDS, KINDS[kind][1] * share), seconds)
            faults.append(Fault(now, end, kind, host, other))
            broken_until[host] = end + RECOVERY_SECONDS
        now += chance.expovariate(1 / every)
    return faults


def _breakable(group: str, members: Sequence[str], sound: Sequence[str]) -> list[str]:
    """Return those of a group's hosts of which one more may be broken now."""
    spared = {"nats": len(members) // 2 + 1, "searchengine": 1}.get(group, 0)
    able = [host for host in members if host in sound]
    return able if len(able) > spared else []


def moments(faults: Sequence[Fault]) -> list[tuple[float, Literal["begin", "end"], Fault]]:
    """Return the beginnings and ends of `faults` in the order of time."""
    ends = ((fault.end, "end", fault) for fault in sorted(faults, key=lambda fault: fault.end))
    begins = ((fault.begin, "begin", fault) for fault in faults)
    return list(heapq.merge(begins, ends, key=lambda moment: moment[0]))  # type: ignore[arg-type]
