"""A crawler whose log was restored, or is another one, puts everything again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lightship.doclog import open_log
from lightship.doclog.backup import back_up, restore_file
from mockweb.crawling import entries
from mockweb.site import MockSite
from support import Program, wait_until


def test_what_a_restored_log_lacks_is_put_again(site: MockSite, tmp_path: Path, spawn: Callable[..., Program]) -> None:
    path, notes = tmp_path / "log.sqlite", tmp_path / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("# A note")
    (tmp_path / "records.jsonl").write_text('{"url": "https://example.org/1", "text": "a record"}\n')
    site.page("/", '<title>Start</title><p>a start <a href="/1">one</a>')
    site.page("/1", "<title>One</title><p>page one")

    def documents() -> set[str]:
        log = open_log(f"sqlite://{path}")
        found = {url for url, entry in entries(log).items() if entry.document}
        log.close()
        return found

    def start() -> Program:
        return spawn(
            "crawler", f"-log=sqlite://{path}", f"-data={tmp_path / 'crawler'}", site.url("/"), str(notes),
            str(tmp_path / "records.jsonl"),
        )  # fmt: skip

    log = open_log(f"sqlite://{path}")
    back_up(log, str(tmp_path / "backup"), lambda _: None)
    log.close()
    crawler = start()
    wait_until(lambda: len(documents()) == 4, 30, "all is in the log")
    expected = documents()
    assert crawler.stop() == 0
    restore_file(str(tmp_path / "backup"), str(path), replace=True)
    assert documents() == set()
    crawler = start()
    crawler.wait_for("the log is not the one of the last start, or was restored", 30)
    wait_until(lambda: documents() == expected, 30, "all is in the log again, though nothing changed")
    assert crawler.stop() == 0
    asked = len(site.requests)
    crawler = start()
    crawler.wait_for("crawling", 30)
    assert crawler.stop() == 0
    assert "another one" not in crawler.output
    assert len(site.requests) == asked
