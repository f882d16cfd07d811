"""A system under test that only records its faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lightship.chaos.system.faults import Fault, Kind


class Recording:
    """A System of two searchengines; `told` records what began and ended; hosts in `stuck` can't be repaired."""

    kinds: Sequence[Kind] = ("kill", "pause")
    groups: Mapping[str, Sequence[str]] = {"searchengine": ["s0", "s1"]}
    replicas: Mapping[str, str] = {"s0": "localhost:1", "s1": "localhost:2"}
    intakes: Mapping[str, str] = {}
    is_alone = True

    def __init__(self) -> None:
        self.told = list[str]()
        self.stuck = set[str]()
        self.looks = iter([True])

    def begin(self, fault: Fault) -> None:
        self.told.append(f"{fault.kind} {fault.host}")

    def end(self, fault: Fault) -> None:
        if fault.host in self.stuck:
            raise OSError(fault.host)
        self.told.append(f"heal {fault.host}")

    def look_after(self) -> bool:
        return next(self.looks)

    def ended(self) -> list[str]:
        return []
