"""Index speed: from a .jsonl file to a searchable replica by the real programs, and a bare tantivy loop, in one run."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from statistics import median

from bench import bare
from bench.cluster import LOAD_SECONDS, Cluster
from bench.documents import Corpus
from bench.progress import watch
from bench.report import Figure, Report
from bench.settings import BenchSettings

TARGET = 0.60  # of bare tantivy's documents a second


def run(settings: BenchSettings, corpus: Corpus) -> Report:
    """Measure, bare tantivy first, each on empty folders."""
    count = len(corpus.documents)
    pairs = [(_bare(corpus), _ours(settings, corpus)) for _ in range(settings.repeat)]
    figures = [
        Figure("bare tantivy", count / median(bare for bare, _ in pairs), "documents/s"),
        Figure("crawler to searchable", count / median(ours for _, ours in pairs), "documents/s"),
        Figure("ours / bare", median(bare / ours for bare, ours in pairs), "", TARGET, "higher"),
    ]
    notes = (
        f"{count} documents of {corpus.source}, {corpus.path.stat().st_size / 1e6:.0f} MB, median of {settings.repeat}",
        f"bare: tantivy's default writer on {min(os.cpu_count() or 1, 8)} threads, documents parsed before",
        "ours: crawler, log, indexer, searchengine, started with the clock",
    )
    return Report("index", figures, notes)


def _bare(corpus: Corpus) -> float:
    with tempfile.TemporaryDirectory(prefix="lightship-bench-") as folder:
        return bare.index_seconds(corpus.documents, Path(folder))


def _ours(settings: BenchSettings, corpus: Corpus) -> float:
    with tempfile.TemporaryDirectory(prefix="lightship-bench-") as folder:
        cluster = Cluster(Path(folder), replicas=1, threads=settings.threads)
        cluster.add_crawler(corpus.path)
        os.sync()  # what the bare run wrote is not ours to wait for
        started = time.perf_counter()
        with cluster.running():
            ended = watch(cluster.documents, len(corpus.documents), LOAD_SECONDS, "crawler to searchable: indexing")
        return ended - started
