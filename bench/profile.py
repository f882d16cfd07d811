"""The processor time of a search by stage: each stage in this process for all queries, and the whole over HTTP."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from bench.cluster import Cluster
from bench.documents import load
from bench.facets import PATIENCE, processor_seconds
from bench.indexes import facts_of, kept_folder
from bench.load import measure
from bench.progress import bar, wait_until
from bench.report import Figure, Report
from bench.settings import BenchSettings
from lightship.index.cost import seconds_of
from lightship.index.highlight.snippet import Highlighter
from lightship.index.query.compiler import compile_query
from lightship.index.query.language.parser import parse_query
from lightship.index.reader import IndexReader, View, find, reading
from lightship.index.suggest.snapshot import words_of
from lightship.index.suggest.words import Words
from lightship.searchengine.search.correcting import corrected, mistyped
from lightship.searchengine.search.hits import Page
from lightship.searchengine.store.store import Store

HITS = 10

Given = TypeVar("Given")
Made = TypeVar("Made")
Stages = defaultdict[str, list[float]]  # the microseconds of a query in each round, by stage


def run(settings: BenchSettings) -> Report:
    """Measure on the documents and queries of `settings`; the least of all rounds counts."""
    with tempfile.TemporaryDirectory(prefix="lightship-bench-") as folder:
        corpus = load(settings, Path(folder))
        facts = [facts_of(Path(settings.documents))] if settings.documents else []
        index = kept_folder("profile", [settings.count, *facts], lambda: corpus.documents)
        stages = _in_process(index, corpus.queries, settings.rounds)
        whole = _over_http(Path(folder) / "none", index, settings, corpus.queries)
        again = _over_http(Path(folder) / "kept", index, settings, corpus.queries, answers=64)
    least = {name: min(values) for name, values in stages.items()}
    figures = [Figure(name, value, "µs") for name, value in least.items()]
    figures += [
        Figure("over HTTP, whole", whole, "µs"),
        Figure("over HTTP, the rest", whole - sum(least.values()), "µs"),
        Figure("over HTTP, asked again", again, "µs"),
    ]
    compiling, correcting = stages["compile"][0], stages["correct"][0]
    notes = (
        f"{len(corpus.queries)} queries, {len(corpus.documents)} documents of {corpus.source}, least of {settings.rounds} rounds",
        f"processor time of a query, JSON with {HITS} hits; words that were not asked for before take {compiling:.0f} µs to compile and {correcting:.0f} to correct",
    )
    return Report("profile", figures, notes)


def _in_process(folder: Path, queries: Sequence[str], rounds: int) -> Stages:
    store = Store(str(folder))
    layout = store.current()
    assert layout
    view, stages = IndexReader(store.layout_folder(layout)).view, Stages(list)
    words = words_of(view)
    for _ in bar(range(rounds), "in-process", rounds):
        _round(view, words, queries, stages)
    return stages


def _round(view: View, words: Words | None, queries: Sequence[str], stages: Stages) -> None:
    """Measure each stage of a search for all `queries`, one stage after the other."""

    def stage(name: str, work: Callable[[Given], Made], given: Iterable[Given]) -> list[Made]:
        started = time.process_time()
        made = list(map(work, given))
        stages[name].append((time.process_time() - started) / len(queries) * 1e6)
        return made

    searcher = view.searcher
    parsed = stage("parse", parse_query, queries)
    compiled = stage("compile", lambda query: compile_query(query, view.version, view.languages, "", view), parsed)
    stage("estimate", lambda pair: seconds_of(view, *pair), zip(parsed, compiled, strict=True))
    stage(
        "correct",
        lambda query: (
            words and (wrong := mistyped(query, view, words)) and corrected(" ".join(query.words), wrong, words)
        ),
        parsed,
    )
    stage("build the queries", lambda each: (each.query, each.raised), compiled)
    stage("search for words", lambda each: searcher.search(each.query, HITS), compiled)
    stage(
        "search for bonuses",
        lambda each: each.raised and searcher.search(each.raised, HITS, count=False),
        compiled,
    )
    found = [find(view, each, 0, HITS, by_date=False) for each in compiled]
    with reading:
        stage("fetch", lambda each: [each.stored(number) for number in range(len(each.scores))], found)
    pages = [Page(Highlighter(each, view.frequency), hits) for each, hits in zip(compiled, found, strict=True)]
    stage("titles and snippets", lambda page: page.read(), pages)
    stages["titles and snippets"][-1] -= stages["fetch"][-1]
    stage("encode", lambda page: msgspec.json.encode(page.hits), pages)


def _over_http(
    folder: Path, index: Path, settings: BenchSettings, queries: Sequence[str], *, answers: int = 0
) -> float:
    """Return the least processor time of a query on one worker, in microseconds, with so many MiB of answers kept."""
    folder.mkdir()
    cluster = Cluster(folder, replicas=1, threads=1, indexer=False, one_worker=True, answers=answers)
    (folder / "searchengine-0").symlink_to(index)
    address, taken = cluster.addresses[0], []
    with cluster.running():
        wait_until(lambda: bool(cluster.status(address).get("ready")), PATIENCE, "the index open")
        measure(address, settings.connections, queries)
        for _ in bar(range(settings.rounds), "over HTTP", settings.rounds):
            before = processor_seconds(address)
            measure(address, settings.connections, queries)
            taken.append((processor_seconds(address) - before) / len(queries) * 1e6)
    return min(taken)
