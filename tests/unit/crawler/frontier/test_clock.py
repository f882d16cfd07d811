"""A wrong clock: the crawl continues after it is corrected, in this process and in the next."""

from __future__ import annotations

import time

import pytest

from mockweb.crawling import Crawl
from mockweb.site import MockSite
from support import wait_until

YEAR = 31_536_000.0


@pytest.mark.parametrize("ahead", [YEAR, -YEAR])
@pytest.mark.parametrize("restarted", [True, False])
def test_a_crawl_goes_on_after_a_clock_was_wrong(
    crawl: Crawl, site: MockSite, monkeypatch: pytest.MonkeyPatch, ahead: float, restarted: bool
) -> None:
    real = time.time
    site.page("/", "<title>Start</title><p>the first text of this page")
    pace = {"revisit": 1.0, "revisit_least": 0.5, "revisit_most": 1.0}

    def is_seen_again() -> bool:
        return site.counts()["/"] >= seen + 2

    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: real() + ahead)
        with crawl.running(site.url("/"), **pace):
            wait_until(lambda: site.counts()["/"] >= 2, 30, "the page is looked at again")
            if not restarted:
                patch.setattr(time, "time", real)
                seen = site.counts()["/"]
                wait_until(is_seen_again, 30, "and when the clock is set right")
    if restarted:
        seen = site.counts()["/"]
        with crawl.running(site.url("/"), **pace):
            wait_until(is_seen_again, 30, "and after a restart with a clock that is right")
