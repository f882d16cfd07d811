"""The programs of this version start on the data folders of every version since 0.1.0, and lose nothing."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.balancer import Balancer
from cluster.client import free_ports, search, status
from lightship.core.model import PARTITIONS
from lightship.crawler.state.store import FILE as FRONTIER
from lightship.doclog import open_log
from lightship.index.fields.schema import SCHEMA_VERSION
from made import Caller
from support import Program, wait_until

Spawn = Callable[..., Program]

ARCHIVES = sorted(Path(__file__).parent.glob("*.tar.gz"))
SHIPS = {"Harbours and ships.", "A record", "Lighthouses"}  # titles


@pytest.fixture(params=ARCHIVES, ids=lambda path: path.name.removesuffix(".tar.gz"))
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a folder with the data of a former version."""
    with tarfile.open(request.param) as tar:
        tar.extractall(tmp_path / "data", filter="data")
    return tmp_path / "data"


def titles(port: int, query: str) -> set[str]:
    return {hit["title"] for hit in search(port, query)["hits"]}


def check_search(port: int) -> None:
    assert titles(port, "ships") == SHIPS
    assert titles(port, "索引擎") == {"搜索引擎"}
    assert [hit["url"] for hit in search(port, "leuchttürme")["hits"]] == ["https://example.org/3"]
    [record] = search(port, '"ships of the line"')["hits"]
    assert (record["fields"], record["modified"]) == ({"price": 12.5}, "2026-01-02T03:04:05Z")
    assert search(port, "deleted")["total"] == 0


def test_there_is_a_folder_of_each_version_released() -> None:
    assert "0.1.0.tar.gz" in [path.name for path in ARCHIVES]


def run_indexers(spawn: Spawn, data: Path, port: int) -> list[Program]:
    """Run the indexers of both shards on their data; the first listens at `port` + 1."""
    return [
        spawn(
            "indexer", f"-log=sqlite://{data}/log.sqlite", f"-searchengine=localhost:{port}", "-shards=2", f"-shard={shard}",
            f"-listen=127.0.0.1:{port + 1 + shard}", f"-data={data}/indexer-{shard}", "-threads=1", "-heap=16",
        )
        for shard in range(2)
    ]  # fmt: skip


def test_a_searchengine_answers_from_it_alone(data: Path, spawn: Spawn) -> None:
    port = free_ports(1)
    spawn("searchengine", f"-addr=:{port}", f"-data={data}/searchengine-0")
    wait_until(lambda: status(port)["ready"], 20, "it is ready")
    check_search(port)


def test_its_index_is_served_until_indexers_replace_it_without_a_failed_query(data: Path, spawn: Spawn) -> None:
    """They build an index of their own schema from the log, if it is another one; started again, they go on from it."""
    port = free_ports(3)
    spawn("searchengine", f"-addr=:{port}", f"-data={data}/searchengine-0")
    wait_until(lambda: status(port)["ready"], 60, "it is ready")
    layouts = Counter[str]()

    def check(body: bytes) -> str:
        answer = json.loads(body)
        layouts[answer["index"]["layout"]] += 1
        found = {hit["title"] for hit in answer["hits"]}
        return "" if found == SHIPS else f"{found} {answer['index']}"

    with contextlib.closing(Balancer([port], check, query="ships")) as balancer:
        before = status(port)["layout"]
        wait_until(lambda: layouts[before] > 20, 20, "answers from its index")
        indexers = run_indexers(spawn, data, port)
        wait_until(lambda: status(port)["layout"] == f"s2v{SCHEMA_VERSION}", 60, "the index of this version is served")
        wait_until(lambda: layouts[f"s2v{SCHEMA_VERSION}"] > 20, 20, "answers from the index of this version")
    assert balancer.failed == []
    assert set(layouts) == {before, f"s2v{SCHEMA_VERSION}"}
    check_search(port)

    for indexer in indexers:
        assert indexer.stop(20) == 0
    for indexer in run_indexers(spawn, data, port):
        indexer.wait_for("replayed 0 changes")


