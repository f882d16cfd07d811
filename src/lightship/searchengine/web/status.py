"""The answer of `/status`: the shards, their generations and ages, and the documents."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

import msgspec

from lightship import __version__
from lightship.core.manifest import Manifest
from lightship.runtime.limits import Limits, limits
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.store.layouts import Candidate
from lightship.searchengine.store.scrub import passed_at

_STARTED = time.monotonic()


class ShardStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One installed shard; `age_seconds` is the time since it was up to date with its log."""

    shard: int
    epoch: int
    generation: int
    documents: int
    deleted: int
    segments: int
    bytes: int
    fresh_as_of: datetime
    age_seconds: float


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a replica; `layout` is None until all shards of a layout are installed.

    `candidates` are other layouts that are being received. `wanted` was promoted but is not complete yet. `former` is
    kept for a rollback. `damaged` is the number of segments that are left out until they are received again. `scrubbed`
    is the end of the last full pass over all files. `limits` are the processors and memory (bytes) that this process
    may use.
    """

    version: str
    ready: bool
    layout: str | None
    documents: int
    bytes: int
    age_seconds: float | None
    uptime_seconds: float
    process: int
    limits: Limits
    shards: list[ShardStatus]
    candidates: list[Candidate]
    wanted: str | None
    former: str | None
    former_until: datetime | None
    damaged: int
    scrubbed: datetime | None


def status_of_replica(replica: Replica) -> Status:
    """Return the current status of `replica`."""
    shards = [_shard(replica, manifest) for manifest in replica.manifests]
    state, passed = replica.store.layouts.state(), passed_at(replica.store.folder)
    return Status(
        version=__version__,
        ready=replica.ready,
        layout=replica.layout,
        documents=replica.info.documents,
        bytes=sum(shard.bytes for shard in shards),
        age_seconds=max((shard.age_seconds for shard in shards), default=None),
        uptime_seconds=round(time.monotonic() - _STARTED, 1),
        process=os.getpid(),
        limits=limits(),
        shards=shards,
        candidates=replica.store.layouts.candidates(),
        wanted=state.wanted,
        former=state.former,
        former_until=datetime.fromtimestamp(state.former_until, UTC) if state.former else None,
        damaged=replica.damaged,
        scrubbed=datetime.fromtimestamp(passed, UTC) if passed is not None else None,
    )


def _shard(replica: Replica, manifest: Manifest) -> ShardStatus:
    fresh = replica.fresh_as_of(manifest)
    return ShardStatus(
        shard=manifest.shard,
        epoch=manifest.epoch,
        generation=manifest.generation,
        documents=manifest.documents,
        deleted=sum(segment.deleted for segment in manifest.segments),
        segments=len(manifest.segments),
        bytes=sum(file.size for file in manifest.files.values()),
        fresh_as_of=datetime.fromtimestamp(fresh, UTC),
        age_seconds=round(max(0.0, time.time() - fresh), 3),
    )
