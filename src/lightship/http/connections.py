"""Which connections a listener keeps when there are more than it may have: see DESIGN.md."""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

PER_ADDRESS = 2  # one address may have the limit divided by that, unless a setting says more
EXTRA = 64  # connections beyond the limits that are heard, in case they are probes
SWEEP_SECONDS = 10.0  # between two looks at what was sent
TURN = 8  # requests of one address that begin in one turn of the event loop


class Connection(Protocol):
    """What is needed of one."""

    def cut(self) -> None:
        """End it at once."""

    def sweep(self) -> None:
        """End it if its client does not take what was sent to it; called each SWEEP_SECONDS."""


class Connections:
    """The connections of one listener, at most `most`, and `per_address` of one address (0: a share of `most`).

    One *waits* when its client has to send something: it has no whole request. When there is no room, the oldest that waits of
    the address with the most such is cut. For use by one event loop.
    """

    def __init__(self, most: int = 1000, per_address: int = 0) -> None:
        """Have none."""
        self._most, self._per_address = most, per_address or max(1, most // PER_ADDRESS)
        self._addresses: dict[Connection, str] = {}
        self._counts = Counter[str]()
        self._waiting: dict[str, dict[Connection, None]] = defaultdict(dict)  # by address, the oldest first
        self._extra: dict[Connection, None] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        self._begun = Counter[str]()  # requests in this turn of the loop
        self._later: dict[str, deque[Callable[[], None]]] = defaultdict(deque)
        self._turning = False
        self.delayed = 0  # requests that begin in a later turn
        self.parked = 0  # requests under way that want no work: they wait for something, or are being answered

    def join(self, connection: Connection, address: str) -> bool:
        """Take up a connection from `address` (see `address_of`); return whether there is room: otherwise only a probe is to be answered."""
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)
        if self._counts[address] >= self._per_address:
            crowded = address if self._waiting.get(address) else None
        elif len(self._addresses) >= self._most:
            crowded = max(self._waiting, key=lambda each: len(self._waiting[each]), default=None)
        else:
            self._add(connection, address)
            return True
        if crowded is None:
            self._extra[connection] = None
            if len(self._extra) > EXTRA:
                self._cut(next(iter(self._extra)))
            return False
        self._cut(next(iter(self._waiting[crowded])))
        self._add(connection, address)
        return True

    def _add(self, connection: Connection, address: str) -> None:
        self._addresses[connection] = address
        self._counts[address] += 1
        self._waiting[address][connection] = None

    def _cut(self, connection: Connection) -> None:
        self.leave(connection)
        connection.cut()

    def leave(self, connection: Connection) -> None:
        """Forget a connection that has ended, or is about to."""
        self.works(connection)
        self._extra.pop(connection, None)
        address = self._addresses.pop(connection, None)
        if address is not None:
            self._counts[address] -= 1
            if not self._counts[address]:
                del self._counts[address]

    def works(self, connection: Connection) -> None:
        """Note that a whole request of a connection is there."""
        address = self._addresses.get(connection)
        waiting = self._waiting.get(address) if address is not None else None
        if waiting is not None and address is not None:
            waiting.pop(connection, None)
            if not waiting:
                del self._waiting[address]

    def waits(self, connection: Connection) -> None:
        """Note that a connection has been answered."""
        if (address := self._addresses.get(connection)) is not None:
            self._waiting[address][connection] = None

    def begin(self, address: str, request: Callable[[], None]) -> None:
        """Call `request` now, or in a later turn of the loop if its address had its share of this one: one that asks much delays itself."""
        if self._begun[address] < TURN and address not in self._later:
            self._begun[address] += 1
            request()
        else:
            self._later[address].append(request)
            self.delayed += 1
        self._turn_soon()

    def _turn_soon(self) -> None:
        if not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._turning = False
        self._begun.clear()
        for address, requests in list(self._later.items()):
            for _ in range(min(TURN, len(requests))):
                self._begun[address] += 1
                self.delayed -= 1
                requests.popleft()()
            if not requests:
                del self._later[address]
        if self._begun:
            self._turn_soon()

    def _sweep(self) -> None:
        connections = [*self._addresses, *self._extra]
        for connection in connections:
            connection.sweep()
        self._sweeping = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep) if connections else None


@lru_cache(4096)
def address_of(host: str) -> str:
    """Return what counts as one address: of IPv6 the network that one customer has, /64."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ipaddress.IPv6Network((address, 64), strict=False))
