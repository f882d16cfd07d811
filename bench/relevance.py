"""Ranking: nDCG@10 and recall@100 on the judged collections that are there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.indexes import facts_of, kept_index
from bench.progress import bar, step
from bench.report import Figure, Report
from bench.settings import BenchSettings
from lightship.judging.collection import Collection
from lightship.judging.judgement import judge

# nDCG@10 to reach: that of schema 1, less .003; more where that is known to be bad. web-miracl-en has the pages of one source of the given documents
COLLECTIONS: dict[str, tuple[float, str]] = {
    "scifact": (0.685, ""),
    "cmrc2018": (0.984, ""),
    "jsquad": (0.935, ""),
    "web-miracl-en": (0.755, "source=enwiki-2015"),
}


def run(settings: BenchSettings) -> Report | None:
    """Measure; None when no collection is there."""
    figures = [figure for name in COLLECTIONS for figure in _figures(settings, name)]
    notes = ("lightship judge says more of each collection, and compares", "one shard, 100 results with snippets")
    return Report("relevance", figures, notes) if figures else None


def _figures(settings: BenchSettings, name: str) -> Iterator[Figure]:
    folder, (target, where) = Path(settings.collections) / name, COLLECTIONS[name]
    documents = Path(settings.documents) if where else None
    if not folder.is_dir() or (documents and not documents.is_file()):
        step(f"left out {name}: no {documents if folder.is_dir() else folder}")
        return
    collection = Collection.open(folder, documents, where)

    def read() -> object:
        return bar(collection.read(), f"{name}: indexing", len(collection.ids))

    index, indexing = kept_index(name, (facts_of(collection.documents), where), read)  # type: ignore[arg-type]
    judged = judge(collection, index, bar, system="local", indexing=indexing)
    yield Figure(f"{name}, nDCG@10", judged.mean("nDCG@10"), "", target, "higher")
    yield Figure(f"{name}, recall@100", judged.mean("recall@100"), "")
    yield Figure(f"{name}, indexing {judged.documents} documents", judged.indexing, "s")
    yield Figure(f"{name}, asking {len(judged.queries)} queries", judged.searching, "s")
