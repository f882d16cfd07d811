"""Leases and orders in a table, by changes that name the revision which they replace."""

from __future__ import annotations

import time
import uuid

import msgspec

from lightship.doclog import Lease
from lightship.doclog.jetstream.table import Table
from lightship.doclog.watch import Watches


class _Held(msgspec.Struct):
    """A lease as it is stored; `nonce` makes each renewal another value."""

    owner: str
    epoch: int
    seconds: float
    nonce: str
    released: bool = False


class TableLeases:
    """Who owns what. A holder's time is measured by those who wait for its end: no clocks are compared."""

    def __init__(self, table: Table) -> None:
        """Keep the leases in `table`."""
        self._table = table
        self._watches = Watches()

    async def acquire(self, name: str, owner: str, seconds: float) -> Lease | None:
        """Take `name` (see Leases)."""
        row = await self._table.get(_key(name))
        held = msgspec.json.decode(row.data, type=_Held) if row.revision else None
        if (
            held is not None
            and not held.released
            and held.owner != owner
            and not self._watches.has_lapsed(name, row.revision, held.seconds)
        ):
            return None
        epoch = max(held.epoch + 1 if held else 1, int(time.time() * 1000))
        if not await self._store(name, _Held(owner, epoch, seconds, uuid.uuid4().hex), row.revision):
            return None  # another was faster
        return Lease(name, owner, epoch)

    async def renew(self, lease: Lease, seconds: float) -> bool:
        """Hold `lease` for `seconds` from now (see Leases)."""
        return await self._replace(lease, seconds)

    async def release(self, lease: Lease) -> None:
        """Give `lease` up, if it is still held; its epoch is remembered."""
        await self._replace(lease, 0, released=True)

    async def _replace(self, lease: Lease, seconds: float, *, released: bool = False) -> bool:
        while True:
            row = await self._table.get(_key(lease.name))
            held = msgspec.json.decode(row.data, type=_Held) if row.revision else None
            if held is None or held.released or (held.owner, held.epoch) != lease[1:]:
                return False
            changed = _Held(lease.owner, lease.epoch, seconds, uuid.uuid4().hex, released)
            if await self._store(lease.name, changed, row.revision):
                return True

    async def _store(self, name: str, held: _Held, revision: int) -> bool:
        return await self._table.swap(_key(name), msgspec.json.encode(held), revision)

    async def order(self, name: str, *, anew: bool) -> int:
        """Return the number of `name` (see Leases)."""
        while True:
            row = await self._table.get("orders")
            numbers = msgspec.json.decode(row.data, type=dict[str, int]) if row.revision else {}
            if name in numbers and not anew:
                return numbers[name]
            number = max([*(known + 1 for known in numbers.values()), int(time.time() * 1000)])
            if await self._table.swap("orders", msgspec.json.encode(numbers | {name: number}), row.revision):
                return number


def _key(name: str) -> str:
    return f"lease/{name}"
