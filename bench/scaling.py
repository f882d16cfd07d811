"""Scaling: what layouts of a million to ten billion documents cost and give, by simulation from measured constants."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from bench.constants import MEASURED, Constants
from bench.progress import bar
from bench.report import Figure, Report
from bench.simulation import Layout, Result, query_seconds, simulate

SIZES = (1e6, 1e7, 1e8, 1e9, 1e10)
REVISIT = 30 * 86_400  # seconds in which every document changes once
QUERIES = 100.0  # a second, over all replicas
SHARDS = {1e6: 1, 1e7: 1, 1e8: 4, 1e9: 16, 1e10: 64}
REPLICAS = (2, 4, 16)
LINKS = {"1 Gb/s": 125e6, "10 Gb/s": 1.25e9}
LEAF = 5e7  # documents of a group of leaves, where the union is still right
Row = tuple[Layout, Result]


def run(given: Constants = MEASURED) -> Report:
    """Print tables of what was simulated; the figures that are kept are those of ten billion documents in leaves."""
    sizes: list[Row] = []
    for documents in bar(SIZES, "simulating", len(SIZES)):
        assert isinstance(documents, float)
        sizes.append(_row(Layout(documents, SHARDS[documents], 3, documents / REVISIT, QUERIES), given))
    print(
        _table(
            "One union, 3 replicas of 8 processors, 10 Gb/s, every document changes once a month, 100 queries/s",
            sizes,
            given,
        )
    )
    grid = [
        _row(Layout(1e7, shards, replicas, 200, QUERIES), given) for shards in (1, 4, 16, 64) for replicas in REPLICAS
    ]
    print(_table("S shards x R replicas: ten million documents, 200 changes/s", grid, given))
    links = [
        _row(Layout(documents, 1, 4, 200, QUERIES, link=link), given)
        for link in LINKS.values()
        for documents in (1e5, 1e6, 1e7, 1e8)
    ]
    print(
        _table(
            "Freshness against the size of segments: 1 shard, 4 replicas, 200 changes/s, at 1 and 10 Gb/s", links, given
        )
    )
    return Report(
        "scaling", _leaves(given), [f"leaf groups of {LEAF:,.0f} documents, each a union of 4 shards and 3 replicas"]
    )


def _row(layout: Layout, given: Constants) -> Row:
    return layout, simulate(layout, given)


def _leaves(given: Constants) -> list[Figure]:
    """Return what ten billion documents are in groups of leaves, each asked for every query, behind a front that merges ten results."""
    groups = max(SIZES) / LEAF
    layout = Layout(LEAF, 4, 3, LEAF / REVISIT, QUERIES)
    result = simulate(layout, given)
    slowest = 1 - 0.01 / groups  # of so many answers the slowest counts: its percentile for a p99 of the whole
    return [
        Figure("groups", groups, ""),
        Figure("searchengines", groups * layout.replicas, ""),
        Figure("indexers", groups * layout.shards, ""),
        Figure("freshness, p99", 1000 * result.freshness_at(0.99), "ms"),
        Figure("a leaf's answer, p50", 1000 * result.latency_at(0.5), "ms"),
        Figure("the slowest leaf's answer, p99", 1000 * result.latency_at(slowest), "ms"),
        Figure("processors busy with queries", groups * layout.replicas * result.replica_load * layout.processors, ""),
    ]


Column = tuple[str, Callable[[Layout, Result, Constants], str]]
COLUMNS: Sequence[Column] = (
    ("documents", lambda at, _, __: f"{at.documents:.0e}"),
    ("S", lambda at, _, __: f"{at.shards}"),
    ("R", lambda at, _, __: f"{at.replicas}"),
    ("link MB/s", lambda at, _, __: f"{at.link / 1e6:,.0f}"),
    ("disk of a replica", lambda at, _, given: _bytes(at.documents * given.bytes_per_document)),
    ("disk of all", lambda at, _, given: _bytes(at.documents * given.bytes_per_document * (at.replicas + 2))),
    ("log disk", lambda at, _, given: _bytes(at.documents * given.log_bytes_per_document)),
    ("log memory", lambda at, _, given: _bytes(at.documents * given.log_memory_per_document)),
    ("segments", lambda at, of, _: f"{of.segments * at.shards:,.0f}"),
    ("largest merge", lambda _, of, given: _bytes(of.largest_merge * given.bytes_per_document)),
    ("to a replica", lambda at, of, _: f"{_bytes(of.merged_bytes * at.shards)}/s"),
    ("indexer", lambda _, of, __: f"{of.indexer_load:.2f}"),
    ("installing", lambda _, of, __: f"{of.install_load:.0%}"),
    ("fresh p50", lambda _, of, __: _seconds(of.freshness_at(0.5))),
    ("fresh p99", lambda _, of, __: _seconds(of.freshness_at(0.99))),
    ("query", lambda at, of, given: _seconds(query_seconds(at, given, of.segments))),
    ("p99", lambda _, of, __: _seconds(of.latency_at(0.99))),
    ("busy", lambda _, of, __: f"{of.replica_load:.0%}"),
)


def _table(title: str, rows: Sequence[Row], given: Constants) -> str:
    """Return a Markdown table, which is also one for people."""
    cells = [[name for name, _ in COLUMNS], *([show(at, of, given) for _, show in COLUMNS] for at, of in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "| " + " | ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 1) + ":" for width in widths) + "|")
    return "\n".join([f"\n{title}\n", *lines])


def _seconds(value: float) -> str:
    if math.isinf(value):
        return "never"
    return f"{value:,.1f} s" if value >= 1 else f"{1000 * value:,.0f} ms"


def _bytes(value: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:,.3g} TB"
