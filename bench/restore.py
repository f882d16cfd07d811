"""A lost indexer disk: the shard restored from a replica, and the log replayed, in turns on one machine."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from statistics import median

from bench.cluster import LOAD_SECONDS, Cluster
from bench.documents import Corpus
from bench.progress import step, wait_until
from bench.report import Figure, Report
from bench.settings import BenchSettings
from bench.takeover import everywhere, put

MOST = 50_000  # documents


def run(settings: BenchSettings, corpus: Corpus, folder: Path) -> Report:
    """Measure, from the indexer's start on an empty disk until a new change is found.

    Replayed is for a searchengine that is empty, since one that is not would be restored from; in both cases the indexer
    starts last, and what counts is when a change that was put before its start is found.
    """
    documents = corpus.documents[:MOST]
    cluster = Cluster(folder / "kept", replicas=1, threads=settings.threads)
    cluster.folder.mkdir(parents=True)
    restored, replayed, size = [], [], 0
    with cluster.running():
        cluster.load(documents)
        manifest = cluster.manifest()
        size = sum(file.size for file in manifest.files.values()) if manifest else 0
        for number in range(settings.repeat):
            restored.append(_restore(cluster, f"restored{number}"))
            replayed.append(_replay(settings, cluster, folder / f"anew-{number}"))
    figures = [
        Figure("restored from a replica", median(restored), "s"),
        Figure("replayed from the log", median(replayed), "s"),
        Figure("replayed / restored", median(b / a for a, b in zip(restored, replayed, strict=True)), ""),
        Figure("index", size / 1e6, "MB"),
    ]
    note = (
        f"{len(documents)} documents of {corpus.source}, 1 shard, median of {settings.repeat}, from the indexer's start"
    )
    return Report("restore", figures, [note])


def _restore(cluster: Cluster, token: str) -> float:
    indexer = cluster.parts[-1]
    assert indexer.process is not None
    step("restoring from the replica")
    indexer.stop()
    shutil.rmtree(cluster.folder / "indexer")
    put(cluster, token)
    started = time.perf_counter()
    indexer.start()
    return wait_until(lambda: everywhere(cluster, token), LOAD_SECONDS, "the shard restored") - started


def _replay(settings: BenchSettings, cluster: Cluster, folder: Path) -> float:
    """Index the log of `cluster`, whose indexer is stopped, for a searchengine that has nothing."""
    step("replaying the log")
    cluster.parts[-1].stop()
    empty = Cluster(folder, replicas=1, threads=settings.threads, indexer=False)
    empty.log_url = cluster.log_url
    folder.mkdir()
    token = folder.name.replace("-", "")
    put(cluster, token)
    with empty.running():
        wait_until(lambda: empty.answers(empty.addresses[0]), LOAD_SECONDS, "an empty searchengine")
        indexer = empty.add_indexer()
        started = time.perf_counter()
        indexer.start()
        ended = wait_until(lambda: everywhere(empty, token), LOAD_SECONDS, "the log replayed")
    cluster.parts[-1].start()
    return ended - started
