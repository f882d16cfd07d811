"""tantivy's files on disk: the only code that knows the layout of an index folder.

An indexer takes snapshots of its index; a searchengine composes the segments of all shards into one index. See
index/DESIGN.md. `tests/contract/test_tantivy_files.py` fails if a new version of tantivy changes the layout.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import msgspec
import tantivy

from lightship.core.caching import cache_short
from lightship.core.declaration import MAX_DECLARATION
from lightship.core.errors import DamagedError, IncompatibleIndexError, InvalidInputError, UnavailableError
from lightship.core.manifest import File, Manifest, Segment
from lightship.index.fields.schema import schema
from lightship.index.storage.index_meta import (
    COMPONENTS,
    MANAGED,
    META,
    NotedMeta,
    in_small_blocks,
    note_meta,
    read_meta,
)
from lightship.runtime.files import write_atomically

# Published files stay for so long after a newer manifest replaced theirs, so that a running push still finds them.
# Otherwise each new manifest would interrupt the push of a large merged segment
KEEP_SECONDS = 60.0

LARGE_BYTES = 4 << 20  # the digests of larger files, which take 10 ms or more, are computed in a thread

RESTORED_STAMP = 1  # of a restored index: a writer's stamps continue from it, and Positions trusts a record below it

_SEAL = b', "digest": "'  # precedes the digest of the rest of a composed meta.json
CHUNK_BYTES = 1 << 20
SYNCED_BYTES = 4 << 20  # up to so many bytes are checked synchronously, more in a thread
_SNAPSHOT_SECONDS = 30.0
_manifests = msgspec.json.Decoder(list[Manifest])


class Snapshots:
    """Publishes index folders as one, with hard links, so that merges and garbage collection do not race a push."""

    def __init__(self, folders: Sequence[str], published: str, known: Iterable[File] = ()) -> None:
        """Publish `folders` into the folder `published`; the digests of `known` files are trusted."""
        self._metas = {folder: NotedMeta(folder) for folder in folders}
        self._published = published
        os.makedirs(published, exist_ok=True)
        self._files = {file.name: file for file in known if not file.name.endswith(".del")}
        self._unneeded: dict[str, float] = {}  # file name -> since when, monotonic
        self._reading: dict[str, Future[str]] = {}
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="digest")
        self._checks: list[Future[None]] = []
        self._passes = Passes(self._whole_pass)

    def changed(self) -> tuple[tuple[int, int], ...]:
        """Return a value that changes whenever there is something new to take."""
        found = [os.stat(os.path.join(folder, META)) for folder in self._metas]
        return tuple((status.st_mtime_ns, status.st_ino) for status in found)

    def take(self) -> list[Segment]:
        """Link the files of the last commits, and return their segments; starts over if a merge replaces files."""
        segments = self.digested([segment for taken in self.take_each() for segment in taken])
        return sorted(segments, key=lambda segment: segment.id)

    def take_each(self) -> list[list[Segment]]:
        """Take a snapshot of each folder; files of LARGE_BYTES and more may lack a digest, computed in a thread."""
        self._raise_damage()
        return [self._take(folder) for folder in self._metas]

    def note_metas(self) -> None:
        """Note the digest of each meta.json that is new; raises DamagedError if one changed that is not."""
        for meta in self._metas.values():
            meta.segments()

    def check(self, segments: Iterable[Segment]) -> None:
        """Verify the digests of the published files of `segments`, from which a merged segment was made.

        Raises DamagedError, now or when a later call takes a snapshot.
        """
        files = [file for file in (self._files.get(file.name, file) for file in _files(segments)) if file.digest]
        checking = self._reader.submit(self._check, files)
        self._checks.append(checking)
        if sum(file.size for file in files) <= SYNCED_BYTES:
            checking.result()

    def scrub(self, bytes_at_most: int) -> None:
        """Verify the next `bytes_at_most` of the published files in a thread; raises what an earlier call found."""
        self._raise_damage()
        if all(check.done() for check in self._checks):
            self._checks.append(self._reader.submit(self._passes.advance, bytes_at_most))

    def _check(self, files: Iterable[File]) -> None:
        for file in files:
            for _ in read_and_check(os.path.join(self._published, file.name), file):
                pass

    def _whole_pass(self) -> Iterator[int]:
        for file in [file for file in list(self._files.values()) if file.digest]:
            yield from read_and_check(os.path.join(self._published, file.name), file)

    def _raise_damage(self) -> None:
        """Raise the damage that a check has found."""
        done = [check for check in self._checks if check.done()]
        self._checks = [check for check in self._checks if check not in done]
        for check in done:
            check.result()

    def is_digested(self, segments: Iterable[Segment]) -> bool:
        """Return True if all digests of `segments` are computed and no checks are running."""
        return all(check.done() for check in self._checks) and all(
            self._reading[file.name].done() for file in _files(segments) if file.name in self._reading
        )

    def digested(self, segments: Iterable[Segment]) -> list[Segment]:
        """Return `segments` with all digests; waits for those that are still being computed."""
        return [
            Segment(segment.id, segment.documents, segment.deleted, [self._digested(file) for file in segment.files])
            for segment in segments
        ]

    def _digested(self, file: File) -> File:
        if file.name in self._reading:
            self._files[file.name] = File(file.name, file.size, self._reading.pop(file.name).result())
        return file if file.digest else self._files[file.name]

    def _take(self, folder: str) -> list[Segment]:
        deadline = time.monotonic() + _SNAPSHOT_SECONDS
        while True:
            with contextlib.suppress(FileNotFoundError):  # a merge replaced a file after meta.json was read
                return self._link(folder, self._metas[folder].segments())
            if time.monotonic() > deadline:
                raise UnavailableError(f"no snapshot of {folder} within {_SNAPSHOT_SECONDS:g} s: it keeps changing")

    def drop_others(self, keep: Collection[str]) -> None:
        """Remove published files that have not been in `keep` for KEEP_SECONDS."""
        now = time.monotonic()
        self._unneeded = {name: self._unneeded.get(name, now) for name in set(os.listdir(self._published)) - set(keep)}
        for name in [name for name, since in self._unneeded.items() if now - since >= KEEP_SECONDS]:
            os.unlink(os.path.join(self._published, name))
            self._files.pop(name, None)
            self._reading.pop(name, None)

    def close(self) -> None:
        """Wait for the file that is being read, and stop the thread."""
        self._reader.shutdown(cancel_futures=True)
        for meta in self._metas.values():
            meta.close()

    def _link(self, folder: str, metas: Sequence[dict[str, Any]]) -> list[Segment]:
        names: dict[str, list[str]] = {}
        for name in os.listdir(folder):
            names.setdefault(name.partition(".")[0], []).append(name)
        return [self._link_segment(folder, meta, names) for meta in metas]

    def _link_segment(self, folder: str, meta: dict[str, Any], names: dict[str, list[str]]) -> Segment:
        identity, deletes = meta["segment_id"].replace("-", ""), meta["deletes"]
        found = {name.rpartition(".")[2]: name for name in names.get(identity, []) if name.count(".") == 1}
        if not found.keys() >= COMPONENTS:
            raise FileNotFoundError(f"segment {identity} lacks {sorted(COMPONENTS - found.keys())}")
        sources = [os.path.join(folder, found[component]) for component in sorted(COMPONENTS)]
        files = [self._link_file(source, os.path.basename(source)) for source in sources]
        if deletes:
            source = os.path.join(folder, f"{identity}.{deletes['opstamp']}.del")
            digest = digest_of_file(source)
            files.append(self._link_file(source, delete_file_name(identity, digest), digest))
        return Segment(identity, meta["max_doc"], deletes["num_deleted_docs"] if deletes else 0, files)

    def _link_file(self, source: str, name: str, digest: str = "") -> File:
        """Publish `source` as `name`. A delete file is named after its content, because opstamps can repeat."""
        target = os.path.join(self._published, name)
        if name not in self._files or not os.path.exists(target):
            with contextlib.suppress(FileExistsError):
                os.link(source, target)
            size = os.path.getsize(target)
            if not digest and size >= LARGE_BYTES:
                self._reading[name] = self._reader.submit(digest_of_file, target)
            elif not digest:
                digest = digest_of_file(target)
            self._files[name] = File(name, size, digest)
        return self._files[name]


def delete_file_name(identity: str, digest: str) -> str:
    """Return the published name of a delete file of the segment `identity`, which is unique to its content."""
    return f"{identity}.{int(digest[:15], 16)}.del"


def _files(segments: Iterable[Segment]) -> Iterator[File]:
    return (file for segment in segments for file in segment.files)


def digest_of_file(path: str) -> str:
    """Return the SHA-256 of the file at `path`, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_and_check(path: str, file: File) -> Iterator[int]:
    """Read `file` at `path`, yielding the size of each chunk; raises DamagedError if its digest does not match.

    A missing file is not an error.
    """
    found = hashlib.sha256()
    try:
        with open(path, "rb", buffering=0) as content:
            while chunk := content.read(CHUNK_BYTES):
                found.update(chunk)
                yield len(chunk)
    except FileNotFoundError:
        return
    except OSError as error:
        raise DamagedError(f"{path} can't be read: {error.strerror}") from error
    if found.hexdigest() != file.digest:
        raise DamagedError(f"{path} is damaged: its digest does not match")


