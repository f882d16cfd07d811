"""What a shard looks like: layout, segments and their files, manifest. Part of the vocabulary.

Strict: an unknown field is an error, never a silent loss.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from lightship.core.errors import InvalidInputError
from lightship.core.model import PARTITIONS
from lightship.core.position import Reached, log_digest

MAX_SHARDS = PARTITIONS
MAX_MANIFEST_BYTES = 8 << 20
MAX_FILE_BYTES = 1 << 40
MAX_COMING = 2  # times the bytes that a manifest's segments have
MAX_DOCUMENTS = (1 << 31) - 1  # of one segment
MAX_NUMBER = (1 << 63) - 1  # epochs, generations, positions
MAX_TIME = 253_402_300_799  # the end of the year 9999, in seconds since the epoch
HISTORY = "history"  # among the positions, since searchengines of earlier versions refuse a field that they don't know

LAYOUT_PATTERN = r"s([1-9][0-9]{0,3})v([1-9][0-9]{0,5})"
FILE_NAME_PATTERN = r"[0-9a-f]{32}(\.[0-9]{1,19})?\.[a-z]{2,12}"
DIGEST_PATTERN = r"[0-9a-f]{64}"

_LAYOUT, _FILE_NAME, _DIGEST = map(re.compile, (LAYOUT_PATTERN, FILE_NAME_PATTERN, DIGEST_PATTERN))


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Number of shards and schema version: what all shards of one index share."""

    shards: int
    schema: int

    @property
    def name(self) -> str:
        """A name fit for a folder and for people, like `s3v1`."""
        return f"s{self.shards}v{self.schema}"

    @classmethod
    def of(cls, name: str) -> Layout:
        """Return the layout that `name` names."""
        found = _LAYOUT.fullmatch(name)
        if not found:
            raise InvalidInputError(f"not a layout: {name[:40]!r}; a layout is named like s3v1")
        layout = cls(int(found[1]), int(found[2]))
        return check_layout(layout)


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An immutable file of a segment: its size in bytes and its SHA-256 in hexadecimal."""

    name: str
    size: int
    digest: str


class Segment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An immutable piece of an index: `documents` are stored in it, `deleted` of them no longer count."""

    id: str
    documents: int
    deleted: int
    files: list[File]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one shard looks like now.

    `order` is that of its layout: a greater one is newer (0: made before there were orders). `positions` maps a partition to
    the log sequence up to which it is indexed, within the log `log_id`, and HISTORY to the log's history up to there. `made`
    and `fresh_as_of` are in seconds since 1970: all that was put before `fresh_as_of` is in it. `coming` are files of
    segments that a later manifest will name instead of some of these: sent ahead, so that it need not wait for them.
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
        """The positions by the number of their partition."""
        return {int(name): sequence for name, sequence in self.positions.items() if name.isdecimal()}

    @property
    def history(self) -> int:
        """The history of the log up to the positions (see DocumentLog); 0 in manifests of versions that did not keep it."""
        return self.positions.get(HISTORY, 0)

    def is_behind(self, other: Manifest) -> bool:
        """Tell whether `other`, of the same log, has read further in any partition."""
        read = self.sequences
        return any(read.get(partition, 0) < sequence for partition, sequence in other.sequences.items())

    @property
    def documents(self) -> int:
        """The number of documents that count."""
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
        """All files by name, those that are coming too."""
        return self.files | {file.name: file for file in self.coming}


def has_reached(manifests: Sequence[Manifest], reached: Reached) -> bool:
    """Tell whether `manifests`, those of a whole layout or none, hold all that was put up to `reached`.

    Raises InvalidInputError when none of them is of its log.
    """
    if manifests and reached.log not in {log_digest(manifest.log_id) for manifest in manifests}:
        raise InvalidInputError(f"the index is not of the document log of position {str(reached)[:40]}")
    positions: dict[str, int] = {}
    for manifest in manifests:
        if log_digest(manifest.log_id) == reached.log:
            positions |= manifest.positions
    return reached.is_covered_by(positions)


