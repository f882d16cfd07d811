"""Known-item search: the share of queries made from pages (bench/items.py) that find their page first."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.indexes import facts_of, kept_index
from bench.items import Item, Kind, items_of
from bench.progress import bar, step
from bench.report import Figure, Report
from bench.settings import BenchSettings
from lightship.core.model import Document
from lightship.documents.jsonl import document_of_record
from lightship.judging.local import LocalIndex
from lightship.judging.reading import read_records


def run(settings: BenchSettings) -> Report | None:
    """Measure on a sample of the documents; None when they are not there."""
    path = Path(settings.documents)
    if not path.is_file():
        step("left out known-items: it needs real documents")
        return None
    records = list(sample(path, settings.count))

    def documents() -> Iterable[Document]:
        return map(document_of_record, bar(records, "known-items: indexing", len(records)))

    index, seconds = kept_index("known-items", (facts_of(path), settings.count), documents)
    texts = {record["url"]: record["text"] for record in records}
    figures = []
    notes = [f"{index.documents} documents of {path.name}, indexed in {seconds:.0f} s; seed {settings.seed}"]
    for kind, items in items_of(records, settings.items, settings.seed).items():
        missed = list(_missed(index, kind, items, texts))
        place = f"in the first {kind.depth}" if kind.depth > 1 else "first"
        share = 100 - 100 * len(missed) / len(items)
        figures.append(Figure(f"{len(items)} {kind.name}, {place}", share, "%", kind.target, "higher"))
        notes += [f"{kind.name}: {miss}" for miss in missed[: settings.misses]]
    return Report("known-items", figures, notes)


def _missed(index: LocalIndex, kind: Kind, items: Sequence[Item], texts: Mapping[str, str]) -> Iterator[str]:
    """Yield what was found in place of each page that was missed."""
    for item in bar(items, f"asking for {kind.name}", len(items)):
        assert isinstance(item, Item)
        urls = [hit.url for hit in index.search(item.query, kind.depth)]
        quoted = kind.quoted and any(item.query in " ".join(texts[url].split()) for url in urls)
        if not quoted and item.right.isdisjoint(urls):
            yield f"{item.query!r} is not {min(item.right)}, but {urls[0] if urls else 'nothing'}"


def sample(path: Path, count: int) -> Iterator[dict[str, Any]]:
    """Yield `count` documents of the file at `path`, chosen at random, but always the same; all if it has no more."""
    total = sum(1 for _ in bar(read_records(path), f"counting {path.name}"))
    chosen = set(random.Random(0).sample(range(total), min(count, total)))
    return (record for number, (_, record) in enumerate(read_records(path)) if number in chosen)
