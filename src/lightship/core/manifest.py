"""What a shard consists of: its layout, its segments and their files, and the manifest that lists them.

Decoding is strict: an unknown field is an error, since ignoring it could lose data.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from lightship.core.declaration import canonical
from lightship.core.errors import InvalidInputError
from lightship.core.model import PARTITIONS
from lightship.core.position import Reached, log_digest

MAX_SHARDS = PARTITIONS
MAX_MANIFEST_BYTES = 8 << 20
MAX_FILE_BYTES = 1 << 40
MAX_COMING = 2  # times the bytes of the manifest's segments
MAX_DOCUMENTS = (1 << 31) - 1  # of one segment
MAX_NUMBER = (1 << 63) - 1  # epochs, generations, positions
MAX_TIME = 253_402_300_799  # the end of the year 9999, in seconds since the epoch
HISTORY = "history"  # a key of `positions`, because earlier versions of the searchengine refuse unknown fields

LAYOUT_PATTERN = r"s([1-9][0-9]{0,3})v([1-9][0-9]{0,5})(?:f[0-9a-f]{8})?"
FILE_NAME_PATTERN = r"[0-9a-f]{32}(\.[0-9]{1,19})?\.[a-z]{2,12}"
DIGEST_PATTERN = r"[0-9a-f]{64}"

_LAYOUT, _FILE_NAME, _DIGEST = map(re.compile, (LAYOUT_PATTERN, FILE_NAME_PATTERN, DIGEST_PATTERN))


class LayoutName(NamedTuple):
    """The name of a layout, and what it says: the number of shards and the schema version."""

    name: str
    shards: int
    schema: int

    @classmethod
    def of(cls, name: str) -> LayoutName:
        """Parse a name like `s3v2`, or `s3v2f1a2b3c4d` with declared fields; raises InvalidInputError."""
        found = _LAYOUT.fullmatch(name)
        if not found:
            raise InvalidInputError(f"not a layout: {name[:40]!r}; a layout is named like s3v1")
        return cls(name, _checked_shards(int(found[1])), int(found[2]))


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What all shards of one index share: their number, the schema version, and the declared fields (`declaration`)."""

    shards: int
    schema: int
    fields: str = ""

    @property
    def name(self) -> str:
        """The name in folders, urls and messages, like `s3v2`; with declared fields it ends with their digest."""
        digest = hashlib.blake2b(self.fields.encode(), digest_size=4).hexdigest()
        return f"s{self.shards}v{self.schema}{f'f{digest}' if self.fields else ''}"

    @property
    def parsed_name(self) -> LayoutName:
        """Its name, and what that says."""
        return LayoutName(self.name, self.shards, self.schema)


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An immutable file of a segment: its size in bytes and its SHA-256 in hexadecimal."""

    name: str
    size: int
    digest: str


class Segment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An immutable piece of an index: it stores `documents` documents, of which `deleted` are deleted."""

    id: str
    documents: int
    deleted: int
    files: list[File]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One shard at one moment.

    `order` is that of its layout: a greater one is newer (0: written before orders existed). `positions` maps each
    partition of the log `log_id` to the sequence up to which it is indexed, and HISTORY to the log's history up to
    there. `made` and `fresh_as_of` are in seconds since 1970; the shard holds every change that was put before
    `fresh_as_of`. `coming` are files of merged segments that a later manifest will name in place of some of these; they
    are sent ahead so that the later manifest can be installed without waiting for them.
    """

    layout: Layout
    order: int = 0
    shard: int
    epoch: int
    generation: int
    segments: list[Segment]
    log_id: str
    positions: dict[str, int]
    made: float
    fresh_as_of: float
    coming: list[File] = []

    @property
    def sequences(self) -> dict[int, int]:
        """The positions, keyed by partition number."""
        return {int(name): sequence for name, sequence in self.positions.items() if name.isdecimal()}

    @property
    def history(self) -> int:
        """The log's history up to the positions (see DocumentLog); 0 in manifests of versions without it."""
        return self.positions.get(HISTORY, 0)

    def is_behind(self, other: Manifest) -> bool:
        """Return True if `other`, of the same log, has read further in any partition."""
        read = self.sequences
        return any(read.get(partition, 0) < sequence for partition, sequence in other.sequences.items())

    @property
    def documents(self) -> int:
        """The number of live documents."""
        return sum(segment.documents - segment.deleted for segment in self.segments)

    @property
    def version(self) -> tuple[int, int]:
        """(epoch, generation): a greater one is newer."""
        return self.epoch, self.generation

    @property
    def files(self) -> dict[str, File]:
        """All files by name."""
        return {file.name: file for segment in self.segments for file in segment.files}

    @property
    def wanted(self) -> dict[str, File]:
        """All files by name, including those in `coming`."""
        return self.files | {file.name: file for file in self.coming}


