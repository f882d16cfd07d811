"""Makes the installed index durable: shortly after it is served, and many commits at once.

A replica's index is a copy of the log's content, so it need not be on disk before it is served. `compose` only renames;
`make_durable` syncs the files, and then records the meta.json that names them as durable.json. A killed process loses
nothing, because the system keeps what it wrote. After a power loss, `recover` returns to the recorded meta.json if the
newer one is damaged.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from lightship.core.errors import DamagedError
from lightship.core.manifest import File, Manifest
from lightship.index.storage.index_meta import META
from lightship.index.storage.segments import compose, digest_of_file, manifests_of
from lightship.runtime.files import sync, write_atomically

DURABLE = "durable.json"
_NEXT = "durable.next"  # the meta.json whose files are being synced


def make_durable(folder: str, locked: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext) -> bool:
    """Make what is installed in `folder` durable; False if it already was.

    `locked` locks the folder for a moment; without it, the caller must hold the lock.
    """
    following = os.path.join(folder, _NEXT)
    with locked():
        content = _read(folder, META)
        if content is None or content == _read(folder, DURABLE):
            return False
        _unlink(following)
        os.link(os.path.join(folder, META), following)  # works on a full disk, and is never incomplete
    for name in _named(content).keys() - _kept(folder, DURABLE).keys():  # files that it names are no longer removed
        sync(os.path.join(folder, name))
    sync(following)
    sync(folder)
    with locked():
        if _read(folder, _NEXT) != content:  # another process made a newer state durable, or removed the layout
            return False
        os.rename(following, os.path.join(folder, DURABLE))
        sync(folder)
    return True


def compose_durably(folder: str, manifests: Sequence[Manifest]) -> None:
    """Compose durably, for a folder without a durable state to return to: everything is synced before the install."""
    for name in {name for manifest in manifests for name in manifest.files}:
        sync(os.path.join(folder, name))
    sync(folder)
    compose(folder, manifests, durable=True)
    make_durable(folder)


def has_durable_state(folder: str) -> bool:
    """Return True if `folder` has an installed index and a durable state."""
    return all(os.path.exists(os.path.join(folder, name)) for name in (META, DURABLE))


def durable_names(folder: str) -> set[str]:
    """Return the names of the files of the durable state and of the one being synced: they must not be removed."""
    return {name for kept in (DURABLE, _NEXT) for name in _kept(folder, kept)}


def forget_durable(folder: str) -> None:
    """Forget the durable state of `folder`, which is about to be removed."""
    _unlink(os.path.join(folder, DURABLE))
    _unlink(os.path.join(folder, _NEXT))


def recover(folder: str) -> str:
    """Return to the durable state if a power loss damaged what is installed in `folder`.

    Returns the name of a damaged file, or an empty string. Only files that were not durable are read.
    """
    _unlink(os.path.join(folder, _NEXT))
    installed, durable = _read(folder, META), _read(folder, DURABLE)
    if installed is None or durable is None or installed == durable:
        return ""
    damaged = _damaged_file(folder, installed, _kept(folder, DURABLE))
    if damaged:
        write_atomically(os.path.join(folder, META), durable)
    return damaged


def _damaged_file(folder: str, installed: bytes, known: dict[str, File]) -> str:
    """Return the name of a damaged file: `installed` (a meta.json) or one that it adds to `known`; empty if none is."""
    try:
        found = _named(installed)
    except DamagedError:
        return META  # truncated, or zeros
    except ValueError:
        return ""  # intact, but from another version, which its readers report
    return next((name for name, file in found.items() if known.get(name) != file and not _is_whole(folder, file)), "")


def _is_whole(folder: str, file: File) -> bool:
    path = os.path.join(folder, file.name)
    return os.path.exists(path) and os.path.getsize(path) == file.size and digest_of_file(path) == file.digest


def _named(meta: bytes | None) -> dict[str, File]:
    """Return the files that a meta.json names."""
    if meta is None:
        return {}
    return {name: file for manifest in manifests_of(meta) for name, file in manifest.files.items()}


def _kept(folder: str, note: str) -> dict[str, File]:
    """Return the files that DURABLE or _NEXT names; none if it can't be read, since the next sync replaces it."""
    try:
        return _named(_read(folder, note))
    except (ValueError, DamagedError):
        return {}


def _read(folder: str, name: str) -> bytes | None:
    try:
        with open(os.path.join(folder, name), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
