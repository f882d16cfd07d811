"""Leases and orders in a key-value bucket, changed by compare-and-swap."""

from __future__ import annotations

import time
import uuid

import msgspec

from lightship.doclog.jetstream.client.kv import KeyValue
from lightship.doclog.protocol.lease_watch import LeaseWatches
from lightship.doclog.protocol.leases import Lease


class _Held(msgspec.Struct):
    """A stored lease; `nonce` makes the value of each renewal unique."""

    owner: str
    epoch: int
    seconds: float
    nonce: str
    released: bool = False


class KeyValueLeases:
    """Leases whose duration is measured by those waiting for them, so that no clocks are compared."""

    def __init__(self, kv: KeyValue) -> None:
        """Keep the leases in `kv`."""
        self._kv = kv
        self._watches = LeaseWatches()

    async def acquire(self, name: str, owner: str, seconds: float) -> Lease | None:
        """Acquire `name` (see Leases)."""
        row = await self._kv.get(_key(name))
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
            return None  # another process was faster
        return Lease(name, owner, epoch)

    async def renew(self, lease: Lease, seconds: float) -> bool:
        """Renew `lease` for `seconds` from now (see Leases)."""
        return await self._replace(lease, seconds)

    async def release(self, lease: Lease) -> None:
        """Release `lease` if it is still held; its epoch is kept."""
        await self._replace(lease, 0, released=True)

    async def _replace(self, lease: Lease, seconds: float, *, released: bool = False) -> bool:
        while True:
            row = await self._kv.get(_key(lease.name))
            held = msgspec.json.decode(row.data, type=_Held) if row.revision else None
            if held is None or held.released or (held.owner, held.epoch) != lease[1:]:
                return False
            changed = _Held(lease.owner, lease.epoch, seconds, uuid.uuid4().hex, released)
            if await self._store(lease.name, changed, row.revision):
                return True

    async def _store(self, name: str, held: _Held, revision: int) -> bool:
        return await self._kv.swap(_key(name), msgspec.json.encode(held), revision)

    async def order(self, name: str, *, renew: bool) -> int:
        """Return the number of `name` (see Leases)."""
        while True:
            row = await self._kv.get("orders")
            numbers = msgspec.json.decode(row.data, type=dict[str, int]) if row.revision else {}
            if name in numbers and not renew:
                return numbers[name]
            number = max([*(known + 1 for known in numbers.values()), int(time.time() * 1000)])
            if await self._kv.swap("orders", msgspec.json.encode(numbers | {name: number}), row.revision):
                return number


def _key(name: str) -> str:
    return f"lease/{name}"