class Passes:
    """Repeated passes over the same files, some bytes at a time; for use by one thread at a time."""

    def __init__(self, begin: Callable[[], Iterator[int]]) -> None:
        """Use `begin` to start each pass; a pass yields the numbers of bytes that it reads."""
        self._begin, self._pass = begin, begin()

    def advance(self, most: int) -> None:
        """Continue until `most` bytes are read or the pass ends; after an exception from reading, a new pass starts."""
        while most > 0:
            read = next(self._pass, None)
            if read is None:
                self._pass = self._begin()
                return
            most -= read


def check_components(manifest: Manifest) -> None:
    """Raise InvalidInputError unless every segment has all its files, without which the index could not be opened."""
    for segment in manifest.segments:
        found = {file.name.partition(".")[2] for file in segment.files if not file.name.endswith(".del")}
        if found != COMPONENTS:
            raise InvalidInputError(f"segment {segment.id} has files {sorted(found)}, must have {sorted(COMPONENTS)}")


def restore(folder: str, manifest: Manifest, source: str) -> None:
    """Create a writable index of the segments of `manifest` in the new folder `folder`, from hard links to `source`.

    A writer treats these segments like its own: it deletes from them, merges them, and then removes their files.
    """
    os.makedirs(folder)
    for name in manifest.files:
        os.link(os.path.join(source, name), os.path.join(folder, name))
    # Syncs the links, too
    write_atomically(os.path.join(folder, MANAGED), json.dumps([*manifest.files, META]).encode())
    meta = _meta_of_all([manifest], opstamp=RESTORED_STAMP)
    write_atomically(os.path.join(folder, META), meta)
    note_meta(folder, meta)


