"""Which hosts are this crawler's, of several that share a log.

Hosts fall into slots by hash, and each slot belongs to one crawler: one more crawler takes its part of the slots from all
others, and no slot moves between those. A crawler holds the lease of each of its slots, for as
long as the longest interval between two visits to a page. So who is to have a slot next begins only when the former one has
handed it over, or when so much time went by that every page is due anyway: no page is fetched twice within its interval.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Sequence

from lightship.crawler import urls
from lightship.doclog import Lease, Log
from lightship.errors import ConfigurationError

logger = logging.getLogger(__name__)

SLOTS = 64
LEAST_SECONDS = 60.0  # of a lease
RENEWALS = 4  # in the time of a lease
RETRY_SECONDS = 1.0  # between two tries to get the slots that others hold
TOLD_SECONDS = 60.0


def slot_of(name: str) -> int:
    """Return the slot, in [0, SLOTS), of a host or of the name of a source; the same on every machine."""
    return hashlib.blake2b(name.encode(), digest_size=8).digest()[0] % SLOTS


def owners(crawlers: int) -> list[int]:
    """Return the number of the crawler, of `crawlers`, that is to have each slot: they differ by one at most.

    Each crawler that joins takes its part from those that have most; which of their slots, its hash says.
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


class Share:
    """The slots of crawler `number` of `crawlers`, held in `log` for `seconds`. Used by one thread, but for questions."""

    def __init__(self, log: Log, number: int, crawlers: int, seconds: float) -> None:
        """Hold nothing yet; a `number` that is not below `crawlers` owns nothing, and hands over what it has."""
        self.log, self.number, self.crawlers = log, number, crawlers
        self._seconds = max(seconds, LEAST_SECONDS)
        self._owners = owners(crawlers)
        self._leases: dict[int, Lease] = {}
        self._renew_at = self._try_at = self._tell_at = 0.0

    def owner(self, url: str) -> int:
        """Return the number of the crawler that is to have the host of a normal url."""
        return self._owners[slot_of(urls.address(url)[0])]

    def wants(self, url: str) -> bool:
        """Return whether the host of a normal url is to be this crawler's."""
        return self.owner(url) == self.number

    def wants_source(self, name: str) -> bool:
        """Return whether a source that is no website is to be read by this crawler."""
        return self._owners[slot_of(name)] == self.number

    def holds(self, url: str) -> bool:
        """Return whether the host of a normal url is this crawler's, now."""
        return slot_of(urls.address(url)[0]) in self._leases

    @property
    def others(self) -> Sequence[int]:
        """The numbers of the other crawlers."""
        return [number for number in range(self.crawlers) if number != self.number]

    def give_up(self) -> None:
        """Release what is another's by now; what was known of its hosts must lie in that one's mailbox."""
        for slot in range(SLOTS):
            if self._owners[slot] != self.number and (lease := self._acquire(slot)):
                self.log.release(lease)

    def work(self) -> dict[int, Lease]:
        """Keep what is held, and return what more could be had; it is held when it is given to `hold`.

        Raises ConfigurationError when another process calls itself by this crawler's number.
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
                "%d of %d slots of hosts are another crawler's still: it hands them over when it is started with"
                " -crawlers=%d", len(missing) - len(gotten), self._owners.count(self.number), self.crawlers,
            )  # fmt: skip
        return gotten

    def hold(self, gotten: dict[int, Lease]) -> None:
        """Hold what `work` has gotten: what was known of its hosts was read from the mailbox since then."""
        self._leases.update(gotten)
        if gotten and self.crawlers > 1:
            wanted = self._owners.count(self.number)
            logger.info("%d of %d slots of hosts are this crawler's", len(self._leases), wanted)

    def _acquire(self, slot: int) -> Lease | None:
        return self.log.acquire(f"crawl/{slot}", box_of(self.number), self._seconds)

    def _renew(self) -> None:
        for slot, lease in self._leases.items():
            if not self.log.renew(lease, self._seconds):
                raise ConfigurationError(
                    f"another crawler has taken slot {slot} of this one's hosts: give each its own -crawler, below the"
                    " same -crawlers"
                )
