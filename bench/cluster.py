"""The real programs, as processes on free ports and in folders of their own."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from bench.link import Host
from bench.progress import BenchmarkError, step, wait_until, watch
from lightship.cli.local.supervisor import Part, last_line, python
from lightship.cli.system.status import read_status
from lightship.config import TOKEN_VARIABLE
from lightship.core.errors import UnavailableError
from lightship.core.manifest import Manifest
from lightship.core.model import Change, Document
from lightship.doclog import open_log
from lightship.runtime.files import unsealed

BATCH = 1000
LOAD_SECONDS = 3600.0
QUIET_SECONDS = 3.0  # without a new generation: merges have come to their end
_HERE = Host()


class Cluster:
    """A log, one indexer and `replicas` searchengines, with all data in `folder`; nothing runs before `start`."""

    def __init__(
        self,
        folder: Path,
        replicas: int,
        threads: int,
        *,
        indexer: bool = True,
        host: Host = _HERE,
        one_worker: bool = False,
        answers: int = 0,
    ) -> None:
        """Choose ports and folders; without an `indexer`, there are only searchengines at first. These are on `host`.

        With `one_worker` the first of them has one; otherwise each has its default. They keep `answers` MiB of answers.
        """
        self.folder, self._host, self._one_worker, self._answers = folder, host, one_worker, answers
        if host is not _HERE:  # programs of this machine alone need no secret
            os.environ.setdefault(TOKEN_VARIABLE, "a secret of this measurement")
        self.addresses = [f"{host.address}:{port}" for port in free_ports(replicas)]
        self.log_url = f"sqlite://{folder / 'log.sqlite'}"
        self._manifest = folder / "indexer" / "s1v2" / "manifest.json"
        self.parts = [self._searchengine(number) for number in range(replicas)]
        self._threads = threads
        if indexer:
            self.add_indexer()

    def add_indexer(self, name: str = "indexer", *more: str) -> Part:
        """Let an indexer of the shard, with data of its own, be one of the parts: the first leads, others stand by."""
        self.parts.append(
            self._part(
                "indexer", "--log", self.log_url, "--data", str(self.folder / name), "--threads", str(self._threads),
                "--searchengine", ",".join(self.addresses), *more, log=name,
            )
        )  # fmt: skip
        return self.parts[-1]

    def _searchengine(self, number: int) -> Part:
        data = str(self.folder / f"searchengine-{number}")
        workers = ("--workers", "1") if self._one_worker and not number else ()
        return self._part(
            "searchengine", "--addr", self.addresses[number], "--data", data, "--answers", str(self._answers), *workers, log=f"searchengine-{number}",
            prefix=self._host.prefix,
        )  # fmt: skip

    def _part(self, program: str, *arguments: str, log: str = "", prefix: Sequence[str] = ()) -> Part:
        command = [*prefix, *python(f"lightship.{program}.main", *arguments)]
        return Part(program, command, str(self.folder / f"{log or program}.out"))

    def add_crawler(self, source: Path) -> None:
        """Let a crawler that reads `source` be one of the parts."""
        arguments = ("--log", self.log_url, "--data", str(self.folder / "crawler"), str(source))
        self.parts.append(self._part("crawler", *arguments))

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Start all parts at once; stop them at the end."""
        try:
            for part in self.parts:
                part.start()
            yield
        finally:
            for part in reversed(self.parts):
                part.stop()

    def documents(self) -> int:
        """Return how many documents every replica finds; raises BenchmarkError when a part has ended."""
        for part in self.parts:
            if part.process is not None and part.process.poll() is not None:
                raise BenchmarkError(f"{part.name} ended with {part.process.returncode}: {last_line(part.log_path)}")
        return min(int(self.status(address).get("documents", 0)) for address in self.addresses)

    def status(self, address: str) -> dict[str, Any]:
        """Return the /status of one replica; empty while it does not answer."""
        try:
            return read_status(address)
        except UnavailableError:
            return {}

    def answers(self, address: str) -> bool:
        """Tell whether the replica at `address` answers."""
        return bool(self.status(address))

    def manifest(self) -> Manifest | None:
        """Return what the indexer published last."""
        try:
            return msgspec.json.decode(unsealed(self._manifest.read_bytes()), type=Manifest)
        except FileNotFoundError:
            return None

    def index_folder(self) -> str:
        """Return the folder of the first replica's installed index."""
        (folder,) = (self.folder / "searchengine-0" / "layouts").iterdir()
        return str(folder)

    def load(self, documents: Sequence[Document]) -> None:
        """Put `documents` into the log and return when every replica has them and merges are done."""
        step(f"loading {len(documents)} documents into {len(self.addresses)} replicas")
        log = open_log(self.log_url)
        for start in range(0, len(documents), BATCH):
            log.put([Change.put(document) for document in documents[start : start + BATCH]])
        log.close()
        watch(self.documents, len(documents), LOAD_SECONDS, "documents searchable")
        self._wait_for_quiet()

    def _wait_for_quiet(self) -> None:
        step("waiting for merges to end")
        changed = _Changed(lambda: [self.manifest_version(), *map(self.installed_version, self.addresses)])
        wait_until(lambda: changed.seconds_ago() > QUIET_SECONDS, LOAD_SECONDS, "an end of merging")

    def manifest_version(self) -> object:
        """Return what tells the indexer's newest manifest from others."""
        manifest = self.manifest()
        return manifest and manifest.version

    def installed_version(self, address: str) -> object:
        """Return what tells the manifest that a replica serves from others."""
        return [(shard["epoch"], shard["generation"]) for shard in self.status(address).get("shards", [])]


class _Changed:
    """Tells how long ago a value last changed."""

    def __init__(self, read: Callable[[], object]) -> None:
        self._read = read
        self._value, self._since = read(), time.monotonic()

    def seconds_ago(self) -> float:
        value = self._read()
        if value != self._value:
            self._value, self._since = value, time.monotonic()
        return time.monotonic() - self._since


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback on which nothing listens now."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(probe.getsockname()[1]) for probe in probes]
