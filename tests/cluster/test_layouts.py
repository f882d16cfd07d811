"""Another number of shards under load: no query fails, and each answer is from one whole layout."""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cluster.balancer import Balancer
from cluster.client import free_ports, search, status
from lightship.core.model import Change
from lightship.doclog import open_log
from lightship.index.fields.schema import SCHEMA_VERSION
from made import page
from support import ROOT, Program, wait_until

Spawn = Callable[..., Program]

PAGES = 300
NEXT = ("cluster.next_version",)
ENV = {"PYTHONPATH": os.pathsep.join([str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])}


class Answers:
    """Counts answers by layout, and tells those that are not from one whole layout."""

    def __init__(self, documents: dict[str, int]) -> None:
        """`documents`: how many each layout must have."""
        self.documents, self.counts = documents, Counter[str]()

    def check(self, body: bytes) -> str:
        """Return what is wrong with an answer."""
        answer = json.loads(body)
        index = answer["index"]
        shards = int(index["layout"][1 : index["layout"].index("v")])
        self.counts[index["layout"]] += 1
        whole = len(index["generation"]) == shards
        right = whole and answer["total"] == index["documents"] == self.documents[index["layout"]]
        return "" if right else f"{answer['total']} {index}"


@dataclass
class Cluster:
    folder: Path
    spawn: Spawn
    ports: list[int]

    @property
    def names(self) -> str:
        return ",".join(f"127.0.0.1:{port}" for port in self.ports)

    def index(self, shards: int, log: str, version: int = 2) -> list[Program]:
        module = ["indexer"] if version == 2 else [*NEXT, "lightship.indexer.main"]
        return [
            self.spawn(
                *module, f"-log=sqlite://{self.folder}/{log}", f"-searchengine={self.names}", f"-shards={shards}",
                f"-shard={shard}", f"-data={self.folder}/indexer-{shards}-{version}-{shard}", "-threads=1", "-heap=16", env=ENV,
            )
            for shard in range(shards)
        ]  # fmt: skip

    def replica(self, port: int, version: int = 2) -> Program:
        module = ["searchengine"] if version == 2 else [*NEXT, "lightship.searchengine.main"]
        return self.spawn(*module, f"-addr=127.0.0.1:{port}", f"-data={self.folder}/{port}", "-drain=1", env=ENV)

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
    yield Cluster(tmp_path, spawn, [first, first + 1])


def test_two_three_and_one_shard_under_load(cluster: Cluster) -> None:
    for port in cluster.ports:
        cluster.replica(port)
    old = cluster.index(2, "all.sqlite")
    cluster.serves("s2v2")
    answers = Answers({"s2v2": PAGES, "s3v2": PAGES, "s1v2": PAGES // 2})
    with contextlib.closing(Balancer(cluster.ports, answers.check)) as balancer:
        new = cluster.index(3, "all.sqlite")
        cluster.serves("s3v2")
        for program in old:
            program.stop()

        cluster.index(1, "half.sqlite")
        wait_until(lambda: all(held_back(port) for port in cluster.ports), 30, "the half-empty layout is held back")
        assert {status(port)["layout"] for port in cluster.ports} == {"s3v2"}
        assert "serves s1v2, keeps s3v2 for rollback" in cluster.command("promote", "s1v2")
        cluster.serves("s1v2")
        assert "former: s3v2" in cluster.command("status")
        assert "serves s3v2, keeps s1v2 for rollback" in cluster.command("rollback")
        cluster.serves("s3v2")
        seen = answers.counts["s3v2"]
        wait_until(lambda: answers.counts["s3v2"] > seen + 50, 30, "more answers after the rollback")
        assert [program.process.poll() for program in new] == [None] * 3
    print(f"answers by layout: {dict(answers.counts)}; failed or wrong: {len(balancer.failed)}")
    assert balancer.failed == []
    assert set(answers.counts) == {"s1v2", "s2v2", "s3v2"}


def test_the_next_version_of_the_software_takes_over_under_load(cluster: Cluster) -> None:
    """Searchengines first, one after the other, on their data; then the indexers: no query fails."""
    replicas = [cluster.replica(port) for port in cluster.ports]
    old = cluster.index(2, "all.sqlite")
    cluster.serves("s2v2")
    answers = Answers({"s2v2": PAGES, "s2v3": PAGES})
    with contextlib.closing(Balancer(cluster.ports, answers.check)) as balancer:
        for port, replica in zip(cluster.ports, replicas, strict=True):
            assert replica.stop(20) == 0
            cluster.replica(port, version=3)
            wait_until(lambda: len(balancer.ready) == 2, 20, "it is back")
        assert [search(port, "secondedition")["total"] for port in cluster.ports] == [0, 0]
        seen = answers.counts["s2v2"]
        wait_until(lambda: answers.counts["s2v2"] > seen + 50, 30, "answers of the next version from the old layout")

        cluster.index(2, "all.sqlite", version=3)
        cluster.serves("s2v3")
        for program in old:
            program.stop()
        wait_until(lambda: answers.counts["s2v3"] > 50, 30, "answers from the new layout")
        assert [search(port, "secondedition")["total"] for port in cluster.ports] == [PAGES, PAGES]
    print(f"answers by layout: {dict(answers.counts)}; failed or wrong: {len(balancer.failed)}")
    assert balancer.failed == []
    assert set(answers.counts) == {"s2v2", "s2v3"}


def held_back(port: int) -> bool:
    return any("lightship promote s1v2" in candidate["held"] for candidate in status(port)["candidates"])


def test_up_goes_to_another_number_of_shards_and_back(tmp_path: Path, spawn: Spawn) -> None:
    """Each start with another number serves the layout that it finds until the new one is whole; then that."""
    port = free_ports(1)
    lines = [json.dumps({"url": page(number).url, "text": page(number).text}) for number in range(PAGES)]
    (tmp_path / "pages.jsonl").write_text("\n".join(lines))
    former = None
    for shards in (2, 3, 2):
        layout = f"s{shards}v{SCHEMA_VERSION}"
        up = spawn("lightship", "up", f"-shards={shards}", f"-port={port}", "-data=data", "pages.jsonl")
        wait_until(lambda: status(port)["layout"], 20, "a layout is served")
        answers = Answers(dict.fromkeys((layout, former or layout), PAGES))
        if former:
            with contextlib.closing(Balancer([port], answers.check)) as balancer:
                wait_until(lambda: status(port)["layout"] == layout, 30, f"{layout} is served")  # noqa: B023
                wait_until(lambda: answers.counts[layout] > 20, 10, f"answers from {layout}")  # noqa: B023
            assert balancer.failed == []
        wait_until(lambda: search(port, "page")["total"] == PAGES, 20, "all pages in search")
        assert (status(port)["layout"], status(port)["former"]) == (layout, former)
        assert up.stop(20) == 0
        former = layout
