"""The processes of a `lightship up --chaos`, listed in a file of its data folder.

`up` restarts killed processes. So a killed part is away until then, not for the duration in the schedule.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Mapping, Sequence

import msgspec

from lightship.chaos.system.faults import Fault, Kind
from lightship.core.errors import ConfigurationError
from lightship.runtime.files import lock_folder, write_atomically

FILE = "chaos.json"
LOCK = "up.lock"  # held by a running `up`
KINDS: tuple[Kind, ...] = ("kill", "pause")


class Part(msgspec.Struct, frozen=True):
    """One process; `process` is its id (0: not running), `address` its host:port if it serves requests."""

    name: str
    kind: str
    process: int
    address: str


class Marked(msgspec.Struct, frozen=True):
    """The contents of the file: all parts that may be broken."""

    parts: list[Part]


def write_marked(folder: str, parts: Sequence[Part]) -> None:
    """Write to the data folder of an `up` which parts may be broken."""
    write_atomically(os.path.join(folder, FILE), msgspec.json.format(msgspec.json.encode(Marked(list(parts)))))


def remove_marked(folder: str) -> None:
    """Remove the file: no part may be broken."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(folder, FILE))


class Processes:
    """The System of a running `up --chaos`."""

    kinds: Sequence[Kind] = KINDS
    is_alone = False

    def __init__(self, folder: str) -> None:
        """Find the parts running in a data folder. Raises ConfigurationError if none run, or they are not marked."""
        self._folder, self._ended = folder, list[str]()
        _check_running(folder)
        self._parts = self._read()
        self._killed = dict.fromkeys(self._parts, 0)
        for name in self._parts:  # a killed run may have left some paused
            self._signal(name, signal.SIGCONT)

    @property
    def groups(self) -> Mapping[str, Sequence[str]]:
        """The names of the parts by role."""
        kinds: dict[str, list[str]] = {}
        for part in self._parts.values():
            kinds.setdefault(part.kind, []).append(part.name)
        return kinds

    @property
    def replicas(self) -> Mapping[str, str]:
        """host:port of each searchengine."""
        return {part.name: part.address for part in self._parts.values() if part.kind == "searchengine"}

    @property
    def intakes(self) -> Mapping[str, str]:
        """host:port of each intake."""
        return {part.name: part.address for part in self._parts.values() if part.kind == "indexer" and part.address}

    def begin(self, fault: Fault) -> None:
        """Kill or pause a process."""
        self.look_after()  # the part may have been restarted since
        if fault.kind == "kill":
            self._killed[fault.host] = self._parts[fault.host].process
            self._signal(fault.host, signal.SIGKILL)
        else:
            self._signal(fault.host, signal.SIGSTOP)

    def end(self, fault: Fault) -> None:
        """Resume a paused process; a killed one is restarted by `up`."""
        if fault.kind == "pause":
            self._signal(fault.host, signal.SIGCONT)

    def look_after(self) -> bool:
        """Whether all parts run, in processes other than the killed ones; records parts that crashed.

        Raises ConfigurationError if `up` is no longer running: its process ids may have been reused.
        """
        _check_running(self._folder)
        found = self._read()
        for name, part in self._parts.items():
            before, now = part.process, found[name].process
            if before and now != before != self._killed[name]:
                self._ended.append(f"{name} crashed, or was stopped by something else")
        self._parts = found
        return all(part.process not in (0, self._killed[name]) for name, part in found.items())

    def ended(self) -> list[str]:
        """Return the parts that crashed."""
        return self._ended

    def _read(self) -> dict[str, Part]:
        try:
            with open(os.path.join(self._folder, FILE), "rb") as file:
                parts = msgspec.json.decode(file.read(), type=Marked).parts
        except FileNotFoundError:
            raise ConfigurationError(
                f"the system in {self._folder} is not marked for chaos; start it with `lightship up --chaos`,"
                " or set `chaos = true` for its environment in lightship.toml"
            ) from None
        return {part.name: part for part in parts}

    def _signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a part's process, if it runs."""
        if process := self._parts[name].process:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)


def _check_running(folder: str) -> None:
    """Raise ConfigurationError unless an `up` runs in the folder: a killed one leaves a file with stale process ids."""
    if os.path.isdir(folder):
        try:
            lock_folder(folder, LOCK, "").close()
        except ConfigurationError:
            return
    raise ConfigurationError(
        f"no `lightship up` is running in {folder}; start it with --chaos, or name its data folder"
    )
