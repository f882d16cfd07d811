"""Documents from a folder: HTML, Markdown, text and other files, recursively, watched for changes and deletions."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from lightship.config import CrawlerSettings
from lightship.core.errors import InvalidDocumentError, InvalidInputError, UnreadableError
from lightship.crawler.output.records import BATCH, Record, Records
from lightship.crawler.parsing.encodings.media import ENDINGS, MARKDOWN, PLAIN, SLOW
from lightship.crawler.parsing.html.extract import MAX_TEXT, Page
from lightship.crawler.parsing.read import LEFT_OUT, digest_of, document_of
from lightship.crawler.parsing.sandbox.pool import ParserPool, StoppedError
from lightship.crawler.parsing.sandbox.tasks import ReadPage
from lightship.crawler.sources.files.below import LeadsOutError, open_below, place_of
from lightship.crawler.sources.files.watch import looks
from lightship.crawler.state.progress import set_idle
from lightship.runtime.database import Database

logger = logging.getLogger(__name__)


_TOLD_SECONDS = 5.0  # between two messages about progress


class _File(NamedTuple):
    """A file to read: `stamp` tells its versions apart, `modified` is in seconds since the epoch."""

    path: str
    url: str
    stamp: str
    modified: float
    size: int

    @property
    def kind(self) -> str:
        """The media type."""
        return ENDINGS[os.path.splitext(self.path)[1].lower()]


class FolderSync:
    """Keeps the log up to date with `folder` while `run` runs; URLs are `file:///…`.

    If the whole folder vanishes or looks empty (its disk may not be mounted), its documents are kept until it is back;
    so are those of files that are temporarily unreadable.
    """

    def __init__(
        self, folder: str, settings: CrawlerSettings, database: Database, records: Records, pool: ParserPool
    ) -> None:
        """Read files below `folder`, parse them in `pool`, and keep state in `records`."""
        self._folder = folder
        self._max_bytes = settings.max_bytes
        self._follow = settings.follow_links
        self._lanes, self._ahead = settings.readers, 2 * settings.readers  # files parsed at once, and read in advance
        self._pool = pool
        self._database = database
        self._records = records
        self._stamps: dict[str, str | None] = {}
        self._failed: dict[str, str] = {}  # URL -> stamp of an unreadable file
        self._warned: set[str] = set()  # paths with a logged warning
        self._textless = 0  # files read by the current scan that have no text, such as scanned pages
        self._unread: list[str] = []  # URLs of folders and files that the current scan could not read

    def run(self, stop: threading.Event) -> None:
        """Read and watch until `stop` is set. Raises what Records raises."""
        with contextlib.suppress(StoppedError):
            self._run(stop)

    def _run(self, stop: threading.Event) -> None:
        self._stamps = self._records.stamps()
        first = True
        for _ in looks(self._records, stop):
            if os.path.isdir(self._folder):
                self._scan(stop)
            else:
                self._warn(self._folder, "no longer exists; its documents are kept, waiting for it")
            if first and not stop.is_set():
                set_idle(self._database, self._folder)
                first = False

    def _scan(self, stop: threading.Event) -> None:
        """Put new and changed documents, delete vanished ones."""
        present: set[str] = set()
        waiting: list[_File] = []
        failures, self._textless = len(self._failed), 0
        self._unread.clear()
        for path, found in self._files():
            file = _File(
                path, Path(path).as_uri(), f"{found.st_mtime_ns}:{found.st_size}", found.st_mtime, found.st_size
            )
            present.add(file.url)
            if file.stamp not in (self._stamps.get(file.url), self._failed.get(file.url)):
                waiting.append(file)
            if stop.is_set():
                return
        changed = self._read(waiting)
        self._records.flush()
        if present:
            self._warned.discard(self._folder)
        gone = self._forget(present)
        if changed or gone or len(self._failed) != failures:
            failures = len(self._failed)
            self._records.set_failed(failures)
            textless = f"; {self._textless} without text, found by their names only" if self._textless else ""
            logger.info(
                "%s: %d files new or changed, %d gone; %d unreadable%s", self._folder, changed, gone, failures, textless
            )

    def _read(self, files: list[_File]) -> int:
        """Read `files` in all parser processes, those that take little time first; return how many could be read."""
        files.sort(key=lambda file: file.kind in SLOW)
        started: deque[tuple[_File, Future[Page]]] = deque()
        changed, told = 0, time.monotonic()
        for number, file in enumerate(files):
            if len(started) == self._ahead:
                changed += self._take(*started.popleft())
            started.append((file, self._start(file, f"{self._folder} {number % self._lanes}")))
            if time.monotonic() > told + _TOLD_SECONDS:
                told = time.monotonic()
                logger.info("%s: %d of %d files read; now %s", self._folder, number, len(files), file.path)
        while started:
            changed += self._take(*started.popleft())
        return changed

    def _start(self, file: _File, lane: str) -> Future[Page]:
        """Have `file` parsed; its errors are those of the result."""
        future: Future[Page] = Future()
        try:
            with open(open_below(file.path, self._folder, follow=self._follow), "rb") as opened:
                body = opened.read(self._max_bytes + 1)
            if len(body) > self._max_bytes and file.kind != PLAIN:
                raise InvalidDocumentError(f"skipped: larger than -max-bytes={self._max_bytes}")
            return self._pool.submit(lane, ReadPage(file.kind, file.url), body[: self._max_bytes])
        except (OSError, InvalidInputError) as error:
            future.set_exception(error)
            return future

    def _forget(self, present: set[str]) -> int:
        for url in [url for url in self._failed if url not in present]:
            del self._failed[url]
        if self._stamps and not present and not self._failed:
            self._warn(self._folder, "contains no files any more; its documents are kept, waiting for files")
            return 0
        gone = [url for url in self._own() if url not in present and not url.startswith(tuple(self._unread))]
        for start in range(0, len(gone), BATCH):
            self._records.delete(gone[start : start + BATCH])
        for url in gone:
            del self._stamps[url]
        return len(gone)

    def _own(self) -> list[str]:
        """Return the URLs of this folder's files; if it was a folder of archives before, their pages are kept."""
        below = f"{Path(self._folder).as_uri().rstrip('/')}/"
        return [url for url in self._stamps if url.startswith(below)]

    def _take(self, file: _File, parsed: Future[Page]) -> bool:
        """Take what was read of one file; True if that was possible. A file without text any more loses its document."""
        path, url, stamp = file.path, file.url, file.stamp
        try:
            record = self._record(file, self._pool.result(parsed))
        except LeadsOutError:  # it was changed since the scan
            return False
        except OSError as error:
            self._warn(path, f"{error.strerror}; its document is kept")
            self._failed[url] = ""  # to be retried
            return False
        except UnreadableError as error:
            self._warn(path, f"{error}; its document is kept")
            self._failed[url] = stamp
            return False
        except InvalidInputError as error:
            logger.warning("%s: %s", path, error)
            self._failed[url] = stamp
            if url in self._stamps:
                del self._stamps[url]
                self._records.delete([url])
            return False
        self._failed.pop(url, None)
        self._warned.discard(path)
        self._stamps[url] = stamp
        self._textless += not record.document.text
        self._records.add(record)
        return True

    def _record(self, file: _File, page: Page) -> Record:
        if page.noindex and file.kind == MARKDOWN:
            raise InvalidDocumentError(LEFT_OUT)
        if file.size > self._max_bytes:
            logger.warning("%s: cut at -max-bytes=%d; the rest of it is not searchable", file.path, self._max_bytes)
        elif len(page.text) >= MAX_TEXT:
            logger.warning("%s: cut at %d characters; the rest of it is not searchable", file.path, MAX_TEXT)
        modified = _moment(file.modified)
        document = document_of(page, file.url, title=os.path.basename(file.path), modified=modified)
        return Record(document, digest_of(document), file.stamp)

    def _files(self) -> Iterator[tuple[str, os.stat_result]]:
        """Yield path and stat of each file to index, once; links within the folder are followed, into each folder once."""
        visited: set[tuple[int, int]] = set()
        for folder, folders, names in os.walk(self._folder, followlinks=True, onerror=self._unreadable):
            found = self._stat(folder)
            if found is None:
                folders.clear()
                continue
            if (found.st_dev, found.st_ino) in visited:
                self._warn(folder, "skipped: links to a folder that was already read")
                folders.clear()
                continue
            visited.add((found.st_dev, found.st_ino))
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                path = os.path.join(folder, name)
                if os.path.splitext(name)[1].lower() in ENDINGS and not name.startswith("."):
                    found = self._stat(path)
                    if found and stat.S_ISREG(found.st_mode) and not self._is_another(path):
                        yield path, found

    def _is_another(self, path: str) -> bool:
        """Whether a file is a link to another one of the folder, which is read itself."""
        if not os.path.islink(path):
            return False
        inner = os.path.relpath(os.path.realpath(path), os.path.realpath(self._folder))
        hidden = any(part.startswith(".") for part in inner.split(os.sep))  # or outside
        return not hidden and os.path.splitext(inner)[1].lower() in ENDINGS

    def _stat(self, path: str) -> os.stat_result | None:
        """Return the stat of a path that may be read; None if it does not exist or may not be read."""
        try:
            found = os.lstat(path)
            if stat.S_ISLNK(found.st_mode):
                place_of(path, self._folder, follow=self._follow)
                found = os.stat(path)
            return found
        except LeadsOutError:
            self._warn(path, "skipped: link to outside the folder; -follow-links follows it")
            return None
        except OSError as error:
            self._unreadable(error)
            return None

    def _unreadable(self, error: OSError) -> None:
        """Record a path that exists, or may exist, and can't be read."""
        if not isinstance(error, FileNotFoundError):
            self._unread.append(Path(str(error.filename)).as_uri())
            self._warn(str(error.filename), f"{error.strerror}; skipped, its documents are kept")

    def _warn(self, path: str, problem: str) -> None:
        if path not in self._warned:
            self._warned.add(path)
            logger.warning("%s: %s", path, problem)


def _moment(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):  # a file system may report any time
        return None
