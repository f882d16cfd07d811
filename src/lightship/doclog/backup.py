"""Backup and restore: a backup is a log in one SQLite file, whatever the log's backend, and can be restored to either.

A SQLite log is copied by `vacuum into`: a consistent snapshot, taken while everything runs. A log on NATS is read from
its beginning: the backup contains everything put before it began, and some of what is put meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Callable, Iterator
from typing import NamedTuple

import apsw

from lightship.core.errors import ConfigurationError, DamagedError, InvalidInputError, OutOfSpaceError, UnavailableError
from lightship.core.model import Change
from lightship.doclog import Log
from lightship.doclog.sqlite import APPLICATION_ID, VERSION, SqliteLog
from lightship.runtime.files import sync

BATCH = 500  # documents

Say = Callable[["Copied"], None]


class Copied(NamedTuple):
    """The number of copied documents, and why others were not copied."""

    documents: int
    damaged: list[str]


def back_up(log: Log, path: str, say: Say) -> Copied:
    """Write a backup of `log` to the file `path`, which must not exist; `say` is called with the progress.

    The file gets its name once it is complete and verified. Raises ConfigurationError, OutOfSpaceError,
    UnavailableError.
    """
    if os.path.exists(path):
        raise ConfigurationError(f"{path} already exists; name another file")
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise ConfigurationError(f"{folder} is not a folder; create it, or name another file")
    temporary = f"{path}.part"
    _remove(temporary)
    try:
        if isinstance(log, SqliteLog):
            log.vacuum_into(temporary)
            with contextlib.closing(SqliteLog(temporary)) as copy:
                copied = _copy(copy, lambda _: None, say)
        else:
            with contextlib.closing(SqliteLog(temporary)) as copy:
                copied = _copy(log, copy.put, say)
        sync(temporary)
        os.rename(temporary, path)
        sync(folder)
    except BaseException:
        _remove(temporary)
        raise
    return copied


def restore_file(backup: str, path: str, *, replace: bool) -> str:
    """Restore `backup` to the log in the file `path`, with a new id; return the path of the previous log, if any.

    No program may use that log meanwhile. Raises ConfigurationError if one does, or if the log contains documents and
    `replace` is not set.
    """
    _check_backup(backup)
    path = os.path.abspath(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    former = ""
    if os.path.exists(path):
        _check_unused(path, replace=replace)
        former = f"{path}.{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}"
    temporary = f"{path}.part"
    _remove(temporary)
    try:
        with _opened(backup, apsw.SQLITE_OPEN_READONLY) as source:
            source.execute("vacuum into ?", (temporary,))
        with _opened(temporary, apsw.SQLITE_OPEN_READWRITE) as db:
            db.pragma("journal_mode", "wal")
            db.execute(
                "update log set id = ?", (uuid.uuid4().hex,)
            )  # invalidates all positions: everything is read again
            db.execute("update leases set expires = 0")  # releases all leases; epochs keep growing
        sync(temporary)
        if former:
            os.rename(path, former)
        os.rename(temporary, path)
        sync(os.path.dirname(path))
    finally:
        _remove(temporary)
    return former


def restore_into(backup: str, log: Log, say: Say) -> Copied:
    """Put the documents of `backup` into `log`, which must be empty. Raises ConfigurationError, UnavailableError."""
    _check_backup(backup)
    if any(log.span(partition).head for partition in range(log.partitions)):
        raise ConfigurationError("the log already contains documents; name another one, which this command creates")
    with contextlib.closing(SqliteLog(backup)) as source:
        return _copy(source, log.put, say)


def verified(log: Log) -> Copied:
    """Read all of `log`, and return its number of documents and any damage."""
    return _copy(log, lambda _: None, lambda _: None)


def _copy(source: Log, put: Callable[[list[Change]], object], say: Say) -> Copied:
    """Read all of `source`, and `put` its documents; damaged ones are skipped."""
    copied = Copied(0, [])
    for partition in range(source.partitions):
        after = 0
        while True:
            try:
                entries = source.read(partition, after, BATCH)
            except DamagedError as error:
                if not error.sequence:
                    raise
                copied.damaged.append(str(error))
                after = error.sequence
                continue
            if not entries:
                break
            changes = [Change(entry.url, entry.document) for entry in entries if entry.document]
            put(changes)
            copied = copied._replace(documents=copied.documents + len(changes))
            say(copied)
            after = entries[-1].sequence
    return copied


def _check_backup(path: str) -> None:
    if not os.path.isfile(path):
        raise ConfigurationError(
            f"{path} does not exist, or is not a file; name a backup made by `lightship log backup`"
        )
    with _opened(path, apsw.SQLITE_OPEN_READONLY) as db:
        if (db.pragma("application_id"), db.pragma("user_version")) != (APPLICATION_ID, VERSION):
            raise ConfigurationError(
                f"{path} is not a log of this version of Lightship; name a backup made by `lightship log backup`"
            )
        wrong = db.execute("pragma integrity_check(1)").get
    if wrong != "ok":
        raise InvalidInputError(f"{path} is damaged: {wrong}; restore another backup")


def _check_unused(path: str, *, replace: bool) -> None:
    """Raise ConfigurationError if a program uses the log at `path`, or if it contains documents without `replace`."""
    with _opened(path, apsw.SQLITE_OPEN_READWRITE) as db:
        if not replace and db.execute("select exists (select 1 from docs)").get:
            raise ConfigurationError(
                f"{path} already contains documents; add -replace to replace it (the old file is kept under another name)"
            )
        try:
            db.pragma("journal_mode", "delete")  # fails if another process has it open; checkpoints the WAL
        except apsw.BusyError as error:
            raise ConfigurationError(f"{path} is in use; stop the programs that use it first") from error


@contextlib.contextmanager
def _opened(path: str, flags: int) -> Iterator[apsw.Connection]:
    try:
        with contextlib.closing(apsw.Connection(path, flags=flags)) as db:
            yield db
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise InvalidInputError(f"{path} is not a Lightship log, or is damaged ({error}); name another file") from error
    except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError) as error:
        raise ConfigurationError(f"can't use {path}: {error}; name a file that you may read and write") from error
    except apsw.FullError as error:
        raise OutOfSpaceError(f"the disk of {path} is full; free some space and try again") from error
    except apsw.Error as error:
        raise UnavailableError(f"can't use {path}: {error}; try again") from error


def _remove(path: str) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path + suffix)