def is_layout(name: str) -> bool:
    """Tell whether `name` is like that of a layout."""
    return _LAYOUT.fullmatch(name) is not None


def check_layout(layout: Layout) -> Layout:
    """Return `layout` if there can be one of so many shards; raise InvalidInputError otherwise."""
    if not 1 <= layout.shards <= MAX_SHARDS:
        raise InvalidInputError(f"layout of {layout.shards} shards: there can be 1 to {MAX_SHARDS}")
    return layout


def check_manifest(manifest: Manifest, shard: int) -> Manifest:
    """Return `manifest` if it can be installed as that of `shard`; raise InvalidInputError saying why not."""
    check_layout(manifest.layout)
    if manifest.shard != shard or not 0 <= shard < manifest.layout.shards:
        raise InvalidInputError(f"manifest of shard {manifest.shard} sent as {shard} of {manifest.layout.shards}")
    if not all(1 <= number <= MAX_NUMBER for number in manifest.version):
        raise InvalidInputError("epoch and generation must be above 0, and below 2 to the power of 63")
    if not 1 <= manifest.order <= MAX_NUMBER:
        raise InvalidInputError(
            f"order {manifest.order} of {manifest.layout.name} must be above 0; upgrade the indexer"
        )
    if not all(0 <= sequence <= MAX_NUMBER for sequence in manifest.positions.values()):
        raise InvalidInputError("positions must not be negative, and below 2 to the power of 63")
    if not all(0 <= moment <= MAX_TIME for moment in (manifest.made, manifest.fresh_as_of)):
        raise InvalidInputError(
            f"made {manifest.made} and fresh_as_of {manifest.fresh_as_of} must be from 0 to {MAX_TIME}"
        )
    names: set[str] = set()
    for segment in manifest.segments:
        _check_segment(segment, names)
    _check_coming(manifest, names)
    return manifest


def _check_coming(manifest: Manifest, names: set[str]) -> None:
    """Check what is coming: it replaces what is there, so it is hardly larger, and fills no disk."""
    for file in manifest.coming:
        check_file(file)
        if file.name.endswith(".del") or file.name in names:
            raise InvalidInputError(f"file {file.name} is coming: it can't be a delete file, or stand twice")
        names.add(file.name)
    coming = sum(file.size for file in manifest.coming)
    if coming > MAX_COMING * sum(file.size for file in manifest.files.values()):
        raise InvalidInputError(f"{coming} bytes are coming, more than {MAX_COMING} times what there is")


def _check_segment(segment: Segment, names: set[str]) -> None:
    if not re.fullmatch(r"[0-9a-f]{32}", segment.id) or not 0 <= segment.deleted <= segment.documents <= MAX_DOCUMENTS:
        raise InvalidInputError(
            f"segment {segment.id[:40]!r} is malformed: 32 hexadecimal digits, 0 <= deleted <= documents <= {MAX_DOCUMENTS}"
        )
    for file in segment.files:
        check_file(file)
        if not file.name.startswith(segment.id) or file.name in names:
            raise InvalidInputError(f"file {file.name} does not belong to segment {segment.id}, or stands twice")
        names.add(file.name)
    deletes = sum(file.name.endswith(".del") for file in segment.files)
    if deletes != (segment.deleted > 0):
        raise InvalidInputError(
            f"segment {segment.id} has {segment.deleted} deleted documents and {deletes} delete files"
        )


def check_file(file: File) -> File:
    """Return `file` if its name, size and digest are well-formed; a name with a path in it is not."""
    if not _FILE_NAME.fullmatch(file.name):
        raise InvalidInputError(f"not the name of a segment's file: {file.name[:80]!r}")
    if not _DIGEST.fullmatch(file.digest):
        raise InvalidInputError(f"digest of {file.name}: {file.digest[:80]!r} is not a SHA-256 in hexadecimal")
    if not 0 <= file.size <= MAX_FILE_BYTES:
        raise InvalidInputError(f"size of {file.name}: {file.size} is not from 0 to {MAX_FILE_BYTES}")
    return file
