"""The list of processes that `lightship chaos` may break: a file in the data folder of a `lightship up --chaos`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lightship.chaos.system import processes
from lightship.cli.local.supervisor import Part

KINDS = ("searchengine", "indexer", "standby", "crawler")


class Roster:
    """Keeps the file up to date with the running processes if `marked`; otherwise there is no file."""

    def __init__(self, folder: str, parts: Sequence[Part], addresses: Mapping[str, str], *, marked: bool) -> None:
        """List `parts` in a file in `folder`; `addresses` has host:port of those that serve requests, by name."""
        self._folder, self._addresses, self._marked = folder, addresses, marked
        self._parts = [part for part in parts if part.name.partition("-")[0] in KINDS]
        self._written: list[processes.Part] = []
        self.remove()  # left by an `up` that was killed

    def update(self) -> None:
        """Write the file again if the processes have changed."""
        found = [self._entry(part) for part in self._parts]
        if self._marked and found != self._written:
            processes.write_marked(self._folder, found)
            self._written = found

    def remove(self) -> None:
        """Remove the file."""
        processes.remove_marked(self._folder)

    def _entry(self, part: Part) -> processes.Part:
        process = part.process.pid if part.process is not None and part.process.returncode is None else 0
        kind = part.name.partition("-")[0]
        return processes.Part(part.name, kind, process, self._addresses.get(part.name, ""))
