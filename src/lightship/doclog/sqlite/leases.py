"""Leases and orders in the log's SQLite file."""

from __future__ import annotations

import time
from typing import NamedTuple

from lightship.doclog.protocol.lease_watch import LeaseWatches
from lightship.doclog.protocol.leases import Lease
from lightship.runtime.database import Database

# Tables that files of the first version lack are created on first use
_RENEWALS = (
    "create table if not exists renewals (name text primary key, number integer not null, seconds real not null)"
    " without rowid"
)
_ORDERS = "create table if not exists orders (name text primary key, number integer not null) without rowid"


class _Held(NamedTuple):
    owner: str
    epoch: int
    expires: float
    number: int
    seconds: float


class SqliteLeases:
    """Leases whose duration is measured by those waiting for them; `expires` only says whether one was released."""

    def __init__(self, database: Database) -> None:
        """Keep the leases in `database`."""
        self._database = database
        self._watches = LeaseWatches()

    def acquire(self, name: str, owner: str, seconds: float) -> Lease | None:
        """Acquire `name` (see Leases); its current owner gets it again, with a new epoch."""
        with self._database.transaction() as db:
            db.execute(_RENEWALS)
            row = db.execute(
                "select owner, epoch, expires, coalesce(number, 0), coalesce(seconds, ?)"
                " from leases left join renewals using (name) where name = ?",
                (seconds, name),
            ).fetchone()
            holder, epoch, expires, number, held = self._database.checked(row or (owner, 0, 0.0, 0, seconds), _Held)
            if holder != owner and expires > 0 and not self._watches.has_lapsed(name, (epoch, number), held):
                return None
            now = time.time()
            epoch = max(epoch + 1, int(now * 1000))  # the time, so that it grows even if the log is created again
            db.execute("insert or replace into leases values (?, ?, ?, ?)", (name, owner, epoch, now + seconds))
            db.execute("insert or replace into renewals values (?, ?, ?)", (name, number + 1, seconds))
        return Lease(name, owner, epoch)

    def renew(self, lease: Lease, seconds: float) -> bool:
        """Renew `lease` for `seconds` from now, even if it lapsed but was not taken; False if it was lost."""
        return self._replace(lease, time.time() + seconds, seconds)

    def release(self, lease: Lease) -> None:
        """Release `lease` if it is still held; its epoch is kept."""
        self._replace(lease, 0.0, 0.0)

    def _replace(self, lease: Lease, expires: float, seconds: float) -> bool:
        with self._database.transaction() as db:
            db.execute(_RENEWALS)
            db.execute(
                "update leases set expires = ? where name = ? and owner = ? and epoch = ? and expires > 0",
                (expires, *lease),
            )
            if not db.changes():
                return False
            db.execute(
                "insert into renewals values (?, 1, ?) on conflict (name)"
                " do update set number = number + 1, seconds = excluded.seconds",
                (lease.name, seconds),
            )
        return True

    def order(self, name: str, *, renew: bool = False) -> int:
        """Return the number of `name` (see Leases)."""
        with self._database.transaction() as db:
            db.execute(_ORDERS)
            found = db.execute("select number from orders where name = ?", (name,)).get
            number = 0 if found is None else self._database.checked(found, int)
            if found is None or renew:
                greatest = self._database.checked(db.execute("select max(number) from orders").get or 0, int)
                number = max(greatest + 1, int(time.time() * 1000))  # like an epoch
                db.execute("insert or replace into orders values (?, ?)", (name, number))
        return number
