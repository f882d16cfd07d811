"""`lightship log`: backs up the document log, and restores it."""

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
    """Do what the first argument says, with the file that the second one names."""
    settings, words = parse_settings(
        LogSettings, "lightship log", arguments, positional="backup FILE|restore FILE",
        description="Back up the document log while everything runs; restore it while nothing does.",
    )  # fmt: skip
    if len(words) != 2 or words[0] not in ("backup", "restore"):
        raise ConfigurationError("write lightship log backup FILE, or lightship log restore FILE")
    trust(settings.tls_ca)
    (_back_up if words[0] == "backup" else _restore)(settings, words[1])


def _back_up(settings: LogSettings, path: str) -> None:
    with contextlib.closing(_existing(settings.log)) as source:
        _tell("backed up", back_up(source, path, _Progress()), path)


def _existing(url: str) -> Log:
    """Open the log that `url` names; raises ConfigurationError when there is no such file, since nothing would be in it."""
    scheme, _, path = url.partition("://")
    if scheme == "sqlite" and not os.path.isfile(path):
        raise ConfigurationError(f"there is no log {path}; name it with -log=sqlite://PATH")
    return open_log(url, trusted())


def _restore(settings: LogSettings, path: str) -> None:
    scheme, _, file = settings.log.partition("://")
    if scheme == "sqlite":
        former = restore_file(path, file, replace=settings.replace)
        kept = f"; what was there is kept as {former}" if former else ""
        _say(f"restored {file} from {path}{kept}. Start the programs: they index it anew")
        return
    with contextlib.closing(open_log(settings.log, trusted())) as target:
        _tell("restored", restore_into(path, target, _Progress()), settings.log.rpartition("@")[2])


def _tell(done: str, copied: Copied, where: str) -> None:
    for damaged in copied.damaged:
        _say(f"left out: {damaged}")
    _say(f"{done} {copied.documents} documents: {where}")


def _say(text: str) -> None:
    print(text)  # noqa: T201 (what was asked for)


class _Progress:
    """Shows how far it is, each second."""

    def __init__(self) -> None:
        self._due = time.monotonic() + SHOW_SECONDS

    def __call__(self, copied: Copied) -> None:
        if time.monotonic() >= self._due:
            self._due += SHOW_SECONDS
            print(f"{copied.documents} documents so far", file=sys.stderr)  # noqa: T201
