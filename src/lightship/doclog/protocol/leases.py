"""Leases, with a fencing token (the epoch) that grows with each owner."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Lease(NamedTuple):
    """A name held by one owner until it lapses; `epoch` is greater than that of every earlier holder."""

    name: str
    owner: str
    epoch: int


class Leases(Protocol):
    """Named leases, with a fencing token (the epoch) that grows with each new owner."""

    def acquire(self, name: str, owner: str, seconds: float) -> Lease | None:
        """Acquire `name` for `seconds`; None if another owner holds it."""

    def renew(self, lease: Lease, seconds: float) -> bool:
        """Renew `lease` for `seconds` from now; False if it was lost."""

    def release(self, lease: Lease) -> None:
        """Release `lease` if it is still held."""

    def order(self, name: str, *, renew: bool = False) -> int:
        """Return the order number of `name`, assigned at the first call; later names get greater numbers.

        With `renew` it gets a new number, the greatest. Like epochs, numbers keep growing even in a new log.
        """
