"""Leases and orders in the log's SQLite file."""

from __future__ import annotations

import time

from lightship.doclog import Lease
from lightship.doclog.database import Database
from lightship.doclog.watch import Watches

# The tables that files of the first version lack are made when first used
_RENEWALS = (
    "create table if not exists renewals (name text primary key, number integer not null, seconds real not null)"
    " without rowid"
)
_ORDERS = "create table if not exists orders (name text primary key, number integer not null) without rowid"


class SqliteLeases:
    """Who owns what. A holder's time is measured by those who wait for its end; `expires` only says whether it was given up."""

    def __init__(self, database: Database) -> None:
        """Keep the leases in `database`."""
        self._database = database
        self._watches = Watches()

    def acquire(self, name: str, owner: str, seconds: float) -> Lease | None:
        """Take `name` (see Leases); the owner that holds it already gets it again, with a new epoch."""
        with self._database.transaction() as db:
            db.execute(_RENEWALS)
            row = db.execute(
                "select owner, epoch, expires, coalesce(number, 0), coalesce(seconds, ?)"
                " from leases left join renewals using (name) where name = ?",
                (seconds, name),
            ).fetchone()
            holder, epoch, expires, number, held = row or (owner, 0, 0.0, 0, seconds)
            if holder != owner and expires > 0 and not self._watches.has_lapsed(name, (epoch, number), held):
                return None
            now = time.time()
            epoch = max(epoch + 1, int(now * 1000))  # the time, so that it grows even when the log is made anew
            db.execute("insert or replace into leases values (?, ?, ?, ?)", (name, owner, epoch, now + seconds))
            db.execute("insert or replace into renewals values (?, ?, ?)", (name, number + 1, seconds))
        return Lease(name, owner, epoch)

    def renew(self, lease: Lease, seconds: float) -> bool:
        """Hold `lease` for `seconds` from now, also when it has lapsed but nobody took it; False when it was lost."""
        return self._replace(lease, time.time() + seconds, seconds)

    def release(self, lease: Lease) -> None:
        """Give `lease` up, if it is still held; its epoch is remembered."""
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

    def order(self, name: str, *, anew: bool = False) -> int:
        """Return the number of `name` (see Leases)."""
        with self._database.transaction() as db:
            db.execute(_ORDERS)
            number: int | None = db.execute("select number from orders where name = ?", (name,)).get
            if number is None or anew:
                greatest = db.execute("select max(number) from orders").get or 0
                number = max(greatest + 1, int(time.time() * 1000))  # like an epoch
                db.execute("insert or replace into orders values (?, ?)", (name, number))
        return number
