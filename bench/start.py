"""A replica that starts: empty, beside an indexer that has an index of a gigabyte, and again on its own data."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bench.cluster import Cluster
from bench.documents import Corpus
from bench.link import Host, behind_link, can_shape
from bench.progress import bar, step, wait_until
from bench.report import Figure, Report
from bench.segments import Made, size
from bench.settings import BenchSettings
from lightship.core.errors import UnavailableError
from lightship.core.manifest import Manifest
from lightship.core.model import Document
from lightship.indexer.publish.pusher import Pusher
from lightship.indexer.shard.shard import HEARTBEAT

BYTES = 1_000_000_000  # of the index
SEGMENTS = 12
SAMPLE = 1000  # documents whose size in the index tells how many there must be
EXTRA_SECONDS = 2.0  # that a start may take beside the bytes' way over the link
RESTART_SECONDS = 2.0
LINKS = (1.0, 2.5, 10.0)  # Gbit/s
PATIENCE = 300.0
_CHUNK = 1 << 20


def run(settings: BenchSettings, corpus: Corpus, folder: Path) -> Report:
    """Measure the link with the same bytes, then the start: the link is the loopback, as fast as it happens to be; then links of known speeds."""
    made = _index(corpus, folder / "gigabyte")
    manifest = made.manifest()
    total = size(manifest)
    # A virtual machine may need two seconds to find the memory for a gigabyte of new files: once is for that, for the start too
    _, link = (_copy_seconds(made, manifest, folder / "copied") for _ in range(2))
    empty, again = _starts(made, manifest, folder / "cluster", 2, Host())
    figures = [
        Figure("index", total / 1e6, "MB"),
        Figure("the same bytes over a socket, hashed and synced", link, "s"),
        Figure("link", total / 1e6 / link, "MB/s"),
        Figure("started empty, until ready", empty, "s", link + EXTRA_SECONDS),
        Figure("started on its data, until ready", again, "s", RESTART_SECONDS),
        *_behind_links(made, manifest, folder),
    ]
    files = len(manifest.files)
    note = f"{manifest.documents} documents, {len(manifest.segments)} segments, {files} files; load average {os.getloadavg()[0]:.1f}"
    return Report("start", figures, [note, "the limit of a start is the link's time and 2 s"])


def _starts(made: Made, manifest: Manifest, folder: Path, count: int, host: Host) -> list[float]:
    """Return the seconds that a replica on `host` takes to be ready, with no data in `folder` at the first of `count` times."""
    cluster = Cluster(folder, replicas=1, threads=1, indexer=False, host=host)
    folder.mkdir()
    with _heartbeats(cluster, made, manifest):
        seconds = [_start_seconds(cluster) for _ in range(count)]
    shutil.rmtree(folder)
    return seconds


def _behind_links(made: Made, manifest: Manifest, folder: Path) -> Iterator[Figure]:
    if not can_shape():
        step("not as root on Linux, or without ip and tc: links of other speeds are not measured")
        return
    for gigabits in LINKS:
        limit = size(manifest) * 8 / (gigabits * 1e9) + EXTRA_SECONDS
        with behind_link(gigabits) as host:
            (seconds,) = _starts(made, manifest, folder / "behind", 1, host)
        yield Figure(f"started empty behind {gigabits:g} Gbit/s, until ready", seconds, "s", limit)


def _index(corpus: Corpus, folder: Path) -> Made:
    """Return an index of BYTES: the corpus's documents, again and again under other urls."""
    sample = Made(folder / "sample")
    spread = corpus.documents[:: max(1, len(corpus.documents) // SAMPLE)]
    sample.commit(spread)
    count = int(BYTES / size(sample.manifest()) * len(spread))
    made, documents = Made(folder / "shard", SEGMENTS), _repeated(corpus)
    for number in bar(range(SEGMENTS), f"indexing {count} documents", SEGMENTS):
        assert isinstance(number, int)
        made.commit(itertools.islice(documents, count // SEGMENTS), number)
    return made


def _repeated(corpus: Corpus) -> Iterator[Document]:
    for turn in itertools.count():
        for document in corpus.documents:
            yield msgspec.structs.replace(document, url=f"{document.url}#{turn}" if turn else document.url)


def _copy_seconds(made: Made, manifest: Manifest, target: Path) -> float:
    """Return the seconds that the files take from one socket to another, hashed, written and synced."""
    step("copying the same bytes")
    target.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sender = threading.Thread(target=_serve_files, args=(listener, made, manifest), daemon=True)
        sender.start()
        started = time.perf_counter()
        with socket.create_connection(listener.getsockname()) as connection:
            for file in manifest.files.values():
                _receive(connection, target / file.name, file.size, file.digest)
        seconds = time.perf_counter() - started
        sender.join()
    shutil.rmtree(target)
    return seconds


def _serve_files(listener: socket.socket, made: Made, manifest: Manifest) -> None:
    connection, _ = listener.accept()
    with connection:
        for file in manifest.files.values():
            with (made.published / file.name).open("rb") as source:
                connection.sendfile(source)


def _receive(connection: socket.socket, path: Path, left: int, expected: str) -> None:
    digest, buffer = hashlib.sha256(), memoryview(bytearray(_CHUNK))
    with path.open("wb") as out:
        while left:
            count = connection.recv_into(buffer, min(left, _CHUNK))
            digest.update(buffer[:count])
            out.write(buffer[:count])
            left -= count
        out.flush()
        os.fsync(out.fileno())
    assert digest.hexdigest() == expected


@contextlib.contextmanager
def _heartbeats(cluster: Cluster, made: Made, manifest: Manifest) -> Iterator[None]:
    """Push as an idle indexer does: the same manifest each second, since before the replica starts."""
    stop = threading.Event()
    pusher = Pusher(cluster.addresses, str(made.published), "", superseded=_superseded)

    def beat() -> None:
        pusher.offer(manifest)
        while not stop.wait(HEARTBEAT):
            pusher.offer(manifest)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        pusher.close()


def _superseded(error: Exception) -> None:
    raise error


def _start_seconds(cluster: Cluster) -> float:
    step("starting a replica")
    started = time.perf_counter()
    with cluster.running():
        return wait_until(lambda: _ready(cluster), PATIENCE, "the replica ready") - started


def _ready(cluster: Cluster) -> bool:
    try:
        return bool(cluster.status(cluster.addresses[0]).get("ready"))
    except UnavailableError:
        return False
