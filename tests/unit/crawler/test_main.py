"""The crawler as a process: stopped by SIGTERM, and two of them in one folder."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from lightship.crawler.state.progress import Progress, read_progress
from lightship.crawler.state.store import open_store
from lightship.doclog import open_log
from mockweb.crawling import entries
from mockweb.site import MockSite
from nats_servers import running
from support import Program, wait_until


def test_all_kinds_of_sources_together(site: MockSite, tmp_path: Path, spawn: Callable[..., Program]) -> None:
    site.page("/", "home")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.txt").write_text("a")
    (tmp_path / "b.jsonl").write_text('{"url": "https://ex.org/b"}\n')
    program = spawn("crawler", "-log=sqlite://log.sqlite", "-data=data", site.url("/"), "folder", "b.jsonl")
    wait_until(lambda: read_progress(str(tmp_path / "data")).idle, 30, "the first pass is complete")
    assert read_progress(str(tmp_path / "data")) == (3, 3, 0, 3, 0, True)
    second = spawn("crawler", "-log=sqlite://log.sqlite", "-data=data", "folder")
    assert second.process.wait(60) == 1
    assert "data is in use by another crawler" in second.output
    assert program.stop() == 0


@pytest.mark.nats
def test_it_stops_soon_while_the_log_is_away_and_loses_nothing(tmp_path: Path, spawn: Callable[..., Program]) -> None:
    lines = tmp_path / "b.jsonl"
    lines.write_text('{"url": "https://ex.org/a"}\n')
    with running(tmp_path) as nats:
        arguments = ("crawler", f"-log={nats.url('log')}", "-data=data", "b.jsonl")
        program = spawn(*arguments)
        wait_until(lambda: read_progress(str(tmp_path / "data")).idle, 30, "the first pass is complete")
        nats.kill()
        lines.write_text('{"url": "https://ex.org/a"}\n{"url": "https://ex.org/b"}\n')
        wait_until(lambda: doubtful(tmp_path / "data"), 30, "the log is asked to take it")
        assert program.stop(10) == 0
        assert "the next start reads it again" in program.output
        nats.start()
        program = spawn(*arguments)
        wait_until(lambda: read_progress(str(tmp_path / "data")).put == 2, 30, "it is put")
        assert program.stop() == 0
        with contextlib.closing(open_log(nats.url("log"))) as log:
            assert {url for url, entry in entries(log).items() if entry.document} == {
                "https://ex.org/a",
                "https://ex.org/b",
            }


def doubtful(data: Path) -> bool:
    """Whether the crawler has marked a change as doubtful."""
    with contextlib.closing(open_store(str(data))) as store, store.access() as db:
        return bool(db.execute("select exists (select 1 from records where digest = x'')").get)


def test_progress_of_nothing_is_zeros(tmp_path: Path) -> None:
    assert read_progress(str(tmp_path)) == Progress()
    (tmp_path / "frontier.sqlite").write_bytes(b"not a database" * 100)
    assert read_progress(str(tmp_path)) == Progress()
