"""Archives fetched pages as WARC 1.1 (ISO 28500), one gzip member per record, to rebuild an index from them.

A record is written by a single call, so a kill leaves complete records; after a crash of the machine at most the last
ones are truncated, which readers detect. Credentials are never written to it (see credentials.py).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import logging
import os
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Protocol
from uuid import uuid4

from fastwarc.warc import WarcRecord, WarcRecordType
from yarl import URL

from lightship import __version__
from lightship.core.errors import ConfigurationError
from lightship.runtime.files import space_errors

logger = logging.getLogger(__name__)

MAX_FILE = 1 << 30  # bytes; then a new file is started
NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
_CHANGED = {"content-encoding", "transfer-encoding", "content-length", "set-cookie"}  # no longer correct, or secret


class Answer(Protocol):
    """The archived part of an answer; `body` is decompressed, and incomplete if it was `cut`."""

    @property
    def status(self) -> int: ...  # noqa: D102
    @property
    def headers(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def body(self) -> bytes: ...  # noqa: D102
    @property
    def cut(self) -> bool: ...  # noqa: D102


class Archive:
    """Writes answers to files in `folder`; thread-safe."""

    def __init__(self, folder: str, user_agent: str, max_file: int = MAX_FILE) -> None:
        """Create `folder`; raises ConfigurationError if it is not writable, OutOfSpaceError if the disk is full."""
        self._folder = folder
        self._user_agent = user_agent
        self._max_file = max_file
        self._lock = threading.Lock()
        self._file = -1
        self._size = self._number = 0
        self._began = f"{datetime.now(UTC):%Y%m%d%H%M%S}-{uuid4().hex[:8]}"
        try:
            with space_errors(folder):
                os.makedirs(folder, exist_ok=True)
                self._begin()
        except OSError as error:
            raise ConfigurationError(
                f"can't write an archive into {folder}: {error}; name another with -archive"
            ) from error

    def write(self, url: str, response: Answer, when: datetime) -> None:
        """Archive the answer for the normal URL `url`, received at `when` (aware); disk errors are only logged."""
        answer = _response(url, response, when)
        request = _request(url, self._user_agent, when)
        request.headers["WARC-Concurrent-To"] = answer.record_id or ""
        digest = None if response.status == 304 else hashlib.sha1(response.body, usedforsecurity=False).digest()
        data = _packed(answer, digest) + _packed(request)
        with self._lock:
            try:
                self._append(data)
            except OSError as error:
                logger.warning("%s: not written to the archive %s: %s", url, self._folder, error)

    def _append(self, data: bytes) -> None:
        if self._file < 0 or self._size >= self._max_file:
            self._begin()
        try:
            self._put(data)
        except OSError:
            os.ftruncate(self._file, self._size)  # or the following records would be unreadable
            raise

    def _begin(self) -> None:
        """Start the next file, after syncing the current one."""
        self._end()
        name = f"lightship-{self._began}-{self._number:05}.warc.gz"
        self._file = os.open(
            os.path.join(self._folder, name), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666
        )
        self._number += 1
        self._size = 0
        self._put(_packed(_information(name)))

    def _put(self, data: bytes) -> None:
        written = 0
        while written < len(data):
            written += os.write(self._file, data[written:])
        self._size += written

    def _end(self) -> None:
        if self._file >= 0:
            file, self._file = self._file, -1
            try:
                os.fsync(file)
            finally:
                os.close(file)

    def close(self) -> None:
        """Sync everything to disk."""
        with self._lock:
            try:
                self._end()
            except OSError as error:
                logger.warning("the archive %s may have lost its last records: %s", self._folder, error)


def _record(kind: WarcRecordType, url: str, when: datetime, content: bytes) -> WarcRecord:
    record = WarcRecord()
    record.init_headers(kind)
    record.record_date = when.astimezone(UTC)
    record.headers["WARC-Target-URI"] = url
    record.set_bytes_content(content)
    return record


def _response(url: str, response: Answer, when: datetime) -> WarcRecord:
    """Return the answer as the crawler read it: decompressed, without headers of compression and transport."""
    known = {status.value: status.phrase for status in HTTPStatus}
    lines = [f"HTTP/1.1 {response.status} {known.get(response.status, '')}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items() if name.lower() not in _CHANGED]
    if response.status != 304:
        lines.append(f"Content-Length: {len(response.body)}")
    head = "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")
    kind = WarcRecordType.revisit if response.status == 304 else WarcRecordType.response
    record = _record(kind, url, when, head + response.body)
    record.headers["Content-Type"] = "application/http; msgtype=response"
    if response.status == 304:
        record.headers["WARC-Profile"] = NOT_MODIFIED
    if response.cut:
        record.headers["WARC-Truncated"] = "length"
    return record


def _request(url: str, user_agent: str, when: datetime) -> WarcRecord:
    parsed = URL(url, encoded=True)
    head = f"GET {parsed.raw_path_qs} HTTP/1.1\r\nHost: {parsed.raw_authority}\r\nUser-Agent: {user_agent}\r\n\r\n"
    record = _record(WarcRecordType.request, url, when, head.encode())
    record.headers["Content-Type"] = "application/http; msgtype=request"
    return record


def _information(name: str) -> WarcRecord:
    record = WarcRecord()
    record.init_headers(WarcRecordType.warcinfo)
    record.headers["WARC-Filename"] = name
    record.headers["Content-Type"] = "application/warc-fields"
    record.set_bytes_content(f"software: Lightship/{__version__}\r\nformat: WARC File Format 1.1\r\n".encode())
    return record


def _packed(record: WarcRecord, payload_digest: bytes | None = None) -> bytes:
    stream = io.BytesIO()
    record.write(stream, checksum_data=True, payload_digest=payload_digest)
    return gzip.compress(stream.getvalue(), mtime=0)
