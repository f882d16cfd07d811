"""Documents from folders: which files, their contents, and the effect of changes and deletions."""

from __future__ import annotations

import logging
import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lightship.core.errors import UnreadableError
from lightship.crawler.output import records
from lightship.crawler.parsing.html.extract import MAX_TEXT
from lightship.crawler.parsing.sandbox.pool import ParserPool
from lightship.crawler.sources.files import below
from lightship.crawler.sources.files import folder as feeding
from mockweb.feeding import Feed
from support import wait_until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "my docs"
    (made / "sub").mkdir(parents=True)
    (made / "page.html").write_text("<title>Page</title><h2>Head</h2><p>html text")
    (made / "sub" / "note.md").write_text(
        "---\ntags: x\n---\n# Title of note\n\nSome *marked* text\n\n| a |\n|---|\n| cell |\n"
    )
    (made / "plain.TXT").write_bytes("第一行\nsecond   line".encode("gb18030"))
    (made / "data.bin").write_bytes(b"ignored")
    (made / ".hidden.txt").write_text("ignored")
    return made


def test_files_become_documents(feed: Feed, folder: Path) -> None:
    with feed.running(folder):
        found = feed.documents()
    assert set(found) == {"page.html", "note.md", "plain.TXT"}
    assert found["page.html"].url == (folder / "page.html").as_uri()
    assert (found["page.html"].title, found["page.html"].ranked_headings) == ("Page", ["Head"])
    assert found["note.md"].title == "Title of note"
    assert "Some marked text" in found["note.md"].text
    assert "cell" in found["note.md"].text
    assert "tags" not in found["note.md"].text
    assert (found["plain.TXT"].title, found["plain.TXT"].text) == ("第一行", "第一行\nsecond line")
    assert found["page.html"].modified is not None


def test_files_of_all_formats_become_documents(feed: Feed, folder: Path) -> None:
    texts = {
        "a.rst": "Tides\n=====", "b.adoc": "= Moon", "c.srt": "1\n00:00:01,000 --> 00:00:02,000\nSaid.", "d.eml": "Subject: Hello\n\nText",
        "e.rtf": "{\\rtf1 First line\\par}", "f.ipynb": '{"nbformat": 4, "cells": []}', "g.ODT": "no archive",
    }  # fmt: skip
    for name, text in texts.items():
        (folder / name).write_text(text)
    with feed.running(folder):
        found = {name: (each.title, each.type) for name, each in feed.documents().items() if name in texts}
    assert found == {
        "a.rst": ("Tides", "rst"), "b.adoc": ("Moon", "asciidoc"), "c.srt": ("c.srt", "subtitles"), "d.eml": ("Hello", "mail"),
        "e.rtf": ("First line", "rtf"), "f.ipynb": ("f.ipynb", "notebook"),
    }  # fmt: skip
    assert feed.progress.failed == 1


def test_changes_and_deletions_are_seen(feed: Feed, folder: Path) -> None:
    with feed.running(folder):
        before = feed.entries()
        (folder / "page.html").unlink()
        (folder / "sub" / "note.md").write_text("changed note")
        (folder / "new.txt").write_text("new text")
        wait_until(lambda: set(feed.documents()) == {"note.md", "plain.TXT", "new.txt"}, 30, "the changes are seen")
        assert feed.documents()["note.md"].text == "changed note"
    kept = (folder / "plain.TXT").as_uri()
    assert feed.entries()[kept] == before[kept]
    assert feed.progress == (3, 3, 0, 5, 1, True)


def test_a_restart_puts_nothing_again_and_deletes_what_is_gone(feed: Feed, folder: Path) -> None:
    with feed.running(folder):
        before = feed.entries()
    (folder / "page.html").unlink()
    with feed.running(folder):
        assert set(feed.documents()) == {"note.md", "plain.TXT"}
    assert feed.progress.put == len(before)


def test_trouble_is_a_line_in_the_log(feed: Feed, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "loop").symlink_to(folder)
    (folder / "broken.txt").symlink_to(folder / "nowhere")
    (folder / "large.html").write_text("a" * 5000)
    (folder / "large.txt").write_text("b" * 5000)
    (folder / "binary.html").write_bytes(bytes(range(256)))
    (folder / "fifo.txt.d").mkdir()
    with feed.running(folder, max_bytes=4096):
        assert set(feed.documents()) == {"page.html", "note.md", "plain.TXT", "large.txt"}
        assert len(feed.documents()["large.txt"].text) == 4096
    assert "loop: skipped: links to a folder that was already read" in caplog.text
    assert "large.txt: cut at -max-bytes=4096; the rest of it is not searchable" in caplog.text
    assert "large.html: skipped: larger than -max-bytes=4096" in caplog.text
    assert "binary.html: binary" in caplog.text
    assert feed.progress.failed == 2


