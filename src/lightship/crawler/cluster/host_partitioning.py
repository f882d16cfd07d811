"""Partitions hosts among the crawlers that share a log.

Hosts are hashed into slots, and each slot belongs to one crawler. An additional crawler takes its share of slots from
all others; no slot moves between those. A crawler holds the lease of each of its slots, for as long as the longest
interval between two visits to a page. So the next owner of a slot starts only after the former one has handed it over,
or after so long that every page is due anyway: no page is fetched twice within its interval.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Sequence

from lightship.core import urls
from lightship.core.errors import ConfigurationError
from lightship.doclog import Lease, Log

logger = logging.getLogger(__name__)

SLOTS = 64
LEAST_SECONDS = 60.0  # shortest duration of a lease
RENEWALS = 4  # per duration of a lease
RETRY_SECONDS = 1.0  # between two attempts to acquire slots that others hold
TOLD_SECONDS = 60.0


def slot_of(name: str) -> int:
    """Return the slot, in [0, SLOTS), of a host or a source's name; the same on every machine."""
    return hashlib.blake2b(name.encode(), digest_size=8).digest()[0] % SLOTS


def owners(crawlers: int) -> list[int]:
    """Return the owner, in [0, crawlers), of each slot; the crawlers' numbers of slots differ by at most one.

    Each additional crawler takes its share from those with the most slots, chosen by its hash.
    """
    found = [0] * SLOTS
    for new in range(1, crawlers):
        for _ in range(SLOTS // (new + 1)):
            fullest = max(range(new), key=found.count)
            found[min((slot for slot in range(SLOTS) if found[slot] == fullest), key=_order(new))] = new
    return found


def _order(crawler: int) -> Callable[[int], bytes]:
    return lambda slot: hashlib.blake2b(f"{slot}/{crawler}".encode(), digest_size=8).digest()


def box_of(crawler: int) -> str:
    """Return the mailbox of a crawler."""
    return f"crawler {crawler}"


class HostPartitioning:
    """The slots of crawler `number` of `crawlers`, leased in `log` for `seconds`. One thread changes them."""

    def __init__(self, log: Log, number: int, crawlers: int, seconds: float) -> None:
        """Hold nothing yet; a crawler whose `number` is not below `crawlers` owns nothing, and hands over its hosts."""
        self.log, self.number, self.crawlers = log, number, crawlers
        self._seconds = max(seconds, LEAST_SECONDS)
        self._owners = owners(crawlers)
        self._leases: dict[int, Lease] = {}
        self._renew_at = self._try_at = self._tell_at = 0.0

    def owner(self, url: str) -> int:
        """Return the number of the crawler that should own the host of a normal URL."""
        return self._owners[slot_of(urls.address(url)[0])]

    def wants(self, url: str) -> bool:
        """Whether this crawler should own the host of a normal URL."""
        return self.owner(url) == self.number

    def wants_source(self, name: str) -> bool:
        """Whether this crawler should read a source that is not a website."""
        return self._owners[slot_of(name)] == self.number

    def holds(self, url: str) -> bool:
        """Whether this crawler now holds the host of a normal URL."""
        return slot_of(urls.address(url)[0]) in self._leases

    @property
    def others(self) -> Sequence[int]:
        """The numbers of the other crawlers."""
        return [number for number in range(self.crawlers) if number != self.number]

    def release_others(self) -> None:
        """Release the slots that belong to others; the data about their hosts must be in the owners' mailboxes."""
        for slot in range(SLOTS):
            if self._owners[slot] != self.number and (lease := self._acquire(slot)):
                self.log.release(lease)

    def work(self) -> dict[int, Lease]:
        """Renew held leases, and return newly acquired ones, to be passed to `hold`.

        Raises ConfigurationError if another process uses this crawler's number.
        """
        now = time.monotonic()
        if now >= self._renew_at:
            self._renew()
            self._renew_at = now + self._seconds / RENEWALS
        missing = [slot for slot in range(SLOTS) if self._owners[slot] == self.number and slot not in self._leases]
        if not missing or now < self._try_at:
            return {}
        self._try_at = now + RETRY_SECONDS
        gotten = {slot: lease for slot in missing if (lease := self._acquire(slot))}
        if len(gotten) < len(missing) and now >= self._tell_at:
            self._tell_at = now + TOLD_SECONDS
            logger.info(
                "%d of %d host slots are still held by another crawler; start that one with -crawlers=%d to make it"
                " hand them over", len(missing) - len(gotten), self._owners.count(self.number), self.crawlers,
            )  # fmt: skip
        return gotten

    def hold(self, gotten: dict[int, Lease]) -> None:
        """Hold the leases from `work`, after the data about their hosts has been read from the mailbox."""
        self._leases.update(gotten)
        if gotten and self.crawlers > 1:
            wanted = self._owners.count(self.number)
            logger.info("this crawler holds %d of %d host slots", len(self._leases), wanted)

    def _acquire(self, slot: int) -> Lease | None:
        return self.log.acquire(f"crawl/{slot}", box_of(self.number), self._seconds)

    def _renew(self) -> None:
        for slot, lease in self._leases.items():
            if not self.log.renew(lease, self._seconds):
                raise ConfigurationError(
                    f"another crawler has acquired host slot {slot} of this one; give each crawler a -crawler number of its own,"
                    " and all the same -crawlers"
                )
