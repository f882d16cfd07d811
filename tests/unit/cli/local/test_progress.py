from __future__ import annotations

import io
import logging
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from lightship.cli.local import progress
from lightship.cli.local.progress import Counts, Display, Gauge, outcome
from lightship.core.manifest import Layout, Manifest, Segment
from lightship.crawler.state.progress import Waiting, activate, count, set_idle
from lightship.crawler.state.store import open_store
from lightship.runtime.database import Database
from lightship.runtime.files import sealed
from support import free_port

if TYPE_CHECKING:
    from unit.cli.conftest import StatusServer

SOURCE = "https://example.org/"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def crawler(tmp_path: Path) -> Iterator[Database]:
    """Return the store of a crawler that found 10 pages, fetched 8 and is not idle."""
    database = open_store(str(tmp_path / "crawler"))
    activate(database, [SOURCE])
    with database.transaction() as db:
        count(db, SOURCE, found=10, fetched=8)
    yield database
    database.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a fake clock that the test can set."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def write_manifest(folder: Path, shard: int, documents: int, deleted: int = 0) -> None:
    manifest = Manifest(
        layout=Layout(2, 1), shard=shard, epoch=1, generation=1, segments=[Segment("0" * 32, documents, deleted, [])],
        log_id="", positions={}, made=0, fresh_as_of=0,
    )  # fmt: skip
    target = folder / f"indexer-{shard}" / "s2v1"
    target.mkdir(parents=True)
    (target / "manifest.json").write_bytes(sealed(msgspec.json.encode(manifest)))


def test_counts_come_from_all_stages(tmp_path: Path, crawler: Database, searchengine: StatusServer) -> None:
    write_manifest(tmp_path, 0, 5, deleted=1)
    write_manifest(tmp_path, 1, 3)
    assert Gauge(str(tmp_path), 2, [searchengine.name]).read() == Counts(10, 8, 7, 5, done=False)


def test_another_layout_and_what_is_no_manifest_are_left_out(tmp_path: Path, searchengine: StatusServer) -> None:
    write_manifest(tmp_path, 0, 5)
    assert Gauge(str(tmp_path), 1, [searchengine.name]).read().indexed == 0
    (tmp_path / "indexer-0/s2v1/manifest.json").write_bytes(b"{}")
    assert Gauge(str(tmp_path), 2, [searchengine.name]).read().indexed == 0


def test_before_anything_is_there_all_is_zero(tmp_path: Path) -> None:
    assert Gauge(str(tmp_path), 1, [f"127.0.0.1:{free_port()}"]).read() == Counts(0, 0, 0, 0, done=False)


def test_done_when_replicas_are_fresher_than_the_end_of_the_crawl(
    tmp_path: Path, crawler: Database, searchengine: StatusServer, clock: list[float]
) -> None:
    gauge = Gauge(str(tmp_path), 1, [searchengine.name])
    assert not gauge.read().done
    set_idle(crawler, SOURCE)
    assert not gauge.read().done
    clock[0] += 0.4
    assert not gauge.read().done
    clock[0] += 0.2
    assert gauge.read().done  # idle for 0.6 s, and all of 0.5 s ago is searchable
    activate(crawler, [SOURCE])
    assert not gauge.read().done
    set_idle(crawler, SOURCE)
    assert not gauge.read().done


@pytest.mark.parametrize("changes", [{"layout": None, "age_seconds": None}, {"layout": "s2v1"}], ids=str)
def test_another_layout_is_not_done(
    tmp_path: Path, crawler: Database, searchengine: StatusServer, clock: list[float], changes: dict[str, object]
) -> None:
    searchengine.tell(**changes)
    set_idle(crawler, SOURCE)
    gauge = Gauge(str(tmp_path), 1, [searchengine.name])
    gauge.read()
    clock[0] += 10
    assert not gauge.read().done


def test_a_replica_that_is_down_is_not_done_and_hides_no_count(
    tmp_path: Path, crawler: Database, searchengine: StatusServer, clock: list[float]
) -> None:
    set_idle(crawler, SOURCE)
    gauge = Gauge(str(tmp_path), 1, [searchengine.name, f"127.0.0.1:{free_port()}"])
    gauge.read()
    clock[0] += 10
    assert gauge.read() == Counts(10, 8, 0, 5, done=False)


def test_without_a_terminal_steps_are_logged(caplog: pytest.LogCaptureFixture, clock: list[float]) -> None:
    caplog.set_level(logging.INFO)
    display = Display()
    display.show(Counts(10, 8, 7, 5, done=False))
    display.show(Counts(10, 9, 7, 5, done=False))  # too soon
    clock[0] += progress.LOG_SECONDS
    display.show(Counts(10, 9, 7, 5, done=False))  # nothing new
    display.show(Counts(10, 10, 10, 10, done=True))  # the end is never too soon
    display.say("good night")
    display.close()
    assert [record.getMessage() for record in caplog.records] == [
        "found 10, fetched 8, indexed 7, searchable 5",
        "found 10, fetched 10, indexed 10, searchable 10",
        "good night",
    ]


def test_a_terminal_shows_a_line_for_each_stage_and_the_rest_above(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    handler = logging.StreamHandler(terminal)
    logging.getLogger().addHandler(handler)
    display = Display()
    display.show(Counts(12_345, 8000, 700, 50, done=False))
    display.say("search page: here")
    logging.getLogger("up").warning("a part died")
    display.close()
    logging.getLogger().removeHandler(handler)
    drawn = terminal.getvalue()
    for stage, value in (("fetched", "8,000"), ("indexed", "700"), ("searchable", "50")):
        assert re.search(f"{stage} +{value} of 12,345 ", drawn)
    for line in ("search page: here", "a part died"):  # each at the start of a line, once the live ones are cleared
        assert re.search(rf"(\r|\x1b\[A){line}\n", drawn)
    assert drawn.count("a part died") == 1


def test_pages_of_sites_that_keep_failing_are_counted(tmp_path: Path, crawler: Database) -> None:
    gauge = Gauge(str(tmp_path), 2, [f"127.0.0.1:{free_port()}"])
    with crawler.transaction() as db:
        for site, resume in (("https://a", time.time() + 60), ("https://b", time.time() + 60), ("https://c", 1.0)):
            db.execute("insert into sites (site, source, resume) values (?, ?, ?)", (site, SOURCE, resume))
            db.execute("insert into pages (url, site, depth, state) values (? || '/1', ?, 0, 0)", (site, site))
            db.execute("insert into pages (url, site, depth, state) values (? || '/2', ?, 0, 1)", (site, site))
    assert gauge.read().waiting == Waiting(sites=2, pages=2)
    activate(crawler, [])
    assert gauge.read().waiting == Waiting()


def test_what_is_searchable_is_not_called_all_while_pages_wait() -> None:
    counts = Counts(10, 8, 7, 5, done=True)
    assert outcome(counts) == "all 5 documents are searchable"
    assert outcome(counts._replace(searchable=1)) == "1 document is searchable"
    assert outcome(counts._replace(searchable=0)) == "no document was found"
    assert outcome(counts._replace(waiting=Waiting(1, 88))) == (
        "88 pages of 1 site wait, because it keeps failing; the other 5 documents are searchable"
    )
    assert str(Waiting(2, 3)) == "3 pages of 2 sites wait, because they keep failing"
    assert str(Waiting(1, 1)) == "1 page of 1 site waits, because it keeps failing"
