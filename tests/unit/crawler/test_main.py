"""The crawler as a process: killed in the middle, stopped by SIGTERM, two of them in one folder."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

from lightship.crawler.progress import Progress, read_progress
from lightship.doclog import open_log
from mockweb.crawling import entries
from mockweb.site import MockSite
from support import Program, wait_until

PAGES = 400


def fill(site: MockSite) -> set[str]:
    for number in range(PAGES):
        links = "".join(f'<a href="/{child}">x</a>' for child in (2 * number + 1, 2 * number + 2) if child < PAGES)
        site.page(f"/{number}", f"<title>Page {number}</title>the text of page {number} {links}")
    return {site.url(f"/{number}") for number in range(PAGES)}


def test_kill_9_loses_nothing_and_puts_nothing_twice(
    site: MockSite, tmp_path: Path, spawn: Callable[..., Program]
) -> None:
    urls = fill(site)
    data = str(tmp_path / "crawler")
    arguments = ("crawler", "-log=sqlite://log.sqlite", "-data=crawler", site.url("/0"))
    done = 0
    for _ in range(3):
        program = spawn(*arguments)
        wait_until(lambda: read_progress(data).put >= done + 40, 20, "it has put some pages")  # noqa: B023
        program.process.send_signal(signal.SIGKILL)
        program.process.wait()
        done = read_progress(data).put
    assert 0 < done < PAGES
    log = open_log(f"sqlite://{tmp_path / 'log.sqlite'}")
    before = entries(log)
    program = spawn(*arguments)
    wait_until(lambda: read_progress(data).idle, 30, "the first pass is complete")
    assert program.stop() == 0
    after = entries(log)
    head = log.span(0).head
    log.close()
    assert {url for url, entry in after.items() if entry.document} == urls
    again = [url for url, entry in before.items() if after[url].sequence != entry.sequence]
    assert len(again) <= len(before) - done  # only what was in the log but not yet marked as done
    assert head <= PAGES + 3 * 100  # each kill may repeat what was under way
    assert read_progress(data)[:5] == (PAGES, PAGES, 0, PAGES, 0)
    assert "stopped; in all: found 400, fetched 400, failed 0, put 400, deleted 0" in program.output


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
