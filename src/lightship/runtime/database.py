"""One SQLite file that several threads and processes share: connections, transactions, and Lightship's errors."""

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
from typing import TypeVar

import apsw
import msgspec

from lightship.core.errors import (
    ConfigurationError,
    IncompatibleIndexError,
    LightshipError,
    OutOfSpaceError,
    ReplacedError,
    UnavailableError,
)

BUSY_SECONDS = 30.0
RETRY_SECONDS = 0.004

T = TypeVar("T")


class Database:
    """The SQLite file `path` in WAL mode, with one connection per thread. Open it after a fork, never before.

    A missing file is created with its folders; `create` fills it in one transaction. `application_id` and `version` are
    stored in the file and verified. `upgrades` maps a version to the function that upgrades a file to the next version;
    each runs in one transaction. Raises ConfigurationError when the file can't be opened or created,
    IncompatibleIndexError when it is something else, damaged or of another version, OutOfSpaceError, UnavailableError.
    """

    def __init__(
        self, path: str, application_id: int, version: int, create: Callable[[apsw.Connection], None],
        upgrades: Mapping[int, Callable[[apsw.Connection], None]] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        """Open the file, or create it."""
        self.path = os.path.abspath(path)
        self._local = threading.local()
        self._guard = threading.Lock()  # protects the next two
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
        """Yield this thread's connection; SQLite's errors are raised as UnavailableError or OutOfSpaceError."""
        try:
            yield self._connection()
        except apsw.Error as error:
            raise _runtime_error(error, self.path) from error
        except UnicodeDecodeError as error:
            raise _damaged(error, self.path) from error

    def checked(self, found: object, kind: type[T]) -> T:
        """Return what SQLite `found`, a row or rows or a value, as `kind`; raises UnavailableError if it is another.

        SQLite itself stores any type in any column, so damage may show like this.
        """
        try:
            return msgspec.convert(found, kind)
        except msgspec.ValidationError as error:
            raise _damaged(error, self.path) from error

    @contextlib.contextmanager
    def transaction(self) -> Iterator[apsw.Connection]:
        """Yield this thread's connection in a write transaction: committed durably, or rolled back by any exception."""
        with self.access() as connection:
            connection.execute("begin immediate")
            try:
                yield connection
                connection.execute("commit")
            except BaseException:
                if connection.in_transaction:  # on a full disk, SQLite has already rolled back
                    connection.execute("rollback")
                raise

    def close(self) -> None:
        """Close the connections of all threads; a later use of any raises UnavailableError."""
        with self._guard:
            self._closed = True
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(apsw.ThreadingViolationError):  # in use by its thread, which closes it
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
        """Raise UnavailableError if the file was removed, ReplacedError if it was replaced: writes would be lost."""
        if self._find() != self._file:
            raise ReplacedError(
                f"{self.path} was replaced while programs were using it; stop them all, restore it again, and restart them"
            )

    def _find(self) -> tuple[int, int]:
        try:
            found = os.stat(self.path)
        except OSError as error:
            raise UnavailableError(
                f"{self.path} was removed while in use ({error.strerror}); put it back, or stop the programs that use it"
            ) from error
        return found.st_dev, found.st_ino

    def _prepare(self, application_id: int, version: int, create: Callable[[apsw.Connection], None]) -> None:
        Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(_connect(self.path, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)) as db:
            if _is_empty(db):
                _switch_to_wal(db)
                db.execute("begin immediate")  # rolled back on close
                if _is_empty(db):  # otherwise another process was faster
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
                db.execute("begin immediate")  # rolled back on close
                if db.pragma("user_version") == found:  # otherwise another process was faster
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
    """Return True if the table `name` exists; another process may have created it."""
    return bool(db.execute("select exists (select 1 from sqlite_master where name = ?)", (name,)).get)


def _is_empty(db: apsw.Connection) -> bool:
    return not db.execute("select count(*) from sqlite_master").get


def _switch_to_wal(db: apsw.Connection) -> None:
    """Enable WAL, which persists. The busy timeout does not cover this, so concurrent creators retry."""
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
        raise IncompatibleIndexError(f"{path} is the SQLite database of another program; choose another path")
    found = db.pragma("user_version")
    if found != version:
        raise IncompatibleIndexError(
            f"{path} has schema version {found}, but this program reads version {version};"
            " use the release that wrote it, or choose another path and fill it again"
        )


def _is_full(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno == errno.ENOSPC
    if isinstance(error, apsw.IOError):
        return getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_SHMSIZE  # no room for the WAL's index
    return isinstance(error, apsw.FullError)


def _opening_error(error: Exception, path: str) -> LightshipError:
    """Return the error for a failure to open or create the file: usually that the path can't be used."""
    if isinstance(error, apsw.NotADBError | apsw.CorruptError):
        return IncompatibleIndexError(
            f"{path} is damaged or not a SQLite database ({error}); restore a backup, or choose another path"
        )
    if _is_full(error):
        return OutOfSpaceError(f"no space left to create {path}; free some disk space")
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return _runtime_error(error, path)
    return ConfigurationError(f"can't open {path}: {error}; choose a path in a folder that this user can write to")


def _runtime_error(error: apsw.Error, path: str) -> LightshipError:
    if _is_full(error):
        return OutOfSpaceError(f"no space left to write to {path}; free some disk space and try again")
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return UnavailableError(f"{path} was locked by another process for {BUSY_SECONDS:.0f} s; try again")
    if isinstance(error, apsw.CorruptError | apsw.NotADBError):
        return _damaged(error, path)
    return UnavailableError(f"can't use {path}: {error}")


def _damaged(error: Exception, path: str) -> LightshipError:
    """Return an UnavailableError: a DamagedError would mean one entry of a log, or an indexer's own files."""
    return UnavailableError(
        f"{path} is damaged ({error}); stop its programs, then restore a backup or remove it and fill it again"
    )
