"""Another number of shards under load: no query fails, and each answer is from one whole layout."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cluster.client import free_ports, search, status
from lightship.doclog import open_log
from lightship.model import Change
from made import page
from support import Program, wait_until

Spawn = Callable[..., Program]

PAGES = 300


@dataclass
class Load:
    """Asks all replicas all the time, and checks each answer."""

    ports: list[int]
    counts: dict[str, int]  # documents that a layout must have
    answers: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stop.wait(0.002):
            for port in self.ports:
                self.ask(port)

    def ask(self, port: int) -> None:
        try:
            answer = search(port, "page", size=1)
        except OSError as error:
            self.troubles.append(f"{port}: {error!r}")
            return
        layout = answer["index"]["layout"]
        shards = int(layout[1 : layout.index("v")])
        whole = len(answer["index"]["generation"]) == shards
        if not (whole and answer["total"] == answer["index"]["documents"] == self.counts[layout]):
            self.troubles.append(f"{port}: {answer['total']} {answer['index']}")
        self.answers[layout] += 1


@dataclass
class Cluster:
    folder: Path
    spawn: Spawn
    ports: list[int]

    @property
    def names(self) -> str:
        return ",".join(f"127.0.0.1:{port}" for port in self.ports)

    def index(self, shards: int, log: str) -> list[Program]:
        return [
            self.spawn(
                "indexer", f"-log=sqlite://{self.folder}/{log}", f"-searchengine={self.names}", f"-shards={shards}",
                f"-shard={shard}", f"-data={self.folder}/indexer-{shards}-{shard}", "-threads=1", "-heap=16",
            )
            for shard in range(shards)
        ]  # fmt: skip

    def serves(self, layout: str) -> None:
        wait_until(
            lambda: all(status(port)["layout"] == layout for port in self.ports), 30, f"all replicas serve {layout}"
        )

    def command(self, *arguments: str) -> str:
        program = self.spawn("lightship", *arguments, f"-searchengine={self.names}")
        assert program.process.wait(20) == 0, program.output
        return program.output


@pytest.fixture
def cluster(tmp_path: Path, spawn: Spawn) -> Iterator[Cluster]:
    """Yield two replicas, and two logs: one with all pages, one with half of them."""
    first = free_ports(2)
    for name, count in (("all.sqlite", PAGES), ("half.sqlite", PAGES // 2)):
        log = open_log(f"sqlite://{tmp_path}/{name}")
        log.put([Change.put(page(number)) for number in range(count)])
        log.close()
    for port in (first, first + 1):
        spawn("searchengine", f"-addr=127.0.0.1:{port}", f"-data={tmp_path}/{port}")
    yield Cluster(tmp_path, spawn, [first, first + 1])


def test_two_three_and_one_shard_under_load(cluster: Cluster) -> None:
    old = cluster.index(2, "all.sqlite")
    cluster.serves("s2v1")
    load = Load(cluster.ports, {"s2v1": PAGES, "s3v1": PAGES, "s1v1": PAGES // 2})
    asking = threading.Thread(target=load.run)
    asking.start()
    try:
        new = cluster.index(3, "all.sqlite")
        cluster.serves("s3v1")
        for program in old:
            program.stop()

        cluster.index(1, "half.sqlite")
        wait_until(lambda: all(held_back(port) for port in cluster.ports), 30, "the half-empty layout is held back")
        assert {status(port)["layout"] for port in cluster.ports} == {"s3v1"}
        assert "serves s1v1, s3v1 is kept" in cluster.command("promote", "s1v1")
        cluster.serves("s1v1")
        assert "former: s3v1" in cluster.command("status")
        assert "serves s3v1, s1v1 is kept" in cluster.command("rollback")
        cluster.serves("s3v1")
        seen = load.answers["s3v1"]
        wait_until(lambda: load.answers["s3v1"] > seen + 50, 30, "more answers after the rollback")
        assert [program.process.poll() for program in new] == [None] * 3
    finally:
        load.stop.set()
        asking.join()
    print(f"answers by layout: {dict(load.answers)}; failed or wrong: {len(load.troubles)}")
    assert load.troubles == []
    assert set(load.answers) == {"s1v1", "s2v1", "s3v1"}


def held_back(port: int) -> bool:
    return any("lightship promote s1v1" in candidate["held"] for candidate in status(port)["candidates"])
