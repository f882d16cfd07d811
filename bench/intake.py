"""Intake: documents a second in batches, and how long single documents wait, through a leader and through a standby."""

from __future__ import annotations

import http.client
import os
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import msgspec

from bench.cluster import Cluster, free_ports
from bench.documents import Corpus
from bench.progress import BenchmarkError, step, wait_until
from bench.report import Figure, Report, percentile
from bench.settings import BenchSettings
from lightship.cli.system.status import read_status
from lightship.core.errors import UnavailableError
from lightship.intake.client import IntakeClient

CLIENTS = 8
BATCH = 1000
BATCHES = 16  # in all
RATE = 200  # single documents a second, of all clients together
SECONDS = 20
PATIENCE = 120.0
TARGET_BATCHES, TARGET_MS = 5000.0, 50.0
ROLES = ("leader", "standby")


def run(settings: BenchSettings, corpus: Corpus, folder: Path) -> Report:
    """Measure on a cluster of its own: two searchengines, a leader and a standby, both with an intake."""
    cluster, ports = Cluster(folder, settings.replicas, settings.threads, indexer=False), free_ports(2)
    intakes = [f"127.0.0.1:{port}" for port in ports]
    for number, name in enumerate(intakes):
        cluster.add_indexer(f"indexer-{number}", f"-listen={name}")
    lines = [
        msgspec.json.encode(msgspec.structs.replace(document, url=f"https://intake.example/{number}")) + b"\n"
        for number, document in enumerate(corpus.documents[: max(BATCH * BATCHES, RATE * SECONDS)])
    ]
    with cluster.running():
        wait_until(lambda: {*map(_leads, intakes)} == {False, True}, PATIENCE, "a leader and a standby")
        by_role = dict(zip(ROLES, sorted(intakes, key=lambda name: not _leads(name)), strict=True))
        figures = []
        for role, name in by_role.items():
            step(f"batches through the {role}")
            rate, target = _batches(name, lines), TARGET_BATCHES if role == "leader" else None
            figures.append(Figure(f"{role}, batches", rate, "documents/s", target, "higher"))
            _settle(cluster, len(lines[: BATCH * BATCHES]))
        for role, name in by_role.items():
            step(f"single documents through the {role}")
            waits = _singles(name, lines)
            figures.append(Figure(f"{role}, single documents, p50", percentile(waits, 0.5) * 1000, "ms"))
            target = TARGET_MS if role == "leader" else None
            figures.append(Figure(f"{role}, single documents, p99", percentile(waits, 0.99) * 1000, "ms", target))
    size = sum(map(len, lines)) // len(lines)
    note = (
        f"{CLIENTS} clients; batches of {BATCH}; single documents at {RATE} a second for {SECONDS} s; {size} bytes each;"
        f" load average {os.getloadavg()[0]:.1f} at the end"
    )
    return Report("intake", figures, [note])


def _leads(intake: str) -> bool | None:
    try:
        return bool(read_status(intake, keys={"shard"})["shard"]["leads"])
    except UnavailableError:
        return None


def _settle(cluster: Cluster, count: int) -> None:
    """Wait until all of it is searchable, so that what comes next finds an indexer that only indexes what it sends."""
    wait_until(lambda: cluster.documents() >= count, PATIENCE, "all documents searchable")


def _together(work: Callable[[int], Sequence[float]]) -> list[float]:
    """Let all clients work at once; return what they measured."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        return [value for values in pool.map(work, range(CLIENTS)) for value in values]


def _batches(intake: str, lines: Sequence[bytes]) -> float:
    """Return documents a second."""
    bodies = [b"".join(lines[start : start + BATCH]) for start in range(0, min(len(lines), BATCH * BATCHES), BATCH)]

    def work(client: int) -> list[float]:
        sender = IntakeClient([intake], "")
        return [float(sender.post(body).documents) for body in bodies[client::CLIENTS]]

    started = time.perf_counter()
    return sum(_together(work)) / (time.perf_counter() - started)


def _singles(intake: str, lines: Sequence[bytes]) -> list[float]:
    """Return the seconds until each was answered; they come at random times, whatever the intake does."""

    def work(client: int) -> list[float]:
        chooser, seconds, due = random.Random(client), list[float](), time.perf_counter()
        with closing(http.client.HTTPConnection(intake, timeout=PATIENCE)) as connection:
            for number in range(RATE * SECONDS // CLIENTS):
                due += chooser.expovariate(RATE / CLIENTS)
                time.sleep(max(0.0, due - time.perf_counter()))
                started = time.perf_counter()
                connection.request("POST", "/documents", lines[(number * CLIENTS + client) % len(lines)])
                response = connection.getresponse()
                body = response.read()
                if response.status != 200:
                    raise BenchmarkError(f"{intake} answered {response.status}: {body[:200]!r}")
                seconds.append(time.perf_counter() - started)
        return seconds

    return _together(work)
