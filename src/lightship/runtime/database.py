"""One SQLite file that several threads and processes share: connections, transactions, and errors in our words."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import apsw

from lightship.core.errors import (
    ConfigurationError,
    IncompatibleIndexError,
    LightshipError,
    OutOfSpaceError,
    UnavailableError,
)

BUSY_SECONDS = 30.0
RETRY_SECONDS = 0.004


class Database:
    """The SQLite file `path`, in WAL mode, with one connection a thread. Open it after a fork, never before.

    When it is not there, it is made with its folders: `create` fills it, in one transaction. `application_id` and
    `version` are kept in the file and compared; `upgrades` turn a file of the version that is their key into the next
    one, each in one transaction. Raises ConfigurationError when the file can't be opened or made,
    IncompatibleIndexError when it is something else, damaged or of another version, OutOfSpaceError, UnavailableError.
    """

    def __init__(
        self, path: str, application_id: int, version: int, create: Callable[[apsw.Connection], None],
        upgrades: Mapping[int, Callable[[apsw.Connection], None]] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        """Open the file, or make it."""
        self.path = os.path.abspath(path)
        self._local = threading.local()
        self._guard = threading.Lock()  # of the next two
        self._connections: weakref.WeakSet[apsw.Connection] = weakref.WeakSet()
        self._closed = False
        try:
            self._prepare(application_id, version, create)
            self._upgrade(application_id, version, upgrades)
            self._file = self._find()
        except (OSError, ValueError, apsw.Error) as error:
            raise _opening_error(error, self.path) from error

    @contextlib.contextmanager
    def access(self) -> Iterator[apsw.Connection]:
        """Yield this thread's connection; SQLite's errors leave as UnavailableError or OutOfSpaceError."""
        try:
            yield self._connection()
        except apsw.Error as error:
            raise _runtime_error(error, self.path) from error

    @contextlib.contextmanager
    def transaction(self) -> Iterator[apsw.Connection]:
        """Yield this thread's connection in a writing transaction: durable afterwards, undone by any exception."""
        with self.access() as connection:
            connection.execute("begin immediate")
            try:
                yield connection
                connection.execute("commit")
            except BaseException:
                if connection.in_transaction:  # a full disk has rolled back already
                    connection.execute("rollback")
                raise

    def close(self) -> None:
        """Close the connections of all threads; a later use of any raises UnavailableError."""
        with self._guard:
            self._closed = True
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(apsw.ThreadingViolationError):  # at work in its thread: closed with that
                connection.close()

    def _connection(self) -> apsw.Connection:
        self._check_file()
        connection: apsw.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = _connect(self.path, apsw.SQLITE_OPEN_READWRITE)
            with self._guard:
                self._connections.add(connection)
        if self._closed:
            connection.close()
            raise UnavailableError(f"{self.path} is closed")
        return connection

    def _check_file(self) -> None:
        """Raise UnavailableError if the file was removed or replaced: what is written to an open one that has no name is lost."""
        if self._find() != self._file:
            raise UnavailableError(
                f"{self.path} was replaced under its programs: stop them all, restore it again, and start them"
            )

    def _find(self) -> tuple[int, int]:
        try:
            found = os.stat(self.path)
        except OSError as error:
            raise UnavailableError(
                f"{self.path} is gone ({error.strerror}): put it back, or stop its programs"
            ) from error
        return found.st_dev, found.st_ino

    def _prepare(self, application_id: int, version: int, create: Callable[[apsw.Connection], None]) -> None:
        Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(_connect(self.path, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)) as db:
            if _is_empty(db):
                _switch_to_wal(db)
                db.execute("begin immediate")  # closing undoes it
                if _is_empty(db):  # else another process was faster
                    create(db)
                    db.pragma("application_id", application_id)
                    db.pragma("user_version", version)
                db.execute("commit")

    def _upgrade(
        self, application_id: int, version: int, upgrades: Mapping[int, Callable[[apsw.Connection], None]]
    ) -> None:
        with contextlib.closing(_connect(self.path, apsw.SQLITE_OPEN_READWRITE)) as db:
            found = db.pragma("user_version")
            while db.pragma("application_id") == application_id and found in upgrades and found != version:
                db.execute("begin immediate")  # closing undoes it
                if db.pragma("user_version") == found:  # else another process was faster
                    upgrades[found](db)
                    db.pragma("user_version", found + 1)
                db.execute("commit")
                found = db.pragma("user_version")
            _check(db, self.path, application_id, version)


def _connect(path: str, flags: int) -> apsw.Connection:
    connection = apsw.Connection(path, flags=flags)
    connection.set_busy_timeout(int(BUSY_SECONDS * 1000))
    connection.pragma("synchronous", "full")
    connection.pragma("cache_size", -65536)  # KiB, at most
    connection.pragma("wal_autocheckpoint", 4000)  # pages
    connection.pragma("journal_size_limit", 64 << 20)
    return connection


def has_table(db: apsw.Connection, name: str) -> bool:
    """Tell whether the file has the table `name` now, which another process may have made."""
    return bool(db.execute("select exists (select 1 from sqlite_master where name = ?)", (name,)).get)


def _is_empty(db: apsw.Connection) -> bool:
    return not db.execute("select count(*) from sqlite_master").get


def _switch_to_wal(db: apsw.Connection) -> None:
    """Turn WAL on, for good. The busy timeout does not cover this, so of several makers at once some try again."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            db.pragma("journal_mode", "wal")
            return
        except apsw.BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(RETRY_SECONDS)


def _check(db: apsw.Connection, path: str, application_id: int, version: int) -> None:
    if db.pragma("application_id") != application_id:
        raise IncompatibleIndexError(f"{path} is another program's SQLite database; name another path")
    found = db.pragma("user_version")
    if found != version:
        raise IncompatibleIndexError(
            f"{path} has schema version {found}, this program reads {version};"
            " use the version that wrote it, or name another path and fill it again"
        )


def _is_full(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno == errno.ENOSPC
    if isinstance(error, apsw.IOError):
        return getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_SHMSIZE  # no room for the WAL's index
    return isinstance(error, apsw.FullError)


def _opening_error(error: Exception, path: str) -> LightshipError:
    """Return what a failure to open or make the file means: mostly that the path can't be used."""
    if isinstance(error, apsw.NotADBError | apsw.CorruptError):
        return IncompatibleIndexError(
            f"{path} is not a SQLite database, or a damaged one ({error}); restore a backup, or name another path"
        )
    if _is_full(error):
        return OutOfSpaceError(f"no room to make {path}; free some disk space")
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return _runtime_error(error, path)
    return ConfigurationError(f"can't open {path}: {error}; name a path in a folder that this program may write to")


def _runtime_error(error: apsw.Error, path: str) -> LightshipError:
    if _is_full(error):
        return OutOfSpaceError(f"no room to write to {path}; free some disk space and try again")
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return UnavailableError(f"{path} was kept busy by another process for {BUSY_SECONDS:.0f} s; try again")
    if isinstance(error, apsw.CorruptError | apsw.NotADBError):
        return UnavailableError(f"{path} is damaged ({error}); stop its programs and restore a backup, or fill it anew")
    return UnavailableError(f"can't use {path}: {error}")
