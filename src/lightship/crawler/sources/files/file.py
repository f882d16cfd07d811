"""Keeps the log up to date with the documents of a file."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import stat
import threading
from collections.abc import Callable, Iterator

from lightship.core.errors import InvalidDocumentError, InvalidInputError, LightshipError, words
from lightship.crawler.output.records import Record, Records
from lightship.crawler.parsing.sandbox.pool import StoppedError
from lightship.crawler.sources.files.watch import looks
from lightship.crawler.state.progress import set_idle
from lightship.documents.jsonl import UNREADABLE
from lightship.runtime.database import Database

logger = logging.getLogger(__name__)

REPORTED = 100  # broken pieces that are logged per pass

Found = tuple[str, Record | InvalidInputError | None]  # place in the file, and what is there; None: skip
Reader = Callable[[str], Iterator[Found]]  # may raise one of UNREADABLE


def piece_of(make: Callable[[], Record | None]) -> Record | InvalidInputError | None:
    """Return the result of `make`, or its error, so that one bad piece of a file does not affect the others."""
    try:
        return make()
    except InvalidInputError as error:
        return error
    except LightshipError:  # an error of the crawler itself
        raise
    except Exception as error:
        return InvalidDocumentError(f"reading it failed: {type(error).__name__}: {words(error)[:300]}")


class FileSync:
    """Keeps the log up to date with the file `path` while `run` runs: reads it again when it changes.

    Documents that vanish from the file are deleted. If the whole file vanishes or becomes empty, its documents are kept
    until it is back.
    """

    def __init__(self, path: str, read: Reader, database: Database, records: Records) -> None:
        """Read `path` with `read`, and keep state in `records`."""
        self._path = path
        self._reader = read
        self._database = database
        self._records = records

    def run(self, stop: threading.Event) -> None:
        """Read and watch until `stop` is set. Raises what Records raises."""
        with contextlib.suppress(StoppedError):
            self._run(stop)

    def _run(self, stop: threading.Event) -> None:
        seen: str | None = self._records.stamp
        first = True
        for _ in looks(self._records, stop):
            stamp = stamp_of(self._path)
            if stamp is not None and stamp != seen:
                seen = stamp if self._read(stamp, stop) else None
            elif stamp is None and seen is not None:
                logger.warning("%s no longer exists; its documents are kept, waiting for it", self._path)
                seen = None
            if first and not stop.is_set():
                set_idle(self._database, self._path)
                first = False

    def _read(self, stamp: str, stop: threading.Event) -> bool:
        """Read the whole file; True if that succeeded and the file did not change meanwhile."""
        self._records.begin_pass()
        place, count, failed = "its beginning", 0, 0
        try:
            for place, found in self._reader(self._path):
                if stop.is_set():
                    return False
                if isinstance(found, Record):
                    self._records.add(found)
                    count += 1
                elif found:
                    failed += 1
                    if failed <= REPORTED:
                        logger.warning("%s %s: %s", self._path, place, found)
        except (*UNREADABLE, InvalidInputError) as error:
            self._records.flush()
            logger.warning("%s after %s: %s; the documents read so far are kept", self._path, place, error)
            return True
        except LightshipError:  # an error of the crawler itself
            raise
        except Exception as error:
            self._records.flush()
            what = f"reading it failed: {type(error).__name__}: {words(error)[:300]}"
            logger.warning("%s after %s: %s; the documents read so far are kept", self._path, place, what)
            return True
        if stamp != stamp_of(self._path):
            self._records.flush()
            return False
        deleted = self._records.end_pass(stamp, failed)
        logger.info("%s: read %d documents, %d broken, %d vanished", self._path, count, failed, deleted)
        return True


def stamp_of(path: str) -> str | None:
    """Return a stamp that changes with the file `path`, or any file in the folder `path`; None if it does not exist."""
    try:
        if not os.path.isdir(path):
            state = os.stat(path)
            return _stamp(state) if stat.S_ISREG(state.st_mode) else None
        found = sorted((entry.name, _stamp(entry.stat())) for entry in os.scandir(path) if entry.is_file())
    except OSError:
        return None
    return hashlib.blake2b(repr(found).encode("utf-8", "replace"), digest_size=16).hexdigest() if found else None


def _stamp(found: os.stat_result) -> str:
    return f"{found.st_mtime_ns}:{found.st_size}:{found.st_ino}"
