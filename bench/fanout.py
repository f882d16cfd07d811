"""Fan-out: what a push costs the indexer, and how long it takes, for several numbers of replicas."""

from __future__ import annotations

import itertools
import math
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench.cluster import Cluster
from bench.documents import Corpus
from bench.progress import step, wait_until
from bench.report import Figure, Report
from bench.segments import UNMERGED, Made, size
from bench.settings import BenchSettings
from lightship.config import TOKEN_VARIABLE
from lightship.core.manifest import File, Manifest
from lightship.core.model import Document
from lightship.indexer.publish import peer_fanout
from lightship.indexer.publish.pusher import Pusher
from lightship.rpc.client import RpcClient
from lightship.rpc.messages import Installed, Missing

TOKEN = "fanout"  # without one, replicas take nothing from each other
REPLICAS = (1, 4, 16)
SMALL = 20  # documents of 4.5 KB: a commit of about 100 KB
BIG_BYTES = 200_000_000  # of the index; less when there are fewer documents
FOLDERS = 10  # of the shard with hundreds of segments
HEARTBEATS = 5


def run(settings: BenchSettings, corpus: Corpus, folder: Path) -> Report:
    """Push the same segments to 1, 4 and 16 searchengines, each a process; the pusher is in this one."""
    step("making segments")
    documents = corpus.documents
    made = Made(folder / "shard")
    made.commit(documents[:SMALL])
    each = size(made.manifest()) / SMALL
    big = Made(folder / "big")
    big.commit(documents[: int(BIG_BYTES / each)])
    manifests = {"big": (big, big.manifest()), "small": _with_one_more(big, documents)}
    many = Made(folder / "many", FOLDERS)
    for number, part in itertools.product(range(FOLDERS), range(UNMERGED)):
        many.commit(documents[number * UNMERGED + part :][:1], number)
    figures: list[Figure] = []
    for count in REPLICAS:
        with _fed_by_indexer_alone():
            figures += _measure(folder / f"direct-{count}", f"{count} replicas", count, manifests, many)
        if count >= peer_fanout.LEAST_REPLICAS:
            figures += _measure(folder / f"fed-{count}", f"{count} that feed each other", count, manifests, None)
    notes = (
        f"{size(manifests['big'][1]) / 1e6:.0f} MB big; processor time and bytes are the indexer's; load average {os.getloadavg()[0]:.1f}",
    )
    return Report("fanout", figures, notes)


def _with_one_more(big: Made, documents: Sequence[Document]) -> tuple[Made, Manifest]:
    big.commit(documents[:SMALL])
    return big, big.manifest()


@contextmanager
def _fed_by_indexer_alone() -> Iterator[None]:
    peer_fanout.LEAST_REPLICAS, before = sys.maxsize, peer_fanout.LEAST_REPLICAS
    try:
        yield
    finally:
        peer_fanout.LEAST_REPLICAS = before


def _measure(
    folder: Path, who: str, count: int, manifests: dict[str, tuple[Made, Manifest]], many: Made | None
) -> Iterator[Figure]:
    folder.mkdir()
    os.environ[TOKEN_VARIABLE] = TOKEN
    cluster = Cluster(folder, replicas=count, threads=1, indexer=False)
    with cluster.running(), counted() as sent:
        wait_until(lambda: all(map(cluster.answers, cluster.addresses)), 60, "searchengines listening")
        for name, (made, manifest) in manifests.items():
            yield from _push(f"{name}, {who}", cluster, made, [manifest], sent)
        if many is None:
            return
        manifest = msgspec.structs.replace(many.manifest(), generation=100)
        yield from _push(f"{len(manifest.segments)} small segments, {who}", cluster, many, [manifest], sent)
        again = [msgspec.structs.replace(manifest, fresh_as_of=time.time() + i) for i in range(HEARTBEATS + 1)]
        yield from _push(
            f"{HEARTBEATS} heartbeats of {len(manifest.segments)} segments, {who}",
            cluster,
            many,
            again,
            sent,
        )


def _push(what: str, cluster: Cluster, made: Made, manifests: list[Manifest], sent: list[int]) -> list[Figure]:
    """Push all of `manifests` one after the other; the first one only warms up when there are several."""
    pusher, count = (
        Pusher(cluster.addresses, str(made.published), TOKEN, superseded=_superseded),
        len(cluster.addresses),
    )
    try:
        *before, last = manifests
        wait_until(lambda: pusher.everywhere(None, count), 60, "searchengines known")
        if before:
            pusher.offer(before.pop(0))
            time.sleep(1)
        already, processor, started = sum(sent), time.process_time(), time.perf_counter()
        for manifest in [*before, last]:
            pusher.offer(manifest)
            while not pusher.everywhere(manifest, count):
                time.sleep(0.002)
        seconds, processor = time.perf_counter() - started, time.process_time() - processor
    finally:
        pusher.close()
    return [
        Figure(f"{what}: until all have it", seconds, "s"),
        Figure(f"{what}: processor time", processor, "s"),
        Figure(f"{what}: sent", (sum(sent) - already) / 1e6, "MB"),
    ]


def _superseded(error: Exception) -> None:
    raise error


@contextmanager
def counted() -> Iterator[list[int]]:
    """Count the bytes of files that this process sends, enclosed with manifests or not."""
    sent: list[int] = []
    put_file, put_manifest = RpcClient.put_file, RpcClient.put_manifest

    async def file_put(self: RpcClient, manifest: Manifest, file: File, path: str, pace: float = math.inf) -> None:
        sent.append(file.size)
        await put_file(self, manifest, file, path, pace)

    async def manifest_put(self: RpcClient, manifest: Manifest, enclosed: Sequence[str] = ()) -> Installed | Missing:
        sent.extend(map(os.path.getsize, enclosed))
        return await put_manifest(self, manifest, enclosed)

    RpcClient.put_file, RpcClient.put_manifest = file_put, manifest_put  # type: ignore[method-assign]
    try:
        yield sent
    finally:
        RpcClient.put_file, RpcClient.put_manifest = put_file, put_manifest  # type: ignore[method-assign]
