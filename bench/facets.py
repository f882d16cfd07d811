"""Filters, facets and groups beside the plain search for the same words, over HTTP on one worker, in turns."""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.request import urlopen

from bench.cluster import Cluster
from bench.documents import made_queries
from bench.indexes import kept_folder
from bench.load import measure
from bench.products import DECLARATION, made_products
from bench.progress import BenchmarkError, bar, wait_until
from bench.report import Figure, Report, percentile
from bench.settings import BenchSettings

TARGET = 0.5  # of the plain search's speed, with two filters and three facets
PATIENCE = 120.0
QUERIES_OF = 2000  # products that queries are made from
WAYS = {
    "plain": "",
    "two filters": "&f.brand=brand+1&f.price=10..50",
    "two filters, three facets of words": "&f.brand=brand+1&f.price=10..50&facets=brand,category,tags",
    "two filters, three facets, one of numbers": "&f.brand=brand+1&f.price=10..50&facets=brand,category,price",
    "three facets": "&facets=brand,category,price",
    "eight facets": "&facets=brand,category,colour,price,published,rating,stock,tags",
    "sort=-price": "&sort=-price",
    "group=brand": "&group=brand",
    "group=site, three of each": "&group=site&group_size=3",
}
JUDGED = [way for way in WAYS if way.startswith("two filters, ")]


def run(settings: BenchSettings) -> Report:
    """Measure on `settings.count` made products."""
    index = kept_folder("products", settings.count, lambda: made_products(settings.count), DECLARATION)
    products = list(made_products(min(settings.count, QUERIES_OF)))
    queries = made_queries(products)
    with tempfile.TemporaryDirectory(prefix="lightship-bench-") as folder:
        cluster = Cluster(Path(folder), replicas=1, threads=1, indexer=False, one_worker=True)
        Path(folder, "searchengine-0").symlink_to(index)
        with cluster.running():
            wait_until(lambda: bool(cluster.status(cluster.addresses[0]).get("ready")), PATIENCE, "the index open")
            rounds = _rounds(settings, cluster.addresses[0], queries)
    notes = (
        f"{len(queries)} queries of two to four words, {settings.count} made products, medians of {settings.rounds} rounds",
        f"one worker, {settings.connections} connections; JSON, 10 results with snippets",
    )
    return Report("facets", list(_figures(rounds)), notes)


class _Rounds(NamedTuple):
    """For each way its throughput and the processor time of a query, in each round, and all latencies; in seconds."""

    rates: dict[str, list[float]]
    processor: dict[str, list[float]]
    latencies: dict[str, list[float]]


def _rounds(settings: BenchSettings, address: str, queries: Sequence[str]) -> _Rounds:
    made = _Rounds(defaultdict(list), defaultdict(list), defaultdict(list))
    measure(address, settings.connections, queries)
    for _ in bar(range(settings.rounds), "searching", settings.rounds):
        for name, parameters in WAYS.items():
            before = processor_seconds(address)
            measured = measure(address, settings.connections, queries, parameters)
            made.processor[name].append((processor_seconds(address) - before) / len(queries))
            made.rates[name].append(len(queries) / measured.seconds)
            made.latencies[name] += measured.latencies
    return made


def processor_seconds(address: str) -> float:
    """Return the processor time of the searchengine: other work on the machine does not change what a query takes of it."""
    with urlopen(f"http://{address}/metrics") as answer:
        found = re.search(rb"^process_cpu_seconds_total(?:{[^}]*})? (\S+)", answer.read(), re.MULTILINE)
    if not found:
        raise BenchmarkError("the searchengine does not tell its processor time")
    return float(found[1])


def _figures(rounds: _Rounds) -> Iterator[Figure]:
    medians = {name: median(values) for name, values in rounds.rates.items()}
    processor = {name: median(values) for name, values in rounds.processor.items()}
    slowest = {name: percentile(values, 0.99) for name, values in rounds.latencies.items()}
    for name in WAYS:
        yield Figure(name, medians[name], "queries/s")
        yield Figure(f"{name}, p50", percentile(rounds.latencies[name], 0.5) * 1000, "ms")
        yield Figure(f"{name}, p99", slowest[name] * 1000, "ms")
        yield Figure(f"{name}, processor time", processor[name] * 1000, "ms")
        target = TARGET if name in JUDGED else None
        if name != "plain":
            yield Figure(f"{name} / plain", medians[name] / medians["plain"], "", target, "higher")
            limit = 1 / TARGET if name in JUDGED else None
            yield Figure(f"plain / {name}, processor time", processor["plain"] / processor[name], "")
            yield Figure(f"{name} / plain, p99", slowest[name] / slowest["plain"], "", limit)
