"""What is broken: the parts of a running system, where they are asked, and how something befalls them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from lightship.chaos.system.faults import Fault, Kind


class System(Protocol):
    """A running system, and the hands that break it. What blocks is called in a thread, one call after the other."""

    @property
    def kinds(self) -> Sequence[Kind]:
        """What can befall its parts."""

    @property
    def groups(self) -> Mapping[str, Sequence[str]]:
        """The names of its parts by what they do, like `searchengine`."""

    @property
    def replicas(self) -> Mapping[str, str]:
        """host:port of each searchengine, by name, as it is now."""

    @property
    def intakes(self) -> Mapping[str, str]:
        """host:port of each intake, by name, as it is now."""

    @property
    def is_alone(self) -> bool:
        """Tell whether it holds no documents but those of the test."""

    def begin(self, fault: Fault) -> None:
        """Let a fault begin."""

    def end(self, fault: Fault) -> None:
        """Let a fault end."""

    def look_after(self) -> bool:
        """Start again what has ended by itself, if nothing else does; tell whether all parts run. Called often."""

    def ended(self) -> list[str]:
        """Say of each part that ended by itself that it did."""
