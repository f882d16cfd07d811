"""A discrete-event simulation of one layout: commits, merges, pushes, installations and queries of S shards and R replicas.

Three clocks: moves of 500 documents with the merges that they cause, as tantivy's policy picks them, and their pushes; the
manifests of all shards that wait for a replica's one installation at a time; queries that wait for a replica's processors.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bench.constants import FED_FROM, LEVEL_LEAST, LEVEL_LOG, MERGED_AT_ONCE, MOVED, PACE, UNMERGED, Constants
from bench.report import percentile

MANIFESTS = 5000  # installations and queries that are simulated


@dataclass(frozen=True)
class Layout:
    """What is simulated: rates a second, over the whole; `link` in bytes a second, of each machine."""

    documents: float
    shards: int
    replicas: int
    changes: float
    queries: float
    link: float = 1.25e9
    processors: int = 8


@dataclass
class Result:
    """Seconds; segments and processors are of one replica (or one indexer) at the mean."""

    freshness: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    segments: float = 0.0
    largest_merge: float = 0.0
    merged_bytes: float = 0.0  # a second, one shard
    indexer_load: float = 0.0  # processors busy, one shard
    replica_load: float = 0.0  # processors busy, one replica
    install_load: float = 0.0  # share of the time that a replica installs

    def freshness_at(self, share: float) -> float:
        """Return a percentile of freshness."""
        return percentile(self.freshness, share)

    def latency_at(self, share: float) -> float:
        """Return a percentile of the time that queries take; infinite when they come faster than they are answered."""
        return math.inf if self.replica_load >= 1 else percentile(self.latencies, share)


def simulate(layout: Layout, given: Constants, seed: int = 1, moves: int = 20_000) -> Result:
    """Simulate `moves` moves of one shard (the others are like it), and what they mean for a replica."""
    chooser, result = random.Random(seed), Result()
    blocked = list(_merges(layout, given, chooser, result, moves))
    usual = _installations(layout, given, chooser, result)
    _freshness(layout, chooser, result, blocked, usual)
    _queries(layout, given, chooser, result)
    return result


def copy_seconds(size: float, layout: Layout, given: Constants) -> float:
    """Return the seconds until every replica has `size` bytes: each copy doubles the sources, where replicas feed each other."""
    rounds = math.ceil(math.log2(layout.replicas + 1)) if layout.replicas >= FED_FROM else layout.replicas
    return rounds * size / min(layout.link, given.push_bytes)


def _merges(
    layout: Layout, given: Constants, chooser: random.Random, result: Result, moves: int
) -> Iterator[tuple[float, float]]:
    """Yield (seconds that the time between two moves takes, seconds of it during which the shard only pushes a merge)."""
    total = layout.documents / layout.shards
    between = MOVED / (layout.changes / layout.shards)
    sizes = _ladder(total, chooser)
    ending: list[tuple[float, float]] = []  # merges under way: when they end, and what comes out
    now = count = busy = 0.0
    for _ in range(moves):
        now += between
        sizes = [size * (1 - MOVED / total) for size in sizes]  # a change replaces a document, anywhere
        sizes.append(MOVED)
        pushed = 0.0
        while ending and ending[0][0] <= now:
            _, size = heapq.heappop(ending)
            sizes.append(size)
            pushed += copy_seconds(size * given.bytes_per_document, layout, given)
            result.largest_merge = max(result.largest_merge, size)
            result.merged_bytes += size * given.bytes_per_document
        for group in candidates(sizes):
            merged = sum(group)
            for size in group:
                sizes.remove(size)
            busy += merged / given.merge_per_processor
            heapq.heappush(ending, (now + merged / given.merge_per_processor, merged))
        count += len(sizes) + len(ending) * MERGED_AT_ONCE
        yield between, pushed
    result.segments = count / moves
    result.merged_bytes /= now
    result.indexer_load = busy / now


def _ladder(total: float, chooser: random.Random) -> list[float]:
    """Return segments as a long history leaves them: up to seven on each level, the largest first."""
    sizes: list[float] = []
    left, size = total, min(total / 4, float(UNMERGED) * MERGED_AT_ONCE / 2)
    while left > 1:
        count = math.ceil(left / size) if size <= LEVEL_LEAST else min(int(left / size), chooser.randint(3, 7))
        if size >= UNMERGED:
            count = int(left / size)
        sizes += [min(size, left / max(count, 1))] * count
        left -= sum(sizes[-count:]) if count else 0
        if size <= LEVEL_LEAST:
            break
        size = max(size / MERGED_AT_ONCE, LEVEL_LEAST)
    return sizes


def candidates(sizes: Sequence[float]) -> list[list[float]]:
    """Return the groups of segments that tantivy's LogMergePolicy merges: eight and more on one level of size."""
    groups: list[list[float]] = []
    level = math.inf
    for size in sorted((size for size in sizes if size < UNMERGED), reverse=True):
        log = math.log2(max(size, LEVEL_LEAST))
        if log < level - LEVEL_LOG:
            level = log
            groups.append([])
        groups[-1].append(size)
    return [group for group in groups if len(group) >= MERGED_AT_ONCE]


