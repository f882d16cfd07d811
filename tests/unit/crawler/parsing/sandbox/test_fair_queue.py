"""Sites take turns, and none has all places."""

from __future__ import annotations

import threading

from lightship.crawler.parsing.sandbox.fair_queue import FairQueue


def names(line: FairQueue[str], count: int) -> list[str]:
    return [found.job for _ in range(count) if (found := line.take())]


def test_sites_take_turns() -> None:
    line = FairQueue[str](3)
    for job in ("a1", "a2", "a3", "b1", "c1"):
        line.put(job[0], job)
    taken = []
    for _ in range(5):
        found = line.take()
        assert found
        taken.append(found.job)
        line.done(found.site, 0.0)
    assert taken == ["a1", "b1", "c1", "a2", "a3"]


def test_one_place_is_kept_for_others() -> None:
    line = FairQueue[str](2)
    for job in ("a1", "a2", "b1"):
        line.put(job[0], job)
    assert names(line, 2) == ["a1", "b1"]
    line.done("b", 0.0)
    thread = threading.Thread(target=lambda: line.done("a", 0.0))
    thread.start()
    assert names(line, 1) == ["a2"]  # only when the first one is done
    thread.join()


def test_slow_sites_share_what_one_may_have() -> None:
    line = FairQueue[str](2)
    for site in "ab":
        line.put(site, site)
        line.take()
        line.done(site, 5.0)
    for job in ("a", "b", "c"):
        line.put(job, job)
    assert names(line, 2) == ["a", "c"]


def test_a_single_place_is_anybodys() -> None:
    line = FairQueue[str](1)
    for _ in range(2):
        line.put("a", "a")
        assert names(line, 1) == ["a"]
        line.done("a", 5.0)


def test_the_end_lets_nobody_wait() -> None:
    line = FairQueue[str](1)
    line.put("a", "a")
    assert line.close() == ["a"]
    assert line.take() is None
