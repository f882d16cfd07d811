"""Makes what is installed survive a power loss: a moment after it is served, many commits at once.

A replica's index is a copy of what the log holds, so it need not be on the disk before it is served. `compose` only renames;
`make_durable` syncs the files and then notes, as durable.json, the meta.json that named them. Processes may be killed at any time,
since the system keeps what they wrote; after a power loss `recover` goes back to the noted one if the newer one is damaged.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from lightship.core.errors import DamagedError
from lightship.core.manifest import File, Manifest
from lightship.index.storage.segments import META, compose, digest_of_file, manifests_of
from lightship.runtime.files import sync, write_atomically

DURABLE = "durable.json"
_NEXT = "durable.next"  # what is being synced


def make_durable(folder: str, locked: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext) -> bool:
    """Make what is installed in `folder` durable; tell whether it was not before.

    `locked` keeps others from changing the folder, for a moment; without it the folder must be locked.
    """
    following = os.path.join(folder, _NEXT)
    with locked():
        content = _read(folder, META)
        if content is None or content == _read(folder, DURABLE):
            return False
        _unlink(following)
        os.link(os.path.join(folder, META), following)  # a disk that is full has room for that, and it is whole
    for name in _named(content).keys() - _kept(folder, DURABLE).keys():  # nobody removes what it names from now on
        sync(os.path.join(folder, name))
    sync(following)
    sync(folder)
    with locked():
        if _read(folder, _NEXT) != content:  # another process made more of it durable, or removed the layout
            return False
        os.rename(following, os.path.join(folder, DURABLE))
        sync(folder)
    return True


def compose_durably(folder: str, manifests: Sequence[Manifest]) -> None:
    """Compose where nothing is durable yet, so there is nothing to go back to: all is durable before it is installed."""
    for name in {name for manifest in manifests for name in manifest.files}:
        sync(os.path.join(folder, name))
    sync(folder)
    compose(folder, manifests, durable=True)
    make_durable(folder)


def is_noted(folder: str) -> bool:
    """Tell whether something that is installed in `folder` is noted as durable."""
    return all(os.path.exists(os.path.join(folder, name)) for name in (META, DURABLE))


def durable_names(folder: str) -> set[str]:
    """Return the names of the files that are noted as durable, or about to be: they must stay."""
    return {name for kept in (DURABLE, _NEXT) for name in _kept(folder, kept)}


def forget_durable(folder: str) -> None:
    """Let nothing in `folder` be noted as durable: it is about to be removed."""
    _unlink(os.path.join(folder, DURABLE))
    _unlink(os.path.join(folder, _NEXT))


def recover(folder: str) -> str:
    """Go back to what was made durable if what is installed in `folder` was damaged by a power loss; return what was wrong, or an empty string.

    Only files that were not durable are read.
    """
    _unlink(os.path.join(folder, _NEXT))
    installed, durable = _read(folder, META), _read(folder, DURABLE)
    if installed is None or durable is None or installed == durable:
        return ""
    trouble = _damage(folder, installed, _kept(folder, DURABLE))
    if trouble:
        write_atomically(os.path.join(folder, META), durable)
    return trouble


def _damage(folder: str, installed: bytes, known: dict[str, File]) -> str:
    """Return what of the `installed` meta.json, or of its files but those `known`, is damaged; an empty string if nothing is."""
    try:
        found = _named(installed)
    except DamagedError:
        return META  # cut off, or zeros
    except ValueError:
        return ""  # whole, and another version's: who reads it tells
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
    """Return the files that a note names; none when it can't be read: the next one replaces it."""
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
