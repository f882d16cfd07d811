"""The metrics of an indexer for Prometheus, at `/metrics`; a process has one shard, so they are global.

The only labels are the addresses of searchengines.
"""

from __future__ import annotations

import time

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, ProcessCollector, generate_latest

from lightship.runtime.space import waiting
from lightship.runtime.tasks import TasksDown

_registry = CollectorRegistry()
ProcessCollector(registry=_registry)
_registry.register(TasksDown())

CHANGES = Counter("lightship_changes_applied", "Changes committed to the index", registry=_registry)
LAG = Gauge("lightship_lag_seconds", "Time since all that the log then held had been read", registry=_registry)
DAMAGED = Counter("lightship_damaged_entries", "Damaged entries of the log that were skipped", registry=_registry)
GENERATION = Gauge("lightship_generation", "Generation of the last manifest", registry=_registry)
LEASE = Gauge("lightship_lease_held", "1: this process leads the shard; 0: it is a standby", registry=_registry)
WAITING = Gauge("lightship_waiting_for_space", "1: indexing waits for disk space", registry=_registry)
PUSHES = Counter("lightship_pushes", "Generations installed by a searchengine", ["searchengine"], registry=_registry)
FAILURES = Counter("lightship_push_failures", "Pushes that failed", ["searchengine"], registry=_registry)


def render_metrics() -> tuple[bytes, str]:
    """Return the metrics in Prometheus' text format, and its media type."""
    return generate_latest(_registry), CONTENT_TYPE_LATEST


_read_until = 0.0  # all that was put before has been read; 0 until this process first leads


def note_read(until: float) -> None:
    """Note that all changes put before `until` (seconds since the epoch) have been read."""
    global _read_until
    _read_until = until


def _lag() -> float:
    active = leads() or waiting() is not None
    return max(0.0, time.time() - _read_until) if active and _read_until else 0.0


LAG.set_function(_lag)
WAITING.set_function(lambda: float(waiting() is not None))


def leads() -> bool:
    """Whether this process holds the lease."""
    return any(sample.value for metric in LEASE.collect() for sample in metric.samples)


def lag() -> float:
    """Return the time since all that the log then held had been read, in seconds."""
    return _lag()


def forget(searchengine: str) -> None:
    """Drop the values of a searchengine that is no longer in DNS, so that labels don't grow without bound."""
    for counter in (PUSHES, FAILURES):
        counter.remove_by_labels({"searchengine": searchengine})