def has_reached(manifests: Sequence[Manifest], reached: Reached) -> bool:
    """Return True if `manifests` (those of a complete layout, or none) contain every change up to `reached`.

    Raises InvalidInputError when no manifest comes from the log of `reached`.
    """
    if manifests and reached.log not in {log_digest(manifest.log_id) for manifest in manifests}:
        raise InvalidInputError(f"position {str(reached)[:40]} belongs to another document log than this index")
    positions: dict[str, int] = {}
    for manifest in manifests:
        if log_digest(manifest.log_id) == reached.log:
            positions |= manifest.positions
    return reached.is_covered_by(positions)


def is_layout(name: str) -> bool:
    """Return True if `name` has the form of a layout's name."""
    return _LAYOUT.fullmatch(name) is not None


def check_layout(layout: Layout) -> Layout:
    """Return `layout` if its number of shards and its fields are valid; raise InvalidInputError otherwise."""
    _checked_shards(layout.shards)
    if canonical(layout.fields) != layout.fields:
        raise InvalidInputError(f"layout with fields {layout.fields[:80]!r}: must be {canonical(layout.fields)[:80]!r}")
    return layout


def _checked_shards(shards: int) -> int:
    if not 1 <= shards <= MAX_SHARDS:
        raise InvalidInputError(f"layout of {shards} shards: must be 1 to {MAX_SHARDS}")
    return shards


def check_manifest(manifest: Manifest, shard: int) -> Manifest:
    """Return `manifest` if it is a valid manifest of `shard`; raise InvalidInputError with the reason otherwise."""
    check_layout(manifest.layout)
    if manifest.shard != shard or not 0 <= shard < manifest.layout.shards:
        raise InvalidInputError(f"manifest of shard {manifest.shard} sent as {shard} of {manifest.layout.shards}")
    if not all(1 <= number <= MAX_NUMBER for number in manifest.version):
        raise InvalidInputError("epoch and generation must be from 1 to 2^63 - 1")
    if not 1 <= manifest.order <= MAX_NUMBER:
        raise InvalidInputError(
            f"order of {manifest.layout.name} is {manifest.order}, must be 1 or more; upgrade the indexer"
        )
    if not all(0 <= sequence <= MAX_NUMBER for sequence in manifest.positions.values()):
        raise InvalidInputError("positions must be from 0 to 2^63 - 1")
    if not all(0 <= moment <= MAX_TIME for moment in (manifest.made, manifest.fresh_as_of)):
        raise InvalidInputError(
            f"made ({manifest.made}) and fresh_as_of ({manifest.fresh_as_of}) must be from 0 to {MAX_TIME}"
        )
    names: set[str] = set()
    for segment in manifest.segments:
        _check_segment(segment, names)
    _check_coming(manifest, names)
    return manifest


def _check_coming(manifest: Manifest, names: set[str]) -> None:
    """Bound the files in `coming`: a merge is hardly larger than its sources, so anything more could fill the disk."""
    for file in manifest.coming:
        check_file(file)
        if file.name.endswith(".del") or file.name in names:
            raise InvalidInputError(f"file {file.name} in `coming` is a delete file or a duplicate")
        names.add(file.name)
    coming = sum(file.size for file in manifest.coming)
    if coming > MAX_COMING * sum(file.size for file in manifest.files.values()):
        raise InvalidInputError(f"files in `coming` have {coming} bytes, over {MAX_COMING} times those of the segments")


def _check_segment(segment: Segment, names: set[str]) -> None:
    if not re.fullmatch(r"[0-9a-f]{32}", segment.id) or not 0 <= segment.deleted <= segment.documents <= MAX_DOCUMENTS:
        raise InvalidInputError(
            f"invalid segment {segment.id[:40]!r}: the id must be 32 hexadecimal digits,"
            f" and 0 <= deleted <= documents <= {MAX_DOCUMENTS}"
        )
    for file in segment.files:
        check_file(file)
        if not file.name.startswith(segment.id) or file.name in names:
            raise InvalidInputError(f"file {file.name} does not belong to segment {segment.id}, or is a duplicate")
        names.add(file.name)
    deletes = sum(file.name.endswith(".del") for file in segment.files)
    if deletes != (segment.deleted > 0):
        raise InvalidInputError(
            f"segment {segment.id} has {segment.deleted} deleted documents and {deletes} delete files"
        )


def check_file(file: File) -> File:
    """Return `file` if its name (no path), size and digest are well-formed; raise InvalidInputError otherwise."""
    if not _FILE_NAME.fullmatch(file.name):
        raise InvalidInputError(f"not the name of a segment file: {file.name[:80]!r}")
    if not _DIGEST.fullmatch(file.digest):
        raise InvalidInputError(f"digest of {file.name} is not a hexadecimal SHA-256: {file.digest[:80]!r}")
    if not 0 <= file.size <= MAX_FILE_BYTES:
        raise InvalidInputError(f"size of {file.name} is {file.size}, must be from 0 to {MAX_FILE_BYTES}")
    return file
