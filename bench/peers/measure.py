"""Drives one peer: puts the documents, asks the queries, and puts changes that are looked for at once."""

from __future__ import annotations

import itertools
import statistics
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from bench.load import measure_requests
from bench.peers.peer import Address, Peer, Request, call
from bench.progress import BenchmarkError, bar, step
from bench.report import Figure, percentile
from lightship.core.model import Document

PUTTING = 2  # connections over which documents are put
BATCH = 1000  # documents of a request
LOOK_SECONDS = 0.01  # between two looks for a change
PATIENCE = 3600.0  # seconds until everything is searchable
CONNECTIONS = (1, 8)
WARM = 3  # rounds before those that count: programs in Java are compiled while they run


class Driver:
    """Measures a peer that listens at `searches`, and takes documents at `puts`."""

    def __init__(self, peer: Peer, searches: Address, puts: Address) -> None:
        """Measure `peer`."""
        self._peer, self._searches, self._puts = peer, searches, puts

    def load(self, documents: Iterable[Document], count: int) -> Iterator[Figure]:
        """Put all documents, and wait until a search finds them."""
        self._call(self._peer.prepare())
        batches = _batched(documents)
        started = time.perf_counter()
        places = threading.local()

        def put(batch: Sequence[Document]) -> int:
            if not hasattr(places, "connection"):
                places.connection = self._puts.connection().__enter__()
            call(places.connection, self._peer.put(batch))
            return len(batch)

        with ThreadPoolExecutor(PUTTING) as pool:
            sent = sum(bar(pool.map(put, batches), "putting batches", -(-count // BATCH)))
        put_seconds = time.perf_counter() - started
        self._wait_for(sent)
        seconds = time.perf_counter() - started
        yield Figure("documents a second, until all are found", sent / seconds, "/s")
        yield Figure("until all are found", seconds, "s")
        yield Figure("until all are taken", put_seconds, "s")

    def _wait_for(self, count: int) -> None:
        with self._searches.connection() as connection:
            until = time.monotonic() + PATIENCE
            while self._peer.counted(call(connection, self._peer.count())) < count:
                if time.monotonic() > until:
                    raise BenchmarkError(f"after {PATIENCE:g} s not all documents are found")
                time.sleep(0.05)

    def search(self, queries: Sequence[str], rounds: int, *, marked: bool, name: str = "") -> Iterator[Figure]:
        """Ask all queries over one connection and over eight; the median of the rounds counts."""
        host = f"{self._searches.host}:{self._searches.port}"
        requests = [self._peer.search(query, marked=marked).raw(host) for query in queries]
        kind = f"queries{'' if marked else ' without snippets'}{name}"
        for _ in range(WARM):
            measure_requests(host, CONNECTIONS[-1], requests)
        for connections in CONNECTIONS:
            step(f"{kind}, {connections} connection{'s' if connections > 1 else ''}")
            runs = [measure_requests(host, connections, requests) for _ in range(rounds)]
            of = f"{kind}, {connections} connection{'s' if connections > 1 else ''}"
            yield Figure(of, statistics.median(len(requests) / run.seconds for run in runs), "/s")
            for label, share in (("p50", 0.5), ("p99", 0.99)):
                value = statistics.median(percentile(run.latencies, share) for run in runs) * 1000
                yield Figure(f"{of}, {label}", value, "ms")

    def merge(self) -> bool:
        """Make later searches faster, if the peer can; return whether it can."""
        requests = self._peer.merge()
        self._call(requests)
        return bool(requests)

    def freshness(self, rate: float, seconds: float) -> Iterator[Figure]:
        """Put `rate` documents a second, each with a word of its own, and look for each until it is found."""
        late: list[float] = []
        with ThreadPoolExecutor(16) as pool:
            begun = time.monotonic()
            changes = []
            for number in bar(range(int(rate * seconds)), "putting changes"):
                time.sleep(max(0.0, begun + number / rate - time.monotonic()))
                changes.append(pool.submit(self._change, number))
            late = [change.result() for change in changes]
        yield Figure(f"visible at {rate:g} changes a second, p50", percentile(late, 0.5) * 1000, "ms")
        yield Figure(f"visible at {rate:g} changes a second, p99", percentile(late, 0.99) * 1000, "ms")

    def _change(self, number: int) -> float:
        word = f"fresh{number}x{id(self) % 9973}"
        document = Document(url=f"https://fresh.example/{number}", title="a change", text=f"this has {word} in it")
        with self._puts.connection() as puts, self._searches.connection() as searches:
            started = time.perf_counter()
            call(puts, self._peer.put([document]))
            asked = self._peer.search(word, marked=True)
            while not self._peer.found(call(searches, asked)):
                if time.perf_counter() - started > PATIENCE:
                    raise BenchmarkError("a change is never found")
                time.sleep(LOOK_SECONDS)
            return time.perf_counter() - started

    def _call(self, requests: Iterable[Request]) -> None:
        with self._searches.connection() as connection:
            for request in requests:
                call(connection, request)


def _batched(documents: Iterable[Document]) -> Iterator[tuple[Document, ...]]:
    rest = iter(documents)
    while batch := tuple(itertools.islice(rest, BATCH)):
        yield batch
