"""Real indexers, some standing by: whoever dies, sleeps, or loses its disk, another goes on without indexing it all again."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster.client import free_ports, urls
from lightship.core.model import Change
from lightship.doclog import Log, open_log
from made import page
from support import Program, wait_until

DOCUMENTS, LEASE = 1200, 1

Spawn = Callable[..., Program]


class Cluster:
    """A log, two searchengines, and indexers of its one shard."""

    def __init__(self, spawn: Spawn, folder: Path, log: Log) -> None:
        self.spawn, self.folder, self.log = spawn, folder, log
        first = free_ports(2)
        self.ports = [first, first + 1]
        for port in self.ports:
            spawn("searchengine", f"-addr=127.0.0.1:{port}", f"-data={folder}/searchengine-{port}")

    def indexer(self, name: str, *more: str) -> Program:
        names = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        return self.spawn(
            "indexer", f"-log=sqlite://{self.folder}/log.sqlite", f"-searchengine={names}", f"-lease={LEASE}",
            f"-data={self.folder / name}", *more,
        )  # fmt: skip

    def put(self, *numbers: int, text: str = "") -> None:
        self.log.put([Change.put(page(number, f"{text or 'page'} token{number}")) for number in numbers])

    def wait_for(self, number: int, seconds: float = 20) -> None:
        """Return when all searchengines find a page."""
        for port in self.ports:
            wait_until(lambda: urls(port, f"token{number}") == [page(number).url], seconds, f"page {number}")  # noqa: B023

    def files(self) -> set[str]:
        """Return the files of the index that all searchengines have."""
        first, second = (
            {path.name for path in self.folder.glob(f"searchengine-{port}/layouts/*/*.*")} for port in self.ports
        )
        return first & second


@pytest.fixture
def cluster(spawn: Spawn, tmp_path: Path) -> Iterator[Cluster]:
    log = open_log(f"sqlite://{tmp_path}/log.sqlite")
    yield Cluster(spawn, tmp_path, log)
    log.close()


def replayed(program: Program) -> int:
    """Return how many changes an indexer replayed when it last started to lead."""
    program.wait_for("caught up with the log")
    return int(re.findall(r"replayed (\d+) changes", program.output)[-1])


def large(files: set[str]) -> set[str]:
    """Return the files of stored documents, one a segment."""
    return {name for name in files if name.endswith(".store")}


def load(cluster: Cluster) -> None:
    """Have most documents in the large index, some in the small one, and some deleted."""
    cluster.put(*range(DOCUMENTS))
    cluster.log.put([Change.delete(page(number).url) for number in range(10)])
    cluster.put(DOCUMENTS, DOCUMENTS + 1)
    cluster.wait_for(DOCUMENTS + 1)


def test_a_standby_takes_over_from_a_leader_that_died(cluster: Cluster) -> None:
    leader = cluster.indexer("first")
    load(cluster)
    standby = cluster.indexer("second")
    standby.wait_for("ready to take over")
    before = cluster.files()
    leader.kill()
    cluster.put(5000)
    cluster.wait_for(5000)
    assert f"restored {DOCUMENTS - 10 + 2} documents" in standby.output
    assert replayed(standby) <= 1
    assert large(before) <= cluster.files(), "nothing that replicas had is sent again under other names"
    leader = cluster.indexer("first")  # comes back: it waits
    leader.wait_for("standing by")
    assert standby.stop() == 0
    cluster.put(5001)
    cluster.wait_for(5001)
    assert replayed(leader) <= 1
    for port in cluster.ports:
        assert urls(port, "token3") == []


def test_a_clean_stop_hands_over_at_once(cluster: Cluster) -> None:
    leader = cluster.indexer("first")
    load(cluster)
    standby = cluster.indexer("second")
    standby.wait_for("ready to take over")
    assert leader.stop() == 0
    standby.wait_for("restored", LEASE)
    assert replayed(standby) == 0


def test_a_lost_disk_is_restored_from_a_replica(cluster: Cluster) -> None:
    indexer = cluster.indexer("first")
    load(cluster)
    indexer.kill()
    shutil.rmtree(cluster.folder / "first")
    before = cluster.files()
    cluster.put(5000)
    cluster.put(20, text="newer")
    cluster.log.put([Change.delete(page(30).url)])
    indexer = cluster.indexer("first")
    cluster.wait_for(5000)
    assert f"restored {DOCUMENTS - 10 + 2} documents" in indexer.output
    assert replayed(indexer) == 3
    assert large(before) <= cluster.files()
    for port in cluster.ports:
        assert urls(port, "newer") == urls(port, "token20") == [page(20).url]
        assert urls(port, "token30") == []


def test_a_leader_that_slept_stands_by(cluster: Cluster) -> None:
    leader = cluster.indexer("first")
    load(cluster)
    standby = cluster.indexer("second")
    standby.wait_for("ready to take over")
    leader.process.send_signal(signal.SIGSTOP)
    cluster.put(20, text="newer")
    cluster.put(5000)
    cluster.wait_for(5000)
    leader.process.send_signal(signal.SIGCONT)
    leader.wait_for("lost the lease, standing by")
    leader.wait_for("ready to take over")
    cluster.put(5001)
    cluster.wait_for(5001)
    assert standby.process.poll() is None
    assert "lost the lease" not in standby.output
    standby.kill()
    cluster.put(5002)
    cluster.wait_for(5002)
    assert leader.output.count("caught up") == 2
    assert replayed(leader) <= 1
    for port in cluster.ports:
        assert urls(port, "newer") == [page(20).url]
        assert urls(port, "token3") == []
