"""What a folder is does not change by a file that somebody puts there."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from lightship.crawler.sources.names import Kind, parse_source
from mockweb.feeding import Feed
from unit.crawler.fetching.test_archive import answer, page


@pytest.mark.parametrize("stray", ["a.warc", "a.warc.gz", "a.warc.zst", "a.wacz"])
def test_an_archive_among_documents_makes_no_folder_of_archives(
    tmp_path: Path, stray: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "notes.md").write_text("# notes")
    (tmp_path / stray).symlink_to("/nowhere")
    with caplog.at_level(logging.WARNING):
        assert parse_source(str(tmp_path)).kind is Kind.FOLDER
    assert f"archives like {stray} are left out" in caplog.text


@pytest.mark.parametrize("beside", ["sub", ".hidden"])
def test_a_folder_with_nothing_but_archives(tmp_path: Path, beside: str) -> None:
    (tmp_path / "a.warc").write_bytes(b"")
    (tmp_path / beside).mkdir()
    assert parse_source(str(tmp_path)).kind is (Kind.ARCHIVE if beside.startswith(".") else Kind.FOLDER)


def test_nothing_is_deleted_when_a_file_is_put_beside_archives_or_documents(feed: Feed, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.warc").write_bytes(answer("a", page(1)))
    with feed.running(folder):
        assert set(feed.documents()) == {"a"}
    (folder / "notes.md").write_text("# notes")
    with feed.running(folder):
        assert set(feed.documents()) == {"a", "notes.md"}
