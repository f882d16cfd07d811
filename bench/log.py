"""The document log: how long a put of one document takes, and how many documents a second go into it in batches.

Of each url one of three is true: nobody has put it before, this writer has, or another one has (which this one can't know).
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.documents import Corpus
from bench.processor import processes
from bench.progress import bar, wait_until
from bench.report import Figure, Report, percentile
from bench.settings import BenchSettings
from lightship.core.model import Change, Document
from lightship.doclog import DocumentLog, open_log

SINGLES, BATCHES, BATCH = 400, 12, 500
SERVERS = 3
CONFIGURATION = """
server_name: nats{number}
listen: 127.0.0.1:{port}
http: 127.0.0.1:{monitor}
max_payload: 8MB
jetstream {{ store_dir: "{folder}/{number}", sync_interval: always }}
cluster {{ name: bench, listen: 127.0.0.1:{route}, routes: [{routes}] }}
"""


def run(settings: BenchSettings, corpus: Corpus, folder: Path) -> Report:
    """Measure the log in a file and, where nats-server is, on three servers of this machine."""
    figures = _measure("SQLite", f"sqlite://{folder}/log", corpus)
    server = _server()
    if server:
        with _servers(server, folder) as (url, servers):
            figures += _measure("three NATS servers", url, corpus, servers)
    note = f"{SINGLES} single puts and {BATCHES} batches of {BATCH} of each kind, documents of {corpus.source}"
    return Report("log", figures, [note, *([] if server else ["nats-server is missing"])])


def _measure(name: str, url: str, corpus: Corpus, servers: Sequence[int] = ()) -> list[Figure]:
    with contextlib.closing(open_log(url)) as log, contextlib.closing(open_log(url)) as other:
        new, others = _documents(corpus, "new"), _documents(corpus, "others")
        for start in range(0, len(others), BATCH):
            other.put(list(map(Change.put, others[start : start + BATCH])))
        figures = _puts(f"{name}: new urls", log, new, servers)
        figures += _puts(f"{name}: urls that this writer put", log, new, servers)
        return figures + _puts(f"{name}: urls that another writer put", log, others, servers)


def _documents(corpus: Corpus, name: str) -> list[Document]:
    wanted = SINGLES + BATCHES * BATCH
    texts = [corpus.documents[number % len(corpus.documents)].text for number in range(wanted)]
    return [Document(url=f"https://{name}.example/{number}", text=text) for number, text in enumerate(texts)]


def _puts(name: str, log: DocumentLog, documents: Sequence[Document], servers: Sequence[int]) -> list[Figure]:
    changes = list(map(Change.put, documents))
    seconds = []
    for change in bar(changes[:SINGLES], name, SINGLES):
        started = time.perf_counter()
        log.put([change])
        seconds.append(time.perf_counter() - started)
    used = _processor_seconds(servers)
    started = time.perf_counter()
    for start in range(SINGLES, len(changes), BATCH):
        log.put(changes[start : start + BATCH])
    seconds_each = (time.perf_counter() - started) / (len(changes) - SINGLES)
    client, server = (
        (after - before) / (len(changes) - SINGLES) * 1e6
        for after, before in zip(_processor_seconds(servers), used, strict=True)
    )
    return [
        Figure(f"{name}, one document, p50", percentile(seconds, 0.5) * 1000, "ms"),
        Figure(f"{name}, one document, p99", percentile(seconds, 0.99) * 1000, "ms"),
        Figure(f"{name}, batches of {BATCH}", 1 / seconds_each, "documents/s"),
        Figure(f"{name}, batches of {BATCH}, processor time of the client", client, "µs/document"),
        *(
            [Figure(f"{name}, batches of {BATCH}, processor time of the servers", server, "µs/document")]
            * bool(servers)
        ),
    ]


def _processor_seconds(servers: Sequence[int]) -> tuple[float, float]:
    """Return the processor time that this process, and those with the ids `servers`, have used so far."""
    return time.process_time(), sum(each.seconds for each in processes() if each.id in servers)


def _server() -> str | None:
    beside = Path(sys.executable).with_name("nats-server")
    return str(beside) if beside.exists() else shutil.which("nats-server")


@contextlib.contextmanager
def _servers(server: str, folder: Path) -> Iterator[tuple[str, list[int]]]:
    """Run three servers that are a cluster; yield the url of a log on them, and their process ids."""
    ports = [_free_ports() for _ in range(SERVERS)]
    routes = ", ".join(f'"nats://127.0.0.1:{route}"' for _, _, route in ports)
    pids = list[int]()
    with contextlib.ExitStack() as stack:
        for number, (port, monitor, route) in enumerate(ports):
            path = folder / f"nats{number}.conf"
            settings = {"number": number, "port": port, "monitor": monitor, "route": route}
            path.write_text(CONFIGURATION.format(**settings, folder=folder, routes=routes))
            quiet = subprocess.DEVNULL
            process = stack.enter_context(subprocess.Popen([server, "-c", path], stdout=quiet, stderr=quiet))
            stack.callback(process.terminate)
            pids.append(process.pid)
        for _, monitor, _ in ports:
            wait_until(lambda monitor=monitor: _is_healthy(monitor), 60, "NATS servers")  # type: ignore[misc]
        yield f"nats://{','.join(f'127.0.0.1:{port}' for port, _, _ in ports)}/bench", pids


def _free_ports() -> tuple[int, int, int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(3)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        port, monitor, route = (int(probe.getsockname()[1]) for probe in probes)
    return port, monitor, route


def _is_healthy(monitor: int) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{monitor}/healthz", timeout=2) as told:
        return bool(json.load(told).get("status") == "ok")
    return False
