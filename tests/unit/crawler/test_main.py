"""The crawler as a process: stopped by SIGTERM, two of them in one folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lightship.crawler.progress import Progress, read_progress
from mockweb.site import MockSite
from support import Program, wait_until


def test_all_kinds_of_sources_together(site: MockSite, tmp_path: Path, spawn: Callable[..., Program]) -> None:
    site.page("/", "home")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.txt").write_text("a")
    (tmp_path / "b.jsonl").write_text('{"url": "https://ex.org/b"}\n')
    program = spawn("crawler", "-log=sqlite://log.sqlite", "-data=data", site.url("/"), "folder", "b.jsonl")
    wait_until(lambda: read_progress(str(tmp_path / "data")).idle, 20, "the first pass is complete")
    assert read_progress(str(tmp_path / "data")) == (3, 3, 0, 3, 0, True)
    second = spawn("crawler", "-log=sqlite://log.sqlite", "-data=data", "folder")
    assert second.process.wait(20) == 1
    assert "another crawler works in data" in second.output
    assert program.stop() == 0


def test_progress_of_nothing_is_zeros(tmp_path: Path) -> None:
    assert read_progress(str(tmp_path)) == Progress()
    (tmp_path / "frontier.sqlite").write_bytes(b"not a database" * 100)
    assert read_progress(str(tmp_path)) == Progress()
