"""The protocol of a system under test: its parts, their addresses, and how to inject faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from lightship.chaos.system.faults import Fault, Kind


class System(Protocol):
    """A running system that can be broken. The blocking methods are called in a thread, one call at a time."""

    @property
    def kinds(self) -> Sequence[Kind]:
        """The kinds of faults that it supports."""

    @property
    def groups(self) -> Mapping[str, Sequence[str]]:
        """The names of its parts by role, like `searchengine`."""

    @property
    def replicas(self) -> Mapping[str, str]:
        """host:port of each searchengine, by name; it may change."""

    @property
    def intakes(self) -> Mapping[str, str]:
        """host:port of each intake, by name; it may change."""

    @property
    def is_alone(self) -> bool:
        """Whether it holds only the documents of the test."""

    def begin(self, fault: Fault) -> None:
        """Start a fault."""

    def end(self, fault: Fault) -> None:
        """End a fault."""

    def look_after(self) -> bool:
        """Restart crashed parts, if nothing else does; True if all parts run. Called often."""

    def ended(self) -> list[str]:
        """Return a line for each part that crashed."""
