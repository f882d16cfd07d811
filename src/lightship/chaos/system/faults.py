"""The schedule of faults: what breaks, when and for how long, from a seeded generator, so that a seed repeats a run.

The schedule always leaves a majority of the NATS servers (three servers tolerate the loss of one, one server tolerates
none) and at least one searchengine intact. It never breaks one host in two ways at once, nor the host of the clients.
Everything else may coincide: the leader and the standby of a shard, several shards, a searchengine and a NATS server.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["kill", "pause", "cut", "cut towards", "fill the disk"]

# Relative frequency, and maximum duration in seconds
KINDS: dict[Kind, tuple[int, float]] = {
    "kill": (5, 15.0),
    "pause": (3, 60.0),
    "cut": (2, 30.0),
    "cut towards": (2, 30.0),
    "fill the disk": (1, 20.0),
}
LEAST_SECONDS = 0.5
RECOVERY_SECONDS = 2.0  # for which a repaired host is left alone
WHOLE = 600.0  # seconds of a run with the durations above; faults of shorter runs are proportionally shorter
LEAST_SHARE = 0.15


@dataclass(frozen=True)
class Fault:
    """A fault of the part `host` from `begin` to `end`, in seconds of the run; `other` is the far end of a cut link."""

    begin: float
    end: float
    kind: Kind
    host: str
    other: str = ""

    def __str__(self) -> str:
        """Describe it in one line."""
        towards = f" {self.other}" if self.other else ""
        return f"{self.begin:6.1f} to {self.end:6.1f} s: {self.kind}{towards}: {self.host}"


def schedule(
    seed: int,
    seconds: float,
    groups: Mapping[str, Sequence[str]],
    kinds: Sequence[Kind] = (*KINDS,),
    every: float = 2.5,
) -> list[Fault]:
    """Return the faults of a run of `seconds`, sorted by start time, one every `every` seconds on average.

    `groups` are the hosts' names by role; some are spared (see the module). `kinds` are the faults to use.
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
    """Return the hosts of a group of which one more may be broken now."""
    spared = {"nats": len(members) // 2 + 1, "searchengine": 1}.get(group, 0)
    able = [host for host in members if host in sound]
    return able if len(able) > spared else []


def moments(faults: Sequence[Fault]) -> list[tuple[float, Literal["begin", "end"], Fault]]:
    """Return the starts and ends of `faults` in chronological order."""
    ends = ((fault.end, "end", fault) for fault in sorted(faults, key=lambda fault: fault.end))
    begins = ((fault.begin, "begin", fault) for fault in faults)
    return list(heapq.merge(begins, ends, key=lambda moment: moment[0]))  # type: ignore[arg-type]
