"""The metrics of an indexer for Prometheus, at `/metrics`; a process has one shard, so they are global.

The only labels are the addresses of searchengines.
"""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, ProcessCollector, generate_latest

from lightship.runtime.tasks import TasksDown

_registry = CollectorRegistry()
ProcessCollector(registry=_registry)
_registry.register(TasksDown())

CHANGES = Counter("lightship_changes_applied", "Changes committed to the index", registry=_registry)
LAG = Gauge("lightship_lag_seconds", "Age of the last change when it was read", registry=_registry)
DAMAGED = Counter("lightship_damaged_entries", "Damaged entries of the log that were skipped", registry=_registry)
GENERATION = Gauge("lightship_generation", "Generation of the last manifest", registry=_registry)
LEASE = Gauge("lightship_lease_held", "1: this process leads the shard; 0: it is a standby", registry=_registry)
PUSHES = Counter("lightship_pushes", "Generations installed by a searchengine", ["searchengine"], registry=_registry)
FAILURES = Counter("lightship_push_failures", "Pushes that failed", ["searchengine"], registry=_registry)


def render_metrics() -> tuple[bytes, str]:
    """Return the metrics in Prometheus' text format, and its media type."""
    return generate_latest(_registry), CONTENT_TYPE_LATEST


def leads() -> bool:
    """Whether this process holds the lease."""
    return bool(_registry.get_sample_value("lightship_lease_held"))


def lag() -> float:
    """Return the age of the last change when it was read, in seconds."""
    return _registry.get_sample_value("lightship_lag_seconds") or 0.0


def forget(searchengine: str) -> None:
    """Drop the values of a searchengine that is no longer in DNS, so that labels don't grow without bound."""
    for counter in (PUSHES, FAILURES):
        counter.remove_by_labels({"searchengine": searchengine})
