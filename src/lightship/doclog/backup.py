"""Copies of a log: a backup is a log in one SQLite file, whatever the log is on, and can be restored to either kind.

A SQLite log is copied by `vacuum into`: the state of one moment, while everything goes on. A log on NATS is read from its
beginning: what was put before the backup began is in it, and of what is put meanwhile the newest that was met.
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
    """How many documents were copied, and why some were not."""

    documents: int
    damaged: list[str]


def back_up(log: Log, path: str, say: Say) -> Copied:
    """Write a backup of `log` to the file `path`, which must not be there; `say` is told how far it is.

    The file gets its name when it is whole and was read again. Raises ConfigurationError, OutOfSpaceError, UnavailableError.
    """
    if os.path.exists(path):
        raise ConfigurationError(f"{path} is there already: name another file")
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise ConfigurationError(f"{folder} is no folder: make it, or name another file")
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
    """Make the log in the file `path` what `backup` is, under a new id; return where the former log is kept, if there was one.

    No program may use that log meanwhile. Raises ConfigurationError when one does, or when it holds documents
    already and is not to be replaced.
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
            db.execute("update log set id = ?", (uuid.uuid4().hex,))  # other positions: everything is read again
            db.execute("update leases set expires = 0")  # epochs go on growing; who held one then, holds none now
        sync(temporary)
        if former:
            os.rename(path, former)
        os.rename(temporary, path)
        sync(os.path.dirname(path))
    finally:
        _remove(temporary)
    return former


def restore_into(backup: str, log: Log, say: Say) -> Copied:
    """Put the documents of `backup` into `log`, which must hold none. Raises ConfigurationError, UnavailableError."""
    _check_backup(backup)
    if any(log.span(partition).head for partition in range(log.partitions)):
        raise ConfigurationError("that log holds documents already: name another one, which is made by this command")
    with contextlib.closing(SqliteLog(backup)) as source:
        return _copy(source, log.put, say)


def verified(log: Log) -> Copied:
    """Read all of `log`, and say what of it is damaged."""
    return _copy(log, lambda _: None, lambda _: None)


def _copy(source: Log, put: Callable[[list[Change]], object], say: Say) -> Copied:
    """Read all of `source`, and `put` its documents; damaged ones are left out."""
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
        raise ConfigurationError(f"{path} does not exist, or is no file: name a backup of `lightship log backup`")
    with _opened(path, apsw.SQLITE_OPEN_READONLY) as db:
        if (db.pragma("application_id"), db.pragma("user_version")) != (APPLICATION_ID, VERSION):
            raise ConfigurationError(
                f"{path} is no log of this version of Lightship: name a backup of `lightship log backup`"
            )
        wrong = db.execute("pragma integrity_check(1)").get
    if wrong != "ok":
        raise InvalidInputError(f"{path} is damaged: {wrong}; restore another backup")


def _check_unused(path: str, *, replace: bool) -> None:
    """Raise ConfigurationError if a program uses the log at `path`, or if it holds documents that are not to be replaced."""
    with _opened(path, apsw.SQLITE_OPEN_READWRITE) as db:
        if not replace and db.execute("select exists (select 1 from docs)").get:
            raise ConfigurationError(
                f"{path} holds documents already: add -replace to keep them beside it, under another name"
            )
        try:
            db.pragma("journal_mode", "delete")  # nobody else may have it open; its WAL is written into it
        except apsw.BusyError as error:
            raise ConfigurationError(f"{path} is in use: stop the programs that use it first") from error


@contextlib.contextmanager
def _opened(path: str, flags: int) -> Iterator[apsw.Connection]:
    try:
        with contextlib.closing(apsw.Connection(path, flags=flags)) as db:
            yield db
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise InvalidInputError(
            f"{path} is no log of Lightship, or a damaged one ({error}); name another file"
        ) from error
    except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError) as error:
        raise ConfigurationError(f"can't use {path}: {error}; name a file that you may read and write") from error
    except apsw.FullError as error:
        raise OutOfSpaceError(f"no room beside {path}; free some disk space and try again") from error
    except apsw.Error as error:
        raise UnavailableError(f"can't use {path}: {error}; try again") from error


def _remove(path: str) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path + suffix)
