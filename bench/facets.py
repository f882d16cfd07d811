"""Filters, facets and groups beside the plain search for the same words, over HTTP on one worker, in turns."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from bench.cluster import Cluster
from bench.documents import made_queries
from bench.indexes import kept_folder
from bench.load import measure
from bench.products import DECLARATION, made_products
from bench.progress import bar, wait_until
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
            rates, latencies = _rounds(settings, cluster.addresses[0], queries)
    notes = (
        f"{len(queries)} queries of two to four words, {settings.count} made products, medians of {settings.rounds} rounds",
        f"one worker, {settings.connections} connections; JSON, 10 results with snippets",
    )
    return Report("facets", list(_figures(rates, latencies)), notes)


def _rounds(
    settings: BenchSettings, address: str, queries: Sequence[str]
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return the throughput of each way in each round, and the latencies."""
    rates, latencies = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    measure(address, settings.connections, queries)
    for _ in bar(range(settings.rounds), "searching", settings.rounds):
        for name, parameters in WAYS.items():
            measured = measure(address, settings.connections, queries, parameters)
            rates[name].append(len(queries) / measured.seconds)
            latencies[name] += measured.latencies
    return rates, latencies


def _figures(rates: dict[str, list[float]], latencies: dict[str, list[float]]) -> Iterator[Figure]:
    medians = {name: median(values) for name, values in rates.items()}
    slowest = {name: percentile(values, 0.99) for name, values in latencies.items()}
    for name in WAYS:
        yield Figure(name, medians[name], "queries/s")
        yield Figure(f"{name}, p50", percentile(latencies[name], 0.5) * 1000, "ms")
        yield Figure(f"{name}, p99", slowest[name] * 1000, "ms")
        target = TARGET if name in JUDGED else None
        if name != "plain":
            yield Figure(f"{name} / plain", medians[name] / medians["plain"], "", target, "higher")
            limit = 1 / TARGET if name in JUDGED else None
            yield Figure(f"{name} / plain, p99", slowest[name] / slowest["plain"], "", limit)
