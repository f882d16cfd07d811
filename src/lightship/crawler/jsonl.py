"""Keeps the documents of a .jsonl file in the log, whatever happens to the file."""

from __future__ import annotations

import hashlib
import logging
import os
import threading

from lightship.crawler.progress import set_idle
from lightship.crawler.records import Record, Records
from lightship.doclog.database import Database
from lightship.errors import InvalidInputError
from lightship.jsonl import UNREADABLE, check_length, open_lines, parse_line, read_lines

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
REPORTED = 100  # broken lines that are named, of one pass


class JsonlFeed:
    """Keeps the documents of the .jsonl file `path` in the log, as long as `run` runs: reads it again when it changes.

    What vanishes from the file is deleted. A file that vanishes as a whole is waited for: its documents stay.
    """

    def __init__(self, path: str, database: Database, records: Records) -> None:
        """Read `path`, remembering in `records`."""
        self._path = path
        self._database = database
        self._records = records
        self._failed = 0

    def run(self, stop: threading.Event) -> None:
        """Read and watch until `stop` is set. Raises what Records raises."""
        seen: str | None = self._records.stamp
        first = True
        while not stop.is_set():
            stamp = _stamp(self._path)
            if stamp is not None and stamp != seen:
                seen = stamp if self._read(stamp, stop) else None
            elif stamp is None and seen is not None:
                logger.warning("%s is not there any more; its documents stay, waiting for it", self._path)
                seen = None
            if first and not stop.is_set():
                set_idle(self._database, self._path)
                first = False
            stop.wait(POLL_SECONDS)

    def _read(self, stamp: str, stop: threading.Event) -> bool:
        """Read the file whole; return whether that came to an end with no change of the file meanwhile."""
        self._records.begin_pass()
        self._failed = 0
        count = 0
        try:
            with open_lines(self._path) as file:
                for number, line in read_lines(file):
                    self._take(number, line)
                    count = number
                    if stop.is_set():
                        return False
        except UNREADABLE as error:
            self._records.flush()
            logger.warning("%s after line %d: %s; what was read is kept", self._path, count, error)
            return True
        if stamp != _stamp(self._path):
            self._records.flush()
            return False
        deleted = self._records.end_pass(stamp, self._failed)
        logger.info("%s: read %d lines, %d broken, %d vanished", self._path, count, self._failed, deleted)
        return True

    def _take(self, number: int, line: bytes | None) -> None:
        try:
            line = check_length(line)
            document = parse_line(line)
        except InvalidInputError as error:
            self._failed += 1
            if self._failed <= REPORTED:
                logger.warning("%s line %d: %s", self._path, number, error)
            return
        self._records.add(Record(document, hashlib.blake2b(line, digest_size=16).digest()))


def _stamp(path: str) -> str | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return f"{found.st_mtime_ns}:{found.st_size}:{found.st_ino}"