def test_a_text_that_is_cut_or_empty_is_named(feed: Feed, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "long.txt").write_text("word " * (MAX_TEXT // 5 + 1))
    (folder / "scan.html").write_text("<img src=scan.png>")
    caplog.set_level(logging.INFO)
    with feed.running(folder, max_bytes=2 << 20):
        assert "long.txt" in feed.documents()
    assert f"long.txt: cut at {MAX_TEXT} characters; the rest of it is not searchable" in caplog.text
    assert "5 files new or changed, 0 gone; 0 unreadable; 1 without text, found by their names only" in caplog.text


def test_a_file_is_read_once_whatever_links_lead_to_it(feed: Feed, folder: Path) -> None:
    (folder / "beside.html").symlink_to("page.html")
    (folder / "sub" / "up.html").symlink_to(folder / "beside.html")
    (folder / "..data").mkdir()  # as Kubernetes mounts a ConfigMap: what is hidden is not read itself
    (folder / "..data" / "mounted.md").write_text("# Mounted")
    (folder / "mounted.md").symlink_to("..data/mounted.md")
    (folder / "sub" / "other.dat").write_text("other")
    (folder / "other.txt").symlink_to("sub/other.dat")
    with feed.running(folder):
        assert set(feed.documents()) == {"page.html", "note.md", "plain.TXT", "mounted.md", "other.txt"}


def test_a_folder_that_vanishes_keeps_its_documents(feed: Feed, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with feed.running(folder):
        folder.rename(folder.with_name("away"))
        wait_until(lambda: "no longer exists" in caplog.text, 30, "it is told")
        assert len(feed.documents()) == 3


@pytest.mark.parametrize("end", ["while it runs", "at the next start"])
def test_a_folder_that_looks_empty_keeps_its_documents(
    end: str, feed: Feed, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hidden = folder.with_name("hidden")
    with feed.running(folder):
        if end == "while it runs":
            folder.rename(hidden)
            folder.mkdir()  # as a mount point is, when its disk is away
            wait_until(lambda: "contains no files any more; its documents are kept" in caplog.text, 30, "it is told")
            assert len(feed.documents()) == 3
    if end == "at the next start":
        folder.rename(hidden)
        folder.mkdir()
    with feed.running(folder):
        assert len(feed.documents()) == 3
        before = feed.entries()
        folder.rmdir()
        hidden.rename(folder)
        (folder / "plain.TXT").unlink()
        wait_until(lambda: set(feed.documents()) == {"page.html", "note.md"}, 30, "it is back, and watched")
    assert {url: entry for url, entry in feed.entries().items() if entry.document}.items() <= before.items()
    assert caplog.text.count("contains no files any more") <= 2


def deny(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Make `path` unreadable, even for root."""
    real_scandir, real_open = os.scandir, below.open_below

    def scandir(folder: Any) -> Any:
        if str(folder) == str(path):
            raise PermissionError(13, "Permission denied", str(path))
        return real_scandir(folder)

    def opens(file: str, *rest: Any, **options: Any) -> int:
        if file == str(path):
            raise OSError(5, "Input/output error", file)
        return real_open(file, *rest, **options)

    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(feeding, "open_below", opens)


def test_what_can_not_be_read_for_now_keeps_its_documents(
    feed: Feed, folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with feed.running(folder):
        assert len(feed.documents()) == 3
        with monkeypatch.context() as patch:
            deny(patch, folder / "sub")
            (folder / "plain.TXT").write_text("changed")
            wait_until(lambda: feed.documents()["plain.TXT"].text == "changed", 30, "a scan is over")
            assert set(feed.documents()) == {"page.html", "note.md", "plain.TXT"}
        with monkeypatch.context() as patch:
            deny(patch, folder / "page.html")
            (folder / "page.html").write_text("new")
            wait_until(lambda: "Input/output error; its document is kept" in caplog.text, 30, "it is told")
            (folder / "plain.TXT").write_text("changed again")
            wait_until(lambda: feed.documents()["plain.TXT"].text == "changed again", 30, "a scan is over")
            assert "html text" in feed.documents()["page.html"].text
            assert feed.progress.failed == 1
        wait_until(lambda: feed.documents()["page.html"].text == "new", 30, "it is read when that is possible")
        wait_until(lambda: feed.progress.failed == 0, 30, "it counts no longer")
    assert caplog.text.count("Permission denied; skipped, its documents are kept") == 1
    assert caplog.text.count("Input/output error") == 1


def test_what_takes_little_time_is_found_while_the_rest_is_read(
    feed: Feed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages are in the log before the first PDF was read: here, before it may be."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.pdf").write_bytes(b"%PDF-1.4")
    for number in range(3):
        (folder / f"z{number}.md").write_text(f"# Page {number}")
    submit, begun = ParserPool.submit, threading.Event()

    def late(self: ParserPool, site: str, task: Any, body: bytes) -> Any:
        if not task.url.endswith(".pdf"):
            return submit(self, site, task, body)
        begun.set()
        parsed: Future[Any] = Future()

        def fail() -> None:
            found.wait(30)
            parsed.set_exception(UnreadableError("slow"))

        threading.Thread(target=fail).start()
        return parsed

    found = threading.Event()
    monkeypatch.setattr(ParserPool, "submit", late)
    monkeypatch.setattr(records, "FLUSH_SECONDS", 0.0)

    def watch() -> None:
        wait_until(lambda: set(feed.documents()) == {"z0.md", "z1.md", "z2.md"}, 20, "the pages are in the log")
        found.set()

    with ThreadPoolExecutor(1) as thread:
        watching = thread.submit(watch)
        with feed.running(folder):
            watching.result()
    assert begun.is_set()
    assert set(feed.documents()) == {"z0.md", "z1.md", "z2.md"}
