"""Bytes that change on the disks of real programs, at rest and under load: never wrong for long, never published, healed."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cluster.client import free_ports, search, status
from lightship.core.model import Change, Document
from lightship.doclog import Log, open_log
from made import page
from support import Program, wait_until

DOCUMENTS = 400
KINDS = ("store", "term", "idx", "pos", "fieldnorm", "fast", "del")

Spawn = Callable[..., Program]


class System:
    """A log, a searchengine that is quick to look, and an indexer; half of the documents change all the time."""

    def __init__(self, spawn: Spawn, folder: Path, log: Log) -> None:
        self.spawn, self.folder, self.log, self.port = spawn, folder, log, free_ports(1)
        self.engine = self.start_engine()
        self.indexer = self.start_indexer()
        self.log.put([Change.put(self.document(number)) for number in range(DOCUMENTS + 50)])
        self.log.put([Change.delete(page(number).url) for number in range(DOCUMENTS, DOCUMENTS + 50)])
        wait_until(lambda: self.is_right() and self.layout().is_dir(), 30, "all is found")

    def start_engine(self) -> Program:
        return self.spawn(
            "searchengine", f"-addr=127.0.0.1:{self.port}", f"-data={self.folder / 'searchengine'}", "-scrub=1000",
        )  # fmt: skip

    def start_indexer(self) -> Program:
        return self.spawn(
            "indexer", f"-log=sqlite://{self.folder}/log.sqlite", f"-searchengine=127.0.0.1:{self.port}",
            f"-data={self.folder / 'indexer'}",
        )  # fmt: skip

    @staticmethod
    def document(number: int, version: int = 0) -> Document:
        return page(
            number, f"steady text of page number {number} version{version} " + "filler words here " * (number % 9)
        )

    def layout(self) -> Path:
        return next((self.folder / "searchengine" / "layouts").iterdir())

    def published(self) -> Path:
        return next(self.folder.glob("indexer/s*/published"))

    def is_right(self) -> bool:
        """Tell whether it is ready, and answers as it should."""
        found = [search(self.port, query, size=100) for query in ("steady", "number 17", '"page number 250"')]
        return (
            status(self.port)["ready"]
            and found[0]["total"] == DOCUMENTS
            and page(17).url in [hit["url"] for hit in found[1]["hits"]][:20]
            and [hit["url"] for hit in found[2]["hits"]] == [page(250).url]
        )

    @contextmanager
    def load(self) -> Iterator[None]:
        """Change some documents all the time."""
        stop, chance = threading.Event(), random.Random(1)

        def change() -> None:
            version = 0
            while not stop.wait(0.05):
                version += 1
                self.log.put([Change.put(self.document(chance.randrange(DOCUMENTS), version)) for _ in range(3)])

        thread = threading.Thread(target=change)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


@pytest.fixture
def system(spawn: Spawn, tmp_path: Path) -> Iterator[System]:
    log = open_log(f"sqlite://{tmp_path}/log.sqlite")
    yield System(spawn, tmp_path, log)
    log.close()


def flip(folder: Path, kind: str, chance: random.Random) -> bool:
    """Change a bit in the largest file of that kind, or of that name, in place; tell whether there is one."""
    paths = sorted(folder.glob(kind if kind in NOTES else f"*.{kind}"), key=lambda path: path.stat().st_size)
    if not paths:
        return False
    with paths[-1].open("r+b") as file:
        at = chance.randrange(os.path.getsize(paths[-1]))
        file.seek(at)
        (byte,) = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ 1 << chance.randrange(8)]))
    return True


def flip_published(system: System, kind: str, chance: random.Random) -> bool:
    """Change a bit of what is published; tell whether it was there, as it is not while an indexer heals it."""
    folders = list(system.folder.glob("indexer/s*/published"))
    return bool(folders) and flip(folders[0], kind, chance)


@pytest.mark.parametrize("loaded", [False, True], ids=["at rest", "under load"])
def test_a_searchengine_heals(system: System, loaded: bool) -> None:
    chance = random.Random(7)

    def heal_all() -> None:
        for kind in (*KINDS, "json"):
            flipped = flip(system.layout(), kind, chance)
            wait_until(system.is_right, 20, f"all is right after a bit of .{kind} changed")
            assert flipped or loaded or kind == "del"

    if loaded:
        with system.load():
            heal_all()
    else:
        heal_all()
    before = status(system.port)["scrubbed"]
    wait_until(lambda: status(system.port)["scrubbed"] != before, 20, "another whole pass")
    wait_until(system.is_right, 20, "all is right")
    assert system.engine.process.poll() is None
    assert system.indexer.process.poll() is None


def test_an_indexer_publishes_no_damage_and_heals(system: System) -> None:
    chance = random.Random(9)
    with system.load():
        for kind in KINDS[:-1]:
            wait_until(lambda: flip_published(system, kind, chance), 30, f"a .{kind} that is not just replaced")  # noqa: B023
            system.log.put([Change.put(System.document(number, 9999)) for number in range(0, DOCUMENTS, 2)])
            wait_until(system.is_right, 30, f"all is right after a bit of .{kind} changed")
    for number in range(DOCUMENTS):
        system.log.put([Change.put(System.document(number, 10_000))])
    wait_until(lambda: search(system.port, "version10000")["total"] == DOCUMENTS, 30, "all are the newest")
    assert system.is_right()


def test_what_changed_while_the_programs_were_stopped_heals(system: System, tmp_path: Path) -> None:
    chance = random.Random(11)
    for kind in KINDS[:-1]:
        system.indexer.wait_for("caught up with the log", 30)
        assert system.indexer.stop() == 0
        assert system.engine.stop() == 0
        assert flip(system.layout(), kind, chance)
        flip(system.published(), kind, chance)
        for name in ("positions.json", "manifest.json"):
            path = system.published().parent / name
            content = bytearray(path.read_bytes())
            content[chance.randrange(len(content))] ^= 1
            path.write_bytes(content)
        system.engine, system.indexer = system.start_engine(), system.start_indexer()
        wait_until(system.is_right, 40, f"all is right after bits changed at rest: .{kind}")


NOTES = (
    "positions.json", "manifest.json", "index/meta.json", "index/meta.sealed", "index/.managed.json", "small/meta.json",
    "small/.managed.json", "../owner",
)  # fmt: skip


def test_an_indexer_heals_of_a_bit_in_any_of_its_files_at_rest(system: System) -> None:
    chance = random.Random(13)
    folder = system.published().parent

    def is_right() -> bool:
        if system.indexer.process.poll() is not None:  # tantivy may abort; whatever runs programs starts them again
            system.indexer = system.start_indexer()
        return "caught up with the log" in system.indexer.output and system.is_right()

    for kind in (*NOTES, *KINDS[:-1]):
        assert system.indexer.stop() == 0
        while not flip(
            folder if kind in NOTES else folder / "published", kind, chance
        ):  # it was stopped while it healed
            system.indexer = system.start_indexer()
            wait_until(is_right, 40, "all is right")
            assert system.indexer.stop() == 0
        system.log.put([Change.put(System.document(number, 7)) for number in range(0, DOCUMENTS, 40)])
        system.indexer = system.start_indexer()
        wait_until(is_right, 40, f"all is right after a bit of {kind} changed at rest")
        assert kind not in NOTES or "Traceback" not in system.indexer.output


def test_a_crawler_says_that_its_frontier_is_damaged_and_begins_again_without_it(spawn: Spawn, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(100):
        (docs / f"{number}.md").write_text(f"# Page {number}\n\nSome words of page {number}.\n")
    arguments = (f"-log=sqlite://{tmp_path}/log.sqlite", f"-data={tmp_path}/crawler", str(docs))
    crawler = spawn("crawler", *arguments)
    crawler.wait_for("100 files new or changed", 30)
    assert crawler.stop() == 0
    frontier = tmp_path / "crawler" / "frontier.sqlite"
    with frontier.open("r+b") as file:  # all but its head
        file.seek(4096)
        file.write(b"\xff" * (frontier.stat().st_size - 4096))
    refused = spawn("crawler", *arguments)
    assert refused.process.wait(30) == 1
    assert f"{frontier} is damaged" in refused.output
    assert "Traceback" not in refused.output
    for path in frontier.parent.glob("frontier.sqlite*"):
        path.unlink()
    spawn("crawler", *arguments).wait_for("100 files new or changed", 30)
    log = open_log(f"sqlite://{tmp_path}/log.sqlite")
    found = [entry for partition in range(log.partitions) for entry in log.read(partition, 0)]
    log.close()
    assert len([entry for entry in found if entry.document]) == len(found) == 100
