"""The meta.json of an index that tantivy writes, which says what is in its segments.

tantivy gives it no digest, and rewrites it when a merge ends. So a process that sees a new one keeps a sealed copy
beside it. An index whose meta.json is another one can't be trusted: a single bit may bring deleted documents back.
"""

from __future__ import annotations

import json
import os
import weakref
from collections.abc import Callable
from typing import Any

import msgspec

from lightship.core.errors import DamagedError
from lightship.runtime.files import sealed, unsealed, write_atomically

META = "meta.json"
# Of stored documents that are compressed together: all of them are decompressed for one. tantivy's default is 16 KB
BLOCK_BYTES = 4096
MANAGED = ".managed.json"  # lists the files that tantivy may delete once no segment needs them; it ignores all others
NOTE = "meta.sealed"
COMPONENTS = frozenset({"store", "term", "idx", "pos", "fieldnorm", "fast"})  # the files of every segment


class _Deletes(msgspec.Struct):
    num_deleted_docs: int
    opstamp: int


class _Segment(msgspec.Struct):
    segment_id: str
    max_doc: int
    deletes: _Deletes | None


class _Meta(msgspec.Struct):
    """What must be there, and of which type; the rest is tantivy's."""

    opstamp: int
    segments: list[_Segment]


def read_meta(folder: str) -> dict[str, Any]:
    """Return the meta.json of the index in `folder`. Raises FileNotFoundError, or DamagedError if it is none."""
    path = os.path.join(folder, META)
    with open(path, "rb") as file:
        return _decoded(path, file.read())


def set_block_size(folder: str) -> None:
    """Write the block size of stored documents into the meta.json of a new index, for tantivy to read when it opens it."""
    write_atomically(os.path.join(folder, META), json.dumps(in_small_blocks(read_meta(folder))).encode())


def in_small_blocks(meta: dict[str, Any]) -> dict[str, Any]:
    """Return a meta.json with the block size of stored documents."""
    return {**meta, "index_settings": {**meta["index_settings"], "docstore_blocksize": BLOCK_BYTES}}


def segments_of(folder: str) -> list[dict[str, Any]]:
    """Return the entries of the segments in the meta.json of the index in `folder`."""
    return list(read_meta(folder)["segments"])


def opstamp(folder: str) -> int:
    """Return the stamp of the last commit of the index in `folder`; 0 when there is none."""
    try:
        return int(read_meta(folder)["opstamp"])
    except FileNotFoundError:
        return 0


def check_meta(folder: str, *, crashed: bool) -> None:
    """Raise DamagedError if the meta.json in `folder` is none, or not the one that was noted last.

    If the indexer `crashed`, tantivy may have written it after that one. Versions that noted none are trusted.
    """
    path, note = os.path.join(folder, META), os.path.join(folder, NOTE)
    try:
        with open(path, "rb") as file:
            meta = _decoded(path, file.read())
        with open(note, "rb") as file:
            noted = _decoded(note, _unsealed(note, file.read()))
    except FileNotFoundError:
        return
    except DamagedError as error:
        if crashed and note in str(error):  # it is not synced: a power loss may take it
            return
        raise
    if meta != noted and not (crashed and _follows(folder, noted, meta)):
        raise DamagedError(f"{path} is damaged: it is not what was written last")


def _unsealed(path: str, content: bytes) -> bytes:
    try:
        return unsealed(content)
    except DamagedError as error:
        raise DamagedError(f"{path} is damaged: {error}") from error


def _follows(folder: str, old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Return True if tantivy may have written `new` after `old`."""
    before = {segment["segment_id"]: segment for segment in old["segments"]}
    there = set(os.listdir(folder))
    return (
        {**new, "segments": 0, "opstamp": 0} == {**old, "segments": 0, "opstamp": 0}
        and new["segments"] != old["segments"]
        and new["opstamp"] >= old["opstamp"]
        and all(
            files_of(segment) <= there
            and segment["max_doc"] == before.get(segment["segment_id"], segment)["max_doc"]
            and _deleted(segment) >= _deleted(before.get(segment["segment_id"], segment))
            for segment in new["segments"]
        )
    )


def files_of(segment: dict[str, Any]) -> set[str]:
    """Return the names of the files of `segment`, an entry in a meta.json."""
    identity, deletes = segment["segment_id"].replace("-", ""), segment["deletes"]
    deleted = {f"{identity}.{deletes['opstamp']}.del"} if deletes else set()
    return {f"{identity}.{component}" for component in COMPONENTS} | deleted


def _deleted(segment: dict[str, Any]) -> int:
    return int(segment["deletes"]["num_deleted_docs"]) if segment["deletes"] else 0


class NotedMeta:
    """The meta.json of the index in `folder`, which is noted whenever tantivy has written a new one."""

    def __init__(self, folder: str) -> None:
        """Read nothing yet."""
        self._folder = folder
        self._held = -1  # a descriptor of the one that was noted: while it is open, a new one has another inode
        self._noted = b""
        self._release: Callable[[], object] = lambda: None

    def segments(self) -> list[dict[str, Any]]:
        """Return the entries of its segments; raises DamagedError if it is not what tantivy wrote."""
        path = os.path.join(self._folder, META)
        with open(path, "rb") as file:
            content = file.read()
            if self._held < 0 or not os.path.sameopenfile(self._held, file.fileno()):
                _decoded(path, content)
                note_meta(self._folder, content)
                self._hold(file.fileno())
                self._noted = content
        if content != self._noted:
            raise DamagedError(f"{path} is damaged: it changed, but was not written")
        return list(_decoded(path, content)["segments"])

    def _hold(self, descriptor: int) -> None:
        self.close()
        self._held = os.dup(descriptor)
        self._release = weakref.finalize(self, os.close, self._held)

    def close(self) -> None:
        """Release the file."""
        self._release()
        self._held = -1


def note_meta(folder: str, content: bytes) -> None:
    """Keep a sealed copy of the `content` of the meta.json in `folder`; not synced, as an index can be restored."""
    write_atomically(os.path.join(folder, NOTE), sealed(content.rstrip(b"\n")), durable=False)


def manage_all(folder: str) -> None:
    """Rewrite the list of tantivy's files from the contents of `folder`: all of them are tantivy's."""
    if os.path.exists(os.path.join(folder, META)):
        write_atomically(os.path.join(folder, MANAGED), json.dumps([*_files(folder), META]).encode(), durable=False)


def check_managed(folder: str) -> None:
    """Raise DamagedError if the list of tantivy's files in `folder` is none, or lacks any."""
    path = os.path.join(folder, MANAGED)
    try:
        with open(path, "rb") as file:
            listed = set(msgspec.json.decode(file.read(), type=list[str]))
    except FileNotFoundError:
        return
    except msgspec.MsgspecError as error:
        raise DamagedError(f"{path} is damaged: {error}") from error
    if lacking := {*_files(folder), META} - listed:
        raise DamagedError(f"{path} is damaged: it lacks {min(lacking)}")


def _files(folder: str) -> list[str]:
    """Return the names of the files of segments in `folder`."""
    return [name for name in os.listdir(folder) if len(name.partition(".")[0]) == 32]


def _decoded(path: str, content: bytes) -> dict[str, Any]:
    try:
        meta: dict[str, Any] = json.loads(content)
        msgspec.convert(meta, _Meta)
    except (ValueError, msgspec.ValidationError) as error:
        raise DamagedError(f"{path} is damaged: {error}") from error
    return meta
