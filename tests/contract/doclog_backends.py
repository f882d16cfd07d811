"""The backends of the document log that the contract is checked on. A new backend is one more entry of BACKENDS."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lightship.doclog import Log, open_log
from nats_servers import Nats, running


class Small(NamedTuple):
    """A log with 2 MB of room at most; `grow` gives it more."""

    log: Log
    grow: Callable[[], object]


@dataclass(frozen=True)
class Backend:
    """One kind of log: `url` names a fresh one below a folder, `small` opens one there that soon is full."""

    name: str
    url: Callable[[Path], str]
    small: Callable[[Path], contextlib.AbstractContextManager[Small]]
    drop: Callable[[], None] = lambda: None  # what `url` made outside the folder


@contextlib.contextmanager
def _mounted(folder: Path) -> Iterator[bool]:
    """Mount a tmpfs of 2 MB over `folder`, if this process may."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)]
    try:
        done = subprocess.run(mount, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        done = False
    try:
        yield done
    finally:
        if done:
            subprocess.run(["umount", "-l", str(folder)], check=True)


@contextlib.contextmanager
def _small_sqlite(folder: Path) -> Iterator[Small]:
    with _mounted(folder) as mounted:
        (folder / "ballast").write_bytes(bytes(1 << 20))
        log: Any = open_log(f"sqlite://{folder}/small.sqlite")
        with log._database.access() as db:
            db.pragma("max_page_count", 1 << 30 if mounted else 100)  # no right to mount: SQLite refuses to grow
            grow = (folder / "ballast").unlink if mounted else lambda: db.pragma("max_page_count", 1 << 30)
        try:
            yield Small(log, grow)
        finally:
            log.close()


@functools.cache
def shared_nats(count: int) -> Nats:
    """Return `count` running NATS servers that all tests of this process share, each with logs of its own names."""
    servers = contextlib.ExitStack()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # syncing costs nothing there
    folder = Path(servers.enter_context(tempfile.TemporaryDirectory(prefix="lightship-nats-", dir=memory)))
    atexit.register(servers.close)
    return servers.enter_context(running(folder, count))


def fresh_nats(count: int) -> str:
    """Return the url of a log that is not there yet, on shared servers."""
    name = f"log-{uuid.uuid4().hex[:12]}"
    _made.append((count, name))
    return shared_nats(count).url(name)


def drop_nats() -> None:
    """Remove the logs of `fresh_nats`: each has 65 streams, which slow the servers down."""
    while _made:
        count, name = _made.pop()
        shared_nats(count).drop(name)


_made: list[tuple[int, str]] = []


@contextlib.contextmanager
def _small_nats(folder: Path) -> Iterator[Small]:
    with running(folder, max_file="2MB") as nats:
        log = open_log(nats.url("small"))

        def grow() -> None:
            (server,) = nats.servers
            server.stop()
            server.max_file = "1GB"
            server.start()

        try:
            yield Small(log, grow)
        finally:
            log.close()


def _nats(count: int) -> Backend:
    return Backend(f"nats-{count}", lambda _: fresh_nats(count), _small_nats, drop_nats)


def marks_of(name: str) -> tuple[pytest.MarkDecorator, ...]:
    """Return the markers of a test that uses the backend `name`."""
    return (pytest.mark.nats,) if name.startswith("nats") else ()


BACKENDS = [
    Backend("sqlite", lambda folder: f"sqlite://{folder}/deep/er/log.sqlite", _small_sqlite),
    _nats(1),
    _nats(3),
]
