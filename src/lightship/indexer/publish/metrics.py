"""What an indexer's `/metrics` tells, for Prometheus: one shard a process, so the values are the process's.

Labels are the addresses of searchengines, nothing else.
"""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, ProcessCollector, generate_latest

from lightship.runtime.tasks import TasksDown

_registry = CollectorRegistry()
ProcessCollector(registry=_registry)
_registry.register(TasksDown())

CHANGES = Counter("lightship_changes_applied", "Changes that are committed to the index", registry=_registry)
LAG = Gauge("lightship_lag_seconds", "How old the last change was when it was read", registry=_registry)
DAMAGED = Counter("lightship_damaged_entries", "Entries of the log that are damaged, and left out", registry=_registry)
GENERATION = Gauge("lightship_generation", "Generation of the last manifest", registry=_registry)
LEASE = Gauge("lightship_lease_held", "1: this process indexes the shard; 0: it stands by", registry=_registry)
PUSHES = Counter("lightship_pushes", "Generations that a searchengine installed", ["searchengine"], registry=_registry)
FAILURES = Counter("lightship_push_failures", "Pushes that failed", ["searchengine"], registry=_registry)


def render_metrics() -> tuple[bytes, str]:
    """Return the text that Prometheus reads, and its media type."""
    return generate_latest(_registry), CONTENT_TYPE_LATEST


def leads() -> bool:
    """Tell whether this process holds the lease."""
    return bool(_registry.get_sample_value("lightship_lease_held"))


def lag() -> float:
    """Return how old the last change was when it was read, in seconds."""
    return _registry.get_sample_value("lightship_lag_seconds") or 0.0


def forget(searchengine: str) -> None:
    """Drop the values of a searchengine that is gone from its name, so that labels don't grow for ever."""
    for counter in (PUSHES, FAILURES):
        counter.remove_by_labels({"searchengine": searchengine})
