"""What breaks, when and for how long: drawn by a seeded generator, so that a seed repeats a run's schedule.

What the schedule never does: it never breaks two NATS hosts at once (a log of three servers bears one), never all replicas
at once, never one host in two ways at once, and never the host of the clients. Everything else may coincide: the leader and
the standby of a shard, several shards, a replica and a NATS server, and so on.
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
WHOLE = 600.0  # seconds of a run whose faults last as long as the table says; those of shorter ones are shorter
LEAST_SHARE = 0.15


@dataclass(frozen=True)
class Fault:
    """`kind` befalls `host` from `begin` to `end`, in seconds of the run; `other` is where a cut link leads."""

    begin: float
    end: float
    kind: Kind
    host: str
    other: str = ""

    def __str__(self) -> str:
        """Tell it in a line."""
        towards = f" {self.other}" if self.other else ""
        return f"{self.begin:6.1f} to {self.end:6.1f} s: {self.kind}{towards}: {self.host}"


def schedule(seed: int, seconds: float, groups: Mapping[str, Sequence[str]], every: float = 2.5) -> list[Fault]:
    """Return the faults of a run of `seconds`, by their beginnings, one `every` so many seconds on average.

    `groups` are the hosts' names by what they do; `nats` and `searchengine` are spared as said above.
    """
    chance = random.Random(seed)
    share = max(LEAST_SHARE, min(1.0, seconds / WHOLE))
    group_of = {host: group for group, hosts in groups.items() for host in hosts}
    broken_until = dict.fromkeys(group_of, 0.0)
    faults: list[Fault] = []
    now = chance.expovariate(1 / every)
    while now < seconds:
        kind = chance.choices(list(KINDS), [weight for weight, _ in KINDS.values()])[0]
        length = chance.uniform(LEAST_SECONDS, KINDS[kind][1] * share)
        host, other = chance.choice(list(group_of)), chance.choice(list(group_of))
        group = group_of[host]
        end = min(now + length, seconds)
        broken = [name for name in groups[group] if broken_until[name] > now]
        most = {"nats": 1, "searchengine": len(groups[group]) - 1}.get(group, len(groups[group]))
        if host not in broken and len(broken) < most and other != host:
            towards = other if kind == "cut towards" else ""
            faults.append(Fault(now, end, kind, host, towards))
            broken_until[host] = end + 1.0  # a while to come back
        now += chance.expovariate(1 / every)
    return faults


def moments(faults: Sequence[Fault]) -> list[tuple[float, Literal["begin", "end"], Fault]]:
    """Return the beginnings and ends of `faults` in the order of time."""
    ends = ((fault.end, "end", fault) for fault in sorted(faults, key=lambda fault: fault.end))
    begins = ((fault.begin, "begin", fault) for fault in faults)
    return list(heapq.merge(begins, ends, key=lambda moment: moment[0]))  # type: ignore[arg-type]
