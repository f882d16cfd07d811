"""The Prometheus metrics in `/metrics`. Labels have few values: no query, url or address ever becomes one."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lightship.http.answers.whole import WRITER, AnswerWriter
from lightship.http.connections import Connections
from lightship.runtime.files import write_atomically
from lightship.runtime.tasks import TasksDown
from lightship.searchengine.search.admission import QueryExecutor
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.store.scrub import passed_at

METRICS_TYPE = CONTENT_TYPE_LATEST
SAVE_SECONDS = 1.0
_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_ROUTES = {"/": "search", "/search": "search"} | {
    path: path
    for path in ("/lookup", "/mcp", "/livez", "/readyz", "/status", "/metrics", "/openapi.json", "/opensearch.xml")
}

_Saved = list[
    tuple[str, str, str, list[tuple[str, dict[str, str], float]]]
]  # (name, kind, help, samples) of each metric


class Metrics:
    """The metrics of one worker. Each worker saves its own in the data folder, so that any worker can report all."""

    def __init__(self, replica: Replica, executor: QueryExecutor, worker: int = 0, workers: int = 1) -> None:
        """Measure worker number `worker` of `workers`, which serves `replica` and runs queries in `executor`."""
        self._folder, self._workers = os.path.join(replica.store.folder, "metrics"), workers
        self._worker, self._own = worker, CollectorRegistry()
        registry = self._own
        self._requests = Counter("lightship_requests", "Answered requests", ["route", "status"], registry=registry)
        seconds = Histogram(
            "lightship_query_seconds", "Seconds from arrival to answer", buckets=_BUCKETS, registry=registry
        )
        installs = Counter("lightship_installs", "Generations installed", registry=registry)
        received = Counter("lightship_received_bytes", "Bytes of files received", registry=registry)
        self._query_seconds, self._installs, self._received = seconds, installs, received
        waiting = Gauge("lightship_queries_waiting", "Expensive queries running or queued", registry=registry)
        waiting.set_function(lambda: executor.waiting)
        refused = Gauge("lightship_queries_refused", "Queries refused since start", registry=registry)
        refused.set_function(lambda: executor.refused)
        repeated = Gauge("lightship_queries_repeated", "Queries since start whose answer was kept", registry=registry)
        repeated.set_function(lambda: replica.answers.hits)
        ProcessCollector(registry=registry)
        registry.register(TasksDown())
        self._known: dict[tuple[str, str], Counter] = {}
        self._installed: dict[int, tuple[int, int]] = {}
        self._all = CollectorRegistry()
        self._all.register(_Workers(self))
        self._all.register(_Shards(replica))

    def answered(self, path: str, status: int) -> None:
        """Count an answer with `status` to a request of `path`."""
        key = _route(path), str(status)
        if key not in self._known:
            self._known[key] = self._requests.labels(*key)
        self._known[key].inc()

    def searched(self, seconds: float) -> None:
        """Record a query that took so many seconds, from its arrival to its answer."""
        self._query_seconds.observe(seconds)

    def received(self, size: int) -> None:
        """Count `size` bytes of files received."""
        self._received.inc(size)

    def installed(self, shard: int, version: tuple[int, int]) -> None:
        """Count an installed generation of `shard`, unless it was already counted."""
        if self._installed.get(shard) != version:
            self._installed[shard] = version
            self._installs.inc()

    def render(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        return generate_latest(self._all)

    def save(self) -> None:
        """Save this worker's metrics for the others."""
        os.makedirs(self._folder, exist_ok=True)
        write_atomically(os.path.join(self._folder, f"{self._worker}.json"), msgspec.json.encode(self.saved()))

    def saved(self) -> _Saved:
        """Return this worker's metrics as plain values."""
        return [
            (family.name, family.type, family.documentation, [(s.name, s.labels, s.value) for s in family.samples])
            for family in self._own.collect()
        ]

    def workers(self) -> Iterator[tuple[int, _Saved]]:
        """Yield (number, metrics) of each worker: current values of this one, saved ones (≤ 1 s old) of the others."""
        yield self._worker, self.saved()
        for number in range(self._workers):  # higher numbers are left over from an earlier start
            with contextlib.suppress(FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
                if number != self._worker:
                    with open(os.path.join(self._folder, f"{number}.json"), "rb") as file:
                        yield number, msgspec.json.decode(file.read(), type=_Saved)


class _Workers(Collector):
    """Collects the metrics of all workers, labelled with their numbers."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for number, saved in self._metrics.workers():
            for name, kind, text, samples in saved:
                family = families.setdefault(name, Metric(name, text, kind))
                family.samples += [Sample(s, {**labels, "worker": str(number)}, value) for s, labels, value in samples]
        yield from families.values()


class _Shards(Collector):
    """Collects metrics of what is served, by shard."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica

    def collect(self) -> Iterator[Metric]:
        def gauge(name: str, text: str) -> GaugeMetricFamily:
            return GaugeMetricFamily(f"lightship_{name}", text, labels=["shard"])

        yield GaugeMetricFamily("lightship_ready", "1 if a complete layout is served", value=float(self._replica.ready))
        yield GaugeMetricFamily(
            "lightship_damaged_segments", "Damaged segments left out until received again", value=self._replica.damaged
        )
        passed = passed_at(self._replica.store.folder)
        if passed is not None:
            text = "Seconds since the last full pass over all installed files"
            yield GaugeMetricFamily("lightship_scrub_age_seconds", text, value=max(0.0, time.time() - passed))
        ages = gauge("shard_age_seconds", "Seconds since the shard was up to date with the log")
        documents = gauge("shard_documents", "Documents in the shard")
        epochs = gauge("shard_epoch", "Epoch of the shard")
        generations = gauge("shard_generation", "Generation of the shard within its epoch")
        for manifest in self._replica.manifests:
            label = [str(manifest.shard)]
            ages.add_metric(label, max(0.0, time.time() - self._replica.fresh_as_of(manifest)))
            documents.add_metric(label, manifest.documents)
            epochs.add_metric(label, manifest.epoch)
            generations.add_metric(label, manifest.generation)
        yield from (ages, documents, epochs, generations)


class Counted:
    """Counts every answer, and measures queries from their arrival."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        """Measure the requests to `app`."""
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = 500, scope.get("lightship.arrived") or time.monotonic()
        connections: Connections | None = scope.get("lightship.connections")
        answering = False

        async def counted(message: Message) -> None:
            nonlocal status, answering
            if message["type"] == "http.response.start":
                status = message["status"]
                if connections and not answering:  # a client that reads its answer slowly must not count as busy
                    connections.parked += 1
                    answering = True
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            if connections and answering:
                connections.parked -= 1
            writer: AnswerWriter | None = scope.get(WRITER)
            status = writer.status if writer and writer.status else status
            path = scope["path"]
            self._metrics.answered(path, status)
            if scope["query_string"] and _ROUTES.get(path) == "search":
                self._metrics.searched(time.monotonic() - began)


def _route(path: str) -> str:
    if path.startswith("/rpc/v1/"):
        return "files" if "/files/" in path else "manifests"
    below = next((folder for folder in ("/admin", "/static") if path.startswith(f"{folder}/")), "other")
    return _ROUTES.get(path, below)
