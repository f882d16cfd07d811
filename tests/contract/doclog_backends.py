"""The backends of the document log that the contract is checked on. A new backend is one more entry of BACKENDS."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from lightship.doclog import Log, open_log


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


BACKENDS = [Backend("sqlite", lambda folder: f"sqlite://{folder}/deep/er/log.sqlite", _small_sqlite)]
