"""Leases: who owns what, with a fencing number that grows with each owner."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Lease(NamedTuple):
    """A name held by one owner until it lapses; `epoch` is greater than that of every earlier holder."""

    name: str
    owner: str
    epoch: int


class Leases(Protocol):
    """Who owns what, with a fencing number (the epoch) that grows with each new owner."""

    def acquire(self, name: str, owner: str, seconds: float) -> Lease | None:
        """Take `name` for `seconds`; None when another owner holds it."""

    def renew(self, lease: Lease, seconds: float) -> bool:
        """Hold `lease` for `seconds` from now; False when it was lost."""

    def release(self, lease: Lease) -> None:
        """Give `lease` up, if it is still held."""

    def order(self, name: str, *, anew: bool = False) -> int:
        """Return the number that `name` was given when it was first asked for; names that come later get greater ones.

        With `anew` it is given a new number, the greatest. Numbers grow over a log made anew, as epochs do.
        """