def compose(
    folder: str, manifests: Sequence[Manifest], *, durable: bool = False, without: Collection[str] = ()
) -> None:
    """Make the index in `folder` the union of `manifests`, with one rename. All their files must be complete.

    Segments whose ids are in `without`, because their files are damaged, are not searched until they are sent again.

    The result survives a kill, and a power loss once it is durable (at once if `durable` and its files are durable).
    The manifests are stored in tantivy's `payload`, so that what is installed and what is searched can't differ.
    """
    content = _meta_of_all(manifests, without, opstamp=0, payload=msgspec.json.encode(list(manifests)).decode())
    write_atomically(os.path.join(folder, META), _sealed(content), durable=durable)


def _meta_of_all(manifests: Sequence[Manifest], without: Collection[str] = (), **more: Any) -> bytes:
    ((version, declaration),) = {(manifest.layout.schema, manifest.layout.fields) for manifest in manifests}
    segments = [segment for manifest in manifests for segment in manifest.segments if segment.id not in without]
    return meta_of(version, declaration, segments, **more)


def _sealed(meta: bytes) -> bytes:
    """Return `meta` with its own digest as the last key, which tantivy ignores."""
    return meta[:-1] + _SEAL + hashlib.sha256(meta).hexdigest().encode() + b'"}'


