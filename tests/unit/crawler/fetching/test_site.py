"""The crawl of one site: how long it is left alone after failures."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from mockweb.crawling import Crawl
from mockweb.site import Answer, MockSite
from support import wait_until

TOGETHER = 8  # requests under way when the site fails


@pytest.mark.parametrize("status", [503, 500, 200], ids=["unavailable", "broken", "cut off"])
def test_one_outage_is_one_failure_however_many_requests_it_meets(
    crawl: Crawl, site: MockSite, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    paths = [f"/{number}" for number in range(TOGETHER)]
    waiting, all_there = 0, asyncio.Event()

    async def late() -> AsyncIterator[bytes]:
        nonlocal waiting
        waiting += 1
        if waiting == TOGETHER:
            all_there.set()
        await all_there.wait()
        yield b"unavailable"
        if status == 200:
            raise ConnectionResetError

    site.pages = {path: Answer(late, status) for path in paths}
    site.page("/", "".join(f"<a href='{path}'>{path}</a>" for path in paths))
    with caplog.at_level(logging.WARNING, "lightship.crawler"), crawl.running(site.url("/"), per_host=TOGETHER):
        wait_until(lambda: crawl.progress.failed == TOGETHER, 30, "all have failed")
    assert [message.partition(": ")[2] for message in caplog.messages if "pausing" in message] == [
        "3 consecutive failures; pausing for 2 s"
    ]
