"""Which connections a listener keeps when the limit is reached: see rpc/DESIGN.md."""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from typing import Protocol

from lightship.core.caching import cache_short

PER_ADDRESS = 2  # one address may have the limit divided by this, unless set otherwise
EXTRA = 64  # connections beyond the limits that may send a request, in case it is a probe
SWEEP_SECONDS = 10.0  # between two checks for clients that do not read their answers
TURN = 8  # requests of one address that start in one iteration of the event loop


class Connection(Protocol):
    """A connection, as far as `Connections` needs it."""

    def cut(self) -> None:
        """Close it at once."""

    def sweep(self) -> None:
        """Close it if its client does not read what was sent; called every SWEEP_SECONDS."""


class Connections:
    """The connections of one listener: at most `most`, and `per_address` from one address (0: a share of `most`).

    A connection *waits* while it has no complete request. When the limit is reached, the address with the most waiting
    connections loses its oldest one. For use in one event loop.
    """

    def __init__(self, most: int = 1000, per_address: int = 0) -> None:
        """Start without connections."""
        self._most, self._per_address = most, per_address or max(1, most // PER_ADDRESS)
        self._addresses: dict[Connection, str] = {}
        self._counts = Counter[str]()
        self._waiting: dict[str, dict[Connection, None]] = defaultdict(dict)  # by address, the oldest first
        self._extra: dict[Connection, None] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        self._begun = Counter[str]()  # requests started in this iteration of the loop, by address
        self._later: dict[str, deque[Callable[[], None]]] = defaultdict(deque)
        self._turning = False
        self.delayed = 0  # requests postponed to a later iteration
        self.parked = 0  # requests in flight that need no work now: they wait for something, or are being sent

    def join(self, connection: Connection, address: str) -> bool:
        """Register a connection from `address` (see `address_of`); False if it is over the limit and may only probe."""
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
        """Forget a connection that is closed or closing."""
        self.works(connection)
        self._extra.pop(connection, None)
        address = self._addresses.pop(connection, None)
        if address is not None:
            self._counts[address] -= 1
            if not self._counts[address]:
                del self._counts[address]

    def works(self, connection: Connection) -> None:
        """Note that a connection has sent a complete request."""
        address = self._addresses.get(connection)
        waiting = self._waiting.get(address) if address is not None else None
        if waiting is not None and address is not None:
            waiting.pop(connection, None)
            if not waiting:
                del self._waiting[address]

    def waits(self, connection: Connection) -> None:
        """Note that a connection has been answered, and waits for its next request."""
        if (address := self._addresses.get(connection)) is not None:
            self._waiting[address][connection] = None

    def begin(self, address: str, request: Callable[[], None]) -> None:
        """Call `request` now, or in a later iteration of the loop if `address` has used its share of this one.

        So a busy client delays only itself.
        """
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


@cache_short(entries=4096, longest=64)
def address_of(host: str) -> str:
    """Return what counts as one address: for IPv6 the /64 network, which is what one customer usually gets."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ipaddress.IPv6Network((address, 64), strict=False))