def _installations(layout: Layout, given: Constants, chooser: random.Random, result: Result) -> list[float]:
    """Return the freshness of changes when no merge is under way.

    Every shard commits when there is a change, PACE after the last commit at the earliest, and when its last manifest is
    installed: a replica installs one at a time, those of all shards. What comes meanwhile is in the next manifest.
    """
    rate = layout.changes / layout.shards
    service = given.push_small + given.install_per_segment * result.segments * layout.shards
    queue = [(chooser.expovariate(rate) + given.commit, shard) for shard in range(layout.shards)]
    heapq.heapify(queue)
    free, busy, found = 0.0, 0.0, []
    for _ in range(MANIFESTS):
        start, shard = heapq.heappop(queue)
        free = max(free, start) + service
        busy += service
        first = start - given.commit + chooser.expovariate(rate)  # the change that the next manifest waits for
        following = max(first, start - given.commit + PACE, free) + given.commit
        heapq.heappush(queue, (following, shard))
        change = first + chooser.random() * max(0.0, following - given.commit - first)
        found.append((following - change, free - start))
    result.install_load = busy / free
    commits = MANIFESTS / free / layout.shards
    pushing = commits * layout.replicas * given.push_small_processor
    result.indexer_load += rate / given.index_per_processor + pushing
    waits = [wait for _, wait in found]
    return [
        gathered + wait
        for (gathered, _), wait in zip(found, [*waits[layout.shards :], *waits[: layout.shards]], strict=True)
    ]


def _freshness(
    layout: Layout,
    chooser: random.Random,
    result: Result,
    blocked: Sequence[tuple[float, float]],
    usual: Sequence[float],
) -> None:
    """Sample changes: each takes what is usual, and waits for the merged segment that is on its way when it comes."""
    left = 0.0  # of a push that is under way
    for between, pushed in blocked:
        left = max(0.0, left - between) + pushed
        for _ in range(4):
            moment = chooser.random() * between
            result.freshness.append(chooser.choice(usual) + max(0.0, left - moment))


def _queries(layout: Layout, given: Constants, chooser: random.Random, result: Result) -> None:
    """Queries and installations share a replica's processors; who finds none free waits."""
    rate = layout.queries / layout.replicas
    mean = query_seconds(layout, given, result.segments)
    result.replica_load = rate * mean / layout.processors + result.install_load / layout.processors
    free = [0.0] * max(1, layout.processors - (result.install_load > 0.5))
    now = 0.0
    for _ in range(MANIFESTS):
        now += chooser.expovariate(rate)
        seconds = mean * chooser.lognormvariate(-0.18, 0.6)  # measured: p99 is 2.5 to 4 times the median
        done = max(heapq.heappop(free), now) + seconds
        heapq.heappush(free, done)
        result.latencies.append(done - now)


def query_seconds(layout: Layout, given: Constants, segments: float) -> float:
    """Return the processor time of a query on one replica."""
    search = given.query_least + given.query_per_document * layout.documents
    return search + given.query_answer + given.query_per_segment * segments * layout.shards
