"""Freshness: changes arrive steadily at a loaded cluster; how long until each is found on every replica, and what was merged?"""

from __future__ import annotations

import http.client
import os
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import msgspec

from bench.cluster import Cluster
from bench.documents import Corpus
from bench.progress import BenchmarkError, bar, wait_until
from bench.report import Figure, Report, percentile
from bench.settings import BenchSettings
from lightship.core.manifest import Segment
from lightship.core.model import Change, Document
from lightship.doclog import open_log
from lightship.searchengine.search.api import Answer

TARGETS = {"p50": (0.5, 150.0), "p99": (0.99, 1000.0)}  # share, ms
POLL_SECONDS = 0.005  # between two questions to any replica: each of four is asked every 20 ms, or the asking would be most of the load
ASKED = 30  # changes that one poll asks for: the oldest that are not seen
WATCHED = 50  # changes a second that are looked for; of more, some, or the watching would be most of the load
MERGE_SIZES = (0, 1000, 10_000, 50_000)  # documents
PATIENCE = 60.0  # seconds that the last changes are waited for

_decode = msgspec.json.Decoder(Answer).decode


@dataclass
class Changes:
    """Changes under way: when each was put, by its url, and when each replica showed it. One lock for all."""

    put: dict[str, float] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    seen: list[dict[str, float]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def outstanding(self, replica: int) -> list[str]:
        """Return the tokens that `replica` has not shown, oldest first."""
        with self.lock:
            seen = self.seen[replica]
            return [token for url, token in self.tokens.items() if url not in seen][:ASKED]

    def note(self, replica: int, urls: list[str], now: float) -> None:
        """Note that `replica` shows `urls`."""
        with self.lock:
            for url in urls:
                self.seen[replica].setdefault(url, now)

    def delays(self) -> list[float]:
        """Return the milliseconds from put to visible everywhere, of each change."""
        return [1000 * (max(seen[url] for seen in self.seen) - put) for url, put in self.put.items()]


def run(settings: BenchSettings, corpus: Corpus, cluster: Cluster) -> Report:
    """Measure on a loaded `cluster`."""
    replicas = len(cluster.addresses)
    changes, stop, watched = Changes(seen=[{} for _ in range(replicas)]), threading.Event(), Watched(cluster)
    with ThreadPoolExecutor(replicas + 1) as threads:
        running = [
            threads.submit(_poll, number, address, changes, stop) for number, address in enumerate(cluster.addresses)
        ]
        running.append(threads.submit(watched.run, stop))
        try:
            seconds = _arrive(settings, corpus, cluster, changes)
            wait_until(lambda: _all_seen(changes) or any(map(_failed, running)), PATIENCE, "all changes visible")
        finally:
            stop.set()
        for thread in running:
            thread.result()
    delays = changes.delays()
    figures = [
        Figure("append to visible on all, max", max(delays), "ms"),
        Figure("changes", settings.seconds * settings.rate / seconds, "a second"),
        *watched.figures(seconds),
    ]
    figures[:0] = [
        Figure(f"append to visible on all, {name}", percentile(delays, share), "ms", target)
        for name, (share, target) in TARGETS.items()
    ]
    count = settings.seconds * settings.rate
    notes = (
        f"{count} changes, half of them new, to {len(corpus.documents)} documents of {corpus.source}; {replicas} replicas, 1 shard",
        f"{len(delays)} of them looked for, each replica every {POLL_SECONDS * replicas * 1000:g} ms; load average {os.getloadavg()[0]:.1f} at the end",
    )
    return Report("freshness", figures, notes)


def _failed(thread: Future[None]) -> bool:
    return thread.done() and thread.exception() is not None


def _all_seen(changes: Changes) -> bool:
    return not any(changes.outstanding(replica) for replica in range(len(changes.seen)))


def _arrive(settings: BenchSettings, corpus: Corpus, cluster: Cluster, changes: Changes) -> float:
    """Put changes at random times, `rate` a second on average; return the seconds that this took."""
    chooser, count = random.Random(2), settings.seconds * settings.rate
    log, picker = open_log(cluster.log_url), random.Random(3)
    documents = bar(_changed(corpus, chooser, count), "changes arriving", count)
    started = due = time.perf_counter()
    for number, document in enumerate(documents):
        assert isinstance(document, Document)
        due += chooser.expovariate(settings.rate)
        time.sleep(max(0.0, due - time.perf_counter()))
        if picker.random() * settings.rate < WATCHED:
            with changes.lock:
                changes.put[document.url] = time.perf_counter()
                changes.tokens[document.url] = _token(number)
        log.put([Change.put(document)])
    log.close()
    return time.perf_counter() - started


def _token(number: int) -> str:
    return f"fresh{number}x{number * 7919 % 10007}"


def _changed(corpus: Corpus, chooser: random.Random, count: int) -> Iterator[Document]:
    """Yield documents that hold their token: every other one is new, the others are updates of different ones."""
    updated = chooser.sample(corpus.documents, min(count, len(corpus.documents)))
    for number in range(count):
        old = updated[number % len(updated)]
        url = old.url if number % 2 and number < len(updated) else f"https://new.example/{number}"
        yield msgspec.structs.replace(old, url=url, text=f"{old.text}\n{_token(number)}")


def _poll(number: int, address: str, changes: Changes, stop: threading.Event) -> None:
    """Ask one replica for what it has not shown yet, all the time, over one connection."""
    connection = http.client.HTTPConnection(address, timeout=30)
    while not stop.wait(POLL_SECONDS * len(changes.seen)):
        tokens = changes.outstanding(number)
        if not tokens:
            continue
        connection.request("GET", f"/?q={'+'.join(tokens)}&size={len(tokens)}&format=json")
        response = connection.getresponse()
        body = response.read()
        now = time.perf_counter()
        if response.status != 200:
            raise BenchmarkError(f"{address} answered {response.status}: {body[:200]!r}")
        changes.note(number, [hit.url for hit in _decode(body).hits], now)
    connection.close()


class Watched:
    """What the indexer publishes meanwhile."""

    def __init__(self, cluster: Cluster) -> None:
        """Watch the indexer of `cluster`."""
        self._cluster = cluster
        self._segments: list[int] = []
        self._merged: list[Segment] = []
        self._generations = 0

    def run(self, stop: threading.Event) -> None:
        """Look at each manifest until `stop` is set; a merge is where two or more segments are gone for a larger one."""
        last = self._cluster.manifest()
        assert last is not None
        self._segments.append(len(last.segments))
        while not stop.wait(POLL_SECONDS * 4):
            manifest = self._cluster.manifest()
            if manifest is None or manifest.version == last.version:
                continue
            before, after = ({segment.id: segment for segment in found.segments} for found in (last, manifest))
            gone = sorted(before[name].documents for name in before.keys() - after.keys())
            new = [after[name] for name in after.keys() - before.keys()]
            self._merged += [segment for segment in new if len(gone) > 1 and segment.documents > sum(gone[:2])]
            self._generations += manifest.generation - last.generation
            self._segments.append(len(manifest.segments))
            last = manifest

    def figures(self, seconds: float) -> list[Figure]:
        """Return what was seen in `seconds`."""
        sizes = [segment.documents for segment in self._merged]
        return [
            Figure("generations", self._generations / seconds, "a second"),
            *(
                Figure(f"merges to {low:,} documents and more", sum(size >= low for size in sizes), "")
                for low in MERGE_SIZES
            ),
            Figure("largest merge", max(sizes, default=0), "documents"),
            Figure("largest merge, bytes", max(map(_bytes, self._merged), default=0) / 1e6, "MB"),
            Figure("segments, fewest", min(self._segments), ""),
            Figure("segments, most", max(self._segments), ""),
        ]


def _bytes(segment: Segment) -> int:
    return sum(file.size for file in segment.files)
