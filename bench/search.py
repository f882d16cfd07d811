"""Search speed: the same queries with bare tantivy in this process, and over HTTP on one worker, in turns.

Then on one worker and on as many as a searchengine has by default, in turns.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import median

from bench.bare import Search, searches
from bench.cluster import Cluster
from bench.documents import Corpus
from bench.load import measure
from bench.progress import bar, step
from bench.report import Figure, Report, percentile
from bench.settings import BenchSettings

TARGET = 0.50  # of bare tantivy's throughput
SWEEP = (1, 2, 4, 16)  # other numbers of connections, measured once
WORKERS = (1, 8, 64)  # connections, on one worker and on the default number
GAIN = 1.8  # of two workers on two processors, with 8 connections


def run(settings: BenchSettings, corpus: Corpus, cluster: Cluster) -> Report:
    """Measure on a loaded `cluster`."""
    address, queries = cluster.addresses[0], corpus.queries
    ways = searches(cluster.index_folder())
    step("warming up")
    for search in ways.values():
        _bare(search, queries)
    measure(address, settings.connections, queries)
    rates, latencies = _rounds(settings, address, ways, queries)
    medians = {name: median(values) for name, values in rates.items()}
    http = medians.pop("http")
    figures = [Figure(f"{name}, in-process", rate, "queries/s") for name, rate in medians.items()]
    figures += [
        Figure(f"HTTP, {settings.connections} connections", http, "queries/s"),
        *_latency(latencies),
        *(figure for connections in SWEEP for figure in _sweep(address, connections, queries)),
        *(Figure(f"HTTP / {name}", http / rate, "") for name, rate in medians.items() if name != "bare"),
        Figure("HTTP / bare", http / medians["bare"], "", TARGET, "higher"),
        *(figure for connections in WORKERS for figure in _workers(settings, cluster, connections, queries)),
    ]
    notes = (
        f"{len(queries)} queries, {len(corpus.documents)} documents of {corpus.source}, medians of {settings.rounds} rounds",
        "one worker, where nothing else is said; JSON, 10 results with snippets; bare: two text fields, top 10, stored documents fetched, one thread",
    )
    return Report("search", figures, notes)


def _workers(settings: BenchSettings, cluster: Cluster, connections: int, queries: Sequence[str]) -> Iterator[Figure]:
    """Yield the figures of the default number of workers, and what they are of one worker's."""
    if len(cluster.addresses) < 2:
        return
    rates, latencies = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    for _ in bar(range(settings.rounds), f"{connections} connections, all workers", settings.rounds):
        for address in cluster.addresses[:2]:
            measured = measure(address, connections, queries)
            rates[address].append(len(queries) / measured.seconds)
            latencies[address] += measured.latencies
    one, all_of_them = cluster.addresses[:2]
    of, target = f", all workers, {connections} connection{'s'[: connections > 1]}", connections == 8
    gain = median(rates[all_of_them]) / median(rates[one])
    slower = percentile(latencies[all_of_them], 0.99) / percentile(latencies[one], 0.99)
    yield Figure(f"HTTP{of}", median(rates[all_of_them]), "queries/s")
    yield from _latency(latencies[all_of_them], of)
    yield Figure(f"{of[2:]} / one worker", gain, "", GAIN if target else None, "higher")
    yield Figure(f"{of[2:]} / one worker, p99", slower, "", 1.0 if target else None)


def _rounds(
    settings: BenchSettings, address: str, ways: dict[str, Search], queries: Sequence[str]
) -> tuple[dict[str, list[float]], list[float]]:
    """Return the throughput of each way in each round, and the latencies over HTTP."""
    rates: dict[str, list[float]] = defaultdict(list)
    latencies: list[float] = []
    for _ in bar(range(settings.rounds), "searching", settings.rounds):
        for name, search in ways.items():
            rates[name].append(len(queries) / _bare(search, queries))
        measured = measure(address, settings.connections, queries)
        rates["http"].append(len(queries) / measured.seconds)
        latencies += measured.latencies
    return rates, latencies


def _bare(search: Search, queries: Sequence[str]) -> float:
    started = time.perf_counter()
    for query in queries:
        search(query)
    return time.perf_counter() - started


def _latency(latencies: Sequence[float], of: str = "") -> list[Figure]:
    shares = (("p50", 0.5), ("p99", 0.99))
    return [Figure(f"HTTP{of}, {name}", percentile(latencies, share) * 1000, "ms") for name, share in shares]


def _sweep(address: str, connections: int, queries: Sequence[str]) -> list[Figure]:
    measured, of = measure(address, connections, queries), f", {connections} connection{'s'[: connections > 1]}"
    return [
        Figure(f"HTTP{of}", len(queries) / measured.seconds, "queries/s"),
        *_latency(measured.latencies, of),
    ]
