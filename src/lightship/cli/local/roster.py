"""Which processes of a `lightship up` may be broken: a file in its data folder, for `lightship chaos`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lightship.chaos.system import processes
from lightship.cli.local.supervisor import Part

KINDS = ("searchengine", "indexer", "standby", "crawler")


class Roster:
    """Keeps the file true to what runs, when it is `marked`; when not, there is none."""

    def __init__(self, folder: str, parts: Sequence[Part], addresses: Mapping[str, str], *, marked: bool) -> None:
        """Tell of `parts` in the data folder `folder`; `addresses` has those that are asked something, by name."""
        self._folder, self._addresses, self._marked = folder, addresses, marked
        self._parts = [part for part in parts if part.name.partition("-")[0] in KINDS]
        self._told: list[processes.Part] = []
        self.remove()  # that of an `up` which was killed

    def update(self) -> None:
        """Tell what runs, if that has changed."""
        found = [self._entry(part) for part in self._parts]
        if self._marked and found != self._told:
            processes.write_marked(self._folder, found)
            self._told = found

    def remove(self) -> None:
        """Remove the file."""
        processes.remove_marked(self._folder)

    def _entry(self, part: Part) -> processes.Part:
        process = part.process.pid if part.process is not None and part.process.returncode is None else 0
        kind = part.name.partition("-")[0]
        return processes.Part(part.name, kind, process, self._addresses.get(part.name, ""))
