"""`lightship log`: backs up and restores the document log."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Sequence

from lightship.config import LogSettings, parse_settings
from lightship.core.errors import ConfigurationError
from lightship.doclog import Log, open_log
from lightship.doclog.backup import Copied, back_up, restore_file, restore_into
from lightship.http.tls import trust, trusted

SHOW_SECONDS = 1.0


def log(arguments: Sequence[str]) -> None:
    """Run `backup FILE` or `restore FILE`."""
    settings, words = parse_settings(
        LogSettings, "lightship log", arguments, positional="backup FILE|restore FILE",
        description="Back up the document log while the system runs, or restore it while all programs are stopped.",
    )  # fmt: skip
    if len(words) != 2 or words[0] not in ("backup", "restore"):
        raise ConfigurationError("lightship log: usage: lightship log backup FILE, or lightship log restore FILE")
    trust(settings.tls_ca)
    (_back_up if words[0] == "backup" else _restore)(settings, words[1])


def _back_up(settings: LogSettings, path: str) -> None:
    with contextlib.closing(_existing(settings.log)) as source:
        _report("backed up", back_up(source, path, _Progress()), path)


def _existing(url: str) -> Log:
    """Open the log at `url`; raises ConfigurationError if its file does not exist, instead of creating an empty one."""
    scheme, _, path = url.partition("://")
    if scheme == "sqlite" and not os.path.isfile(path):
        raise ConfigurationError(f"document log {path} does not exist; name it with -log=sqlite://PATH")
    return open_log(url, trusted())


def _restore(settings: LogSettings, path: str) -> None:
    scheme, _, file = settings.log.partition("://")
    if scheme == "sqlite":
        former = restore_file(path, file, replace=settings.replace)
        kept = f"; the previous log is kept as {former}" if former else ""
        _print(f"restored {file} from {path}{kept}; start the programs, which index it again")
        return
    with contextlib.closing(open_log(settings.log, trusted())) as target:
        _report("restored", restore_into(path, target, _Progress()), settings.log.rpartition("@")[2])


def _report(done: str, copied: Copied, where: str) -> None:
    for damaged in copied.damaged:
        _print(f"skipped: {damaged}")
    _print(f"{done} {copied.documents} documents to {where}")


def _print(text: str) -> None:
    print(text)  # noqa: T201 (what was asked for)


class _Progress:
    """Prints the progress every second."""

    def __init__(self) -> None:
        self._due = time.monotonic() + SHOW_SECONDS

    def __call__(self, copied: Copied) -> None:
        if time.monotonic() >= self._due:
            self._due += SHOW_SECONDS
            print(f"{copied.documents} documents so far", file=sys.stderr)  # noqa: T201
