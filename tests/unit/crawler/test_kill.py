"""The crawler killed with -9 again and again: nothing is lost, and nothing is fetched again within its interval.

`KILLS=100 PAGES=3000` make it the long one. What counts is what the server saw.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lightship.crawler.state.progress import read_progress
from lightship.doclog import open_log
from mockweb.crawling import entries
from mockweb.site import MockSite
from support import Program, wait_until

KILLS, PAGES = int(os.environ.get("KILLS", "10")), int(os.environ.get("PAGES", "400"))
LEAST = 3.0  # seconds: what a page that was under way waits for


def fill(site: MockSite) -> set[str]:
    for number in range(PAGES):
        links = "".join(f'<a href="/{child}">x</a>' for child in (2 * number + 1, 2 * number + 2) if child < PAGES)
        site.page(f"/{number}", f"<title>Page {number}</title>the text of page {number} {links}")
    return {site.url(f"/{number}") for number in range(PAGES)}


@pytest.mark.slow
def test_kill_9_loses_nothing_and_fetches_nothing_again_within_its_interval(
    site: MockSite, tmp_path: Path, spawn: Callable[..., Program]
) -> None:
    urls, chance = fill(site), random.Random(5)
    data = str(tmp_path / "crawler")
    arguments = (
        "crawler",
        "-log=sqlite://log.sqlite",
        "-data=crawler",
        f"-revisit-least={LEAST}",
        "-per-host=8",
        f"-delay={0.5 * KILLS / PAGES}",
        site.url("/0"),
    )
    kills = 0
    for _ in range(KILLS):
        asked = len(site.requests)
        program = spawn(*arguments)
        program.wait_for("crawling", 30)
        wait_until(lambda: len(site.requests) > asked or read_progress(data).idle, 30, "it asks")  # noqa: B023
        time.sleep(chance.uniform(0, 0.5))  # the moment of the kill is not to be a certain one
        program.process.send_signal(signal.SIGKILL)
        program.process.wait()
        kills += not read_progress(data).idle
    log = open_log(f"sqlite://{tmp_path / 'log.sqlite'}")
    before = entries(log)
    program = spawn(*arguments)
    program.wait_for("the first pass is complete", 60)
    assert program.stop() == 0
    after = entries(log)
    log.close()
    assert {url for url, entry in after.items() if entry.document} == urls
    assert read_progress(data)[:5] == (PAGES, PAGES, 0, PAGES, 0)
    again = {path: times for path, times in site.times.items() if len(times) > 1 and path[1:].isdecimal()}
    gaps = [b - a for times in again.values() for a, b in itertools.pairwise(times)]
    put_again = sum(after[url].sequence != entry.sequence for url, entry in before.items())
    print(
        f"{kills} kills in the middle, {PAGES} pages, {len(again)} were under way at a kill and asked for again,"
        f" after {min(gaps, default=0):.2f} s at the least; {put_again} put again"
    )
    assert kills >= KILLS / 2
    assert min(gaps, default=LEAST) > LEAST - 0.5  # the request before was noted a moment before it came
    assert len(again) <= kills * 24  # 8 requests under way, and what came and was not stored yet