def _check_seal(meta: bytes) -> None:
    """Raise DamagedError if `meta` has a digest that does not match."""
    body, seal, digest = meta.rpartition(_SEAL)
    if seal and hashlib.sha256(body + b"}").hexdigest().encode() + b'"}' != digest:
        raise DamagedError("its digest does not match")


def meta_of(version: int, declaration: str, segments: Iterable[Segment], **more: Any) -> bytes:
    """Return the meta.json of an index of `segments` of that schema; `more` are further keys."""
    return json.dumps(
        {**_empty_meta(declaration, version), "segments": [*map(_segment_meta, segments)], **more}
    ).encode()


def composed(folder: str) -> list[Manifest]:
    """Return the manifests that the index in `folder` is composed of; none if nothing is installed.

    Raises IncompatibleIndexError if another version wrote it, DamagedError if its meta.json is damaged.
    """
    try:
        with open(os.path.join(folder, META), "rb") as file:
            content = file.read()
    except FileNotFoundError:
        return []
    try:
        return manifests_of(content)
    except DamagedError as error:
        raise DamagedError(f"can't read the index in {folder}: its {META} is damaged ({error})") from error
    except ValueError as error:
        raise IncompatibleIndexError(
            f"{folder} was written by another version ({error}); move it away, and the indexers will push it again"
        ) from error


def manifests_of(meta: bytes) -> list[Manifest]:
    """Return the manifests in a meta.json that `compose` wrote.

    Raises DamagedError if it is damaged, ValueError if another version wrote it.
    """
    _check_seal(meta)
    try:
        return _manifests.decode(json.loads(meta)["payload"])
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DamagedError(f"not JSON: {error}") from error
    except (KeyError, TypeError) as error:
        raise ValueError(f"missing {error}") from error


def left_out(folder: str, manifests: Iterable[Manifest]) -> frozenset[str]:
    """Return the ids of the segments of `manifests` that the index in `folder` was composed without."""
    searched = {segment["segment_id"].replace("-", "") for segment in read_meta(folder)["segments"]}
    return frozenset(segment.id for manifest in manifests for segment in manifest.segments) - searched


def absent(folder: str, manifests: Iterable[Manifest]) -> set[str]:
    """Return the names of the files of `manifests` that are missing in `folder`, or have another size."""
    sizes = {entry.name: entry.stat().st_size for entry in os.scandir(folder)}
    return {name for manifest in manifests for name, file in manifest.files.items() if sizes.get(name) != file.size}


def segments_with(names: Collection[str], manifests: Iterable[Manifest]) -> set[str]:
    """Return the ids of the segments of `manifests` that contain any of the files `names`."""
    return {
        segment.id for manifest in manifests for segment in manifest.segments
        if any(file.name in names for file in segment.files)
    }  # fmt: skip


def drop_unnamed(folder: str, manifests: Iterable[Manifest], keep: Iterable[str] = (), besides: str = " ") -> None:
    """Remove the segment files in `folder` that are in neither `manifests` nor `keep`, and don't end with `besides`."""
    named = {name for manifest in manifests for name in manifest.files}.union(keep)
    for name in os.listdir(folder):
        if name not in named and len(name.partition(".")[0]) == 32 and not name.endswith(besides):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(folder, name))


def _segment_meta(segment: Segment) -> dict[str, Any]:
    deletes = [file.name.split(".")[1] for file in segment.files if file.name.endswith(".del")]
    return {
        "segment_id": segment.id,
        "max_doc": segment.documents,
        "deletes": {"num_deleted_docs": segment.deleted, "opstamp": int(deletes[0])} if deletes else None,
    }


@cache_short(entries=16, longest=MAX_DECLARATION)
def _empty_meta(declaration: str, version: int) -> dict[str, Any]:
    """Return the meta.json of an empty index of that schema, as an IndexWriter makes it."""
    with tempfile.TemporaryDirectory() as folder:
        tantivy.Index(schema(version, declaration), path=folder)
        return in_small_blocks(read_meta(folder))