def test_a_new_replica_gets_what_is_in_its_log_and_what_is_added_now(data: Path, spawn: Spawn) -> None:
    port = free_ports(3)
    spawn("searchengine", f"-addr=:{port}", "-data=new")
    run_indexers(spawn, data, port)
    wait_until(lambda: status(port)["documents"] == 5, 30, "all documents")
    check_search(port)
    intake = Caller(port + 1)
    stored = intake.call(
        "POST", "/documents", b'{"url": "https://example.org/4", "title": "New", "text": "Newer ships."}'
    )
    assert stored.status == 200
    position = stored.json["position"]
    assert {hit["title"] for hit in search(port, "ships", min_position=position)["hits"]} == SHIPS | {"New"}


def test_the_log_is_whole(data: Path) -> None:
    log = open_log(f"sqlite://{data}/log.sqlite")
    try:
        entries = [entry for partition in range(PARTITIONS) for entry in log.read(partition, 0, 100, 0)]
    finally:
        log.close()
    assert sum(entry.document is not None for entry in entries) == 5
    assert [entry.url for entry in entries if entry.document is None] == ["https://example.org/2"]


def test_a_crawler_goes_on_from_it(data: Path, spawn: Spawn, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "page.md").write_text("# A new page\n\nAn anchor.\n")
    crawler = spawn("crawler", f"-log=sqlite://{data}/log.sqlite", f"-data={data}/crawler", "new")
    log = open_log(f"sqlite://{data}/log.sqlite")

    def urls() -> list[str]:
        entries = [entry for partition in range(PARTITIONS) for entry in log.read(partition, 0, 100, 0)]
        return [entry.url for entry in entries if entry.document is not None]

    try:
        wait_until(lambda: any(url.endswith("/new/page.md") for url in urls()), 20, "the new page in the log")
    finally:
        log.close()
    assert crawler.stop() == 0


LATER = {
    "searchengine": ("searchengine", "-addr=:{port}", "-data={data}/searchengine-0"),
    "log": ("indexer", "-log=sqlite://{data}/log.sqlite", "-data={data}/indexer-0", "-shards=2"),
    "indexer": ("indexer", "-log=sqlite://{data}/log.sqlite", "-data={data}/indexer-0", "-shards=2"),
    "crawler": ("crawler", "-log=sqlite://{data}/log.sqlite", "-data={data}/crawler", "{data}"),
}


@pytest.mark.parametrize("part", LATER)
def test_what_a_later_version_wrote_is_refused_at_the_start_and_kept(data: Path, spawn: Spawn, part: str) -> None:
    """The message names the folder and says what to do."""
    changed = make_later(data, part)
    before = changed.read_bytes()
    program = spawn(*(word.format(data=data, port=free_ports(1)) for word in LATER[part]))
    wait_until(lambda: program.process.poll() is not None, 20, "it ends")
    assert program.process.returncode == 1
    told = program.output.splitlines()[-1]
    assert told.startswith("error: ")
    assert str(data) in told
    assert any(advice in told for advice in ("use another folder", "choose another path", "move it away"))
    assert changed.read_bytes() == before


def make_later(data: Path, part: str) -> Path:
    """Have a part's data be of a format that does not exist yet; return the file that says so."""
    if part == "searchengine":
        path = data / "searchengine-0" / "format"
        path.write_text("99")
    elif part == "indexer":
        current, [former] = data / "indexer-0" / f"s2v{SCHEMA_VERSION}", (data / "indexer-0").glob("s2v*")
        if former != current:
            shutil.copytree(former, current)
        path = current / "index" / "meta.json"
        path.write_text(path.read_text().replace('"tokenizer": "', '"tokenizer": "next-'))
    else:
        path = data / "log.sqlite" if part == "log" else data / "crawler" / FRONTIER
        connection = sqlite3.connect(path)
        connection.execute("pragma user_version = 99")
        connection.close()
        for suffix in ("-wal", "-shm"):
            shutil.rmtree(f"{path}{suffix}", ignore_errors=True)
    return path
