"""Searches that wait until the index has reached a position."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from lightship.config import SearchengineSettings
from lightship.core.model import partition_of
from lightship.core.position import Reached, log_digest
from lightship.searchengine.store.store import Store
from made import Caller, MadeShard, Reply, page, send, served
from support import wait_until

LOG = "the log's id"


@dataclass
class Cluster:
    """A replica of two shards of the log LOG."""

    caller: Caller
    store: Store  # like that of another worker or process
    shards: list[MadeShard]

    def install(self, shard: int, sequence: int, log_id: str = LOG) -> None:
        """Install a generation that has reached `sequence` in all partitions of `shard`."""
        positions = {str(partition): sequence for partition in range(64) if partition % 2 == shard}
        manifest = self.shards[shard].manifest(positions=positions, log_id=log_id)
        send(self.store, manifest, self.shards[shard].published)

    def search(self, *numbers: int, sequence: int) -> Reply:
        """Search, waiting until the pages `numbers` are indexed."""
        sequences = {partition_of(page(number).url): sequence for number in numbers}
        position = Reached(log_digest(LOG), sequences)
        return self.caller.get(f"/search?q=page&format=json&min_position={position}")


@pytest.fixture
def seconds() -> float:
    """Return how long a search may wait."""
    return 60.0


@pytest.fixture
def cluster(tmp_path: Path, seconds: float) -> Iterator[Cluster]:
    shards = [MadeShard(tmp_path / str(number), number, 2) for number in range(2)]
    shards[0].put(page(1))
    shards[1].put()
    with served(tmp_path / "store", settings=SearchengineSettings(position_wait=seconds)) as caller:
        yield Cluster(caller, Store(str(tmp_path / "store")), shards)


ONE_OF_EACH = [
    next(number for number in range(99) if partition_of(page(number).url) % 2 == shard) for shard in range(2)
]


def test_it_waits_for_every_partition_and_no_longer(cluster: Cluster) -> None:
    cluster.install(0, 5)
    cluster.install(1, 5)
    assert cluster.search(*ONE_OF_EACH, sequence=5).json["total"] == 1
    replies: list[Reply] = []
    waiting = threading.Thread(target=lambda: replies.append(cluster.search(*ONE_OF_EACH, sequence=6)))
    waiting.start()
    cluster.shards[0].put(page(2))
    cluster.install(0, 6)
    waiting.join(0.1)
    assert replies == []  # the other shard has not reached it
    assert cluster.search(ONE_OF_EACH[0], sequence=6).json["total"] == 2
    cluster.install(1, 7)
    waiting.join()
    assert replies[0].json["total"] == 2


@pytest.mark.parametrize("seconds", [0.5])
def test_it_does_not_wait_for_ever(cluster: Cluster) -> None:
    for _ in range(2):
        reply = cluster.search(1, sequence=6)
        assert (reply.status, reply.headers["retry-after"]) == (503, "1")
        assert "min_position within 0.5 s" in reply.json["error"]
        cluster.install(0, 5)
        cluster.install(1, 5)


def test_it_waits_for_the_first_view_too(cluster: Cluster) -> None:
    for shard in range(2):
        threading.Timer(0.1 + shard / 10, cluster.install, [shard, 5]).start()
    assert cluster.search(1, sequence=5).json["total"] == 1


def test_others_are_answered_meanwhile(cluster: Cluster) -> None:
    cluster.install(0, 5)
    cluster.install(1, 5)
    assert cluster.search(*ONE_OF_EACH, sequence=5).json["total"] == 1  # it is served
    waiting = [threading.Thread(target=cluster.search, args=[1], kwargs={"sequence": 6}) for _ in range(20)]
    for thread in waiting:
        thread.start()
    assert cluster.caller.get("/search?q=page&format=json").json["total"] == 1
    assert all(thread.is_alive() for thread in waiting)
    cluster.install(0, 6)
    cluster.install(1, 6)
    for thread in waiting:
        thread.join()


@pytest.mark.parametrize("position", ["x", "00000000-", "00000000-64.1", "a" * 9000])
def test_what_is_no_position_is_refused(cluster: Cluster, position: str) -> None:
    reply = cluster.caller.get(f"/search?q=page&format=json&min_position={position}")
    assert (reply.status, "not a position" in reply.json["error"]) == (400, True)


def test_another_log_s_position_is_refused(cluster: Cluster) -> None:
    cluster.install(0, 9, "another")
    cluster.install(1, 9, "another")
    reply = cluster.search(1, sequence=5)
    assert (reply.status, "belongs to another document log" in reply.json["error"]) == (400, True)


def test_those_that_wait_refuse_nobody_but_each_other(tmp_path: Path) -> None:
    settings = SearchengineSettings(position_wait=60.0, queue=8)
    shard = MadeShard(tmp_path / "shard").put(page(1))
    with served(tmp_path / "store", settings=settings) as caller, ThreadPoolExecutor(30) as many:
        caller.push(shard)
        unreached = f"/search?q=page&format=json&min_position={Reached(log_digest('made'), {1: 9})}"
        waiting = [many.submit(caller.get, unreached) for _ in range(30)]
        wait_until(lambda: sum(each.done() for each in waiting) == 28, 30, "all but a quarter of -queue are refused")
        assert [caller.get("/search?q=page&format=json").status for _ in range(20)] == [200] * 20
        assert not all(each.done() for each in waiting)
        caller.push(shard, positions={"1": 9})
        refused = [each.result() for each in waiting if each.result().status == 503]
        assert len(refused) == 28
        assert all("too many queries are waiting for min_position" in each.json["error"] for each in refused)
