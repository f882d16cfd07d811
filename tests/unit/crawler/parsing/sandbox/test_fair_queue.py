"""Sites take turns, and none can occupy all places."""

from __future__ import annotations

import threading

from lightship.crawler.parsing.sandbox.fair_queue import FairQueue


def names(queue: FairQueue[str], count: int) -> list[str]:
    return [found.job for _ in range(count) if (found := queue.take())]


def test_sites_take_turns() -> None:
    queue = FairQueue[str](3)
    for job in ("a1", "a2", "a3", "b1", "c1"):
        queue.put(job[0], job)
    taken = []
    for _ in range(5):
        found = queue.take()
        assert found
        taken.append(found.job)
        queue.done(found.site, 0.0)
    assert taken == ["a1", "b1", "c1", "a2", "a3"]


def test_one_place_is_kept_for_others() -> None:
    queue = FairQueue[str](2)
    for job in ("a1", "a2", "b1"):
        queue.put(job[0], job)
    assert names(queue, 2) == ["a1", "b1"]
    queue.done("b", 0.0)
    thread = threading.Thread(target=lambda: queue.done("a", 0.0))
    thread.start()
    assert names(queue, 1) == ["a2"]  # only when the first one is done
    thread.join()


def test_slow_sites_share_what_one_may_have() -> None:
    queue = FairQueue[str](2)
    for site in "ab":
        queue.put(site, site)
        queue.take()
        queue.done(site, 5.0)
    for job in ("a", "b", "c"):
        queue.put(job, job)
    assert names(queue, 2) == ["a", "c"]


def test_a_single_place_is_anybodys() -> None:
    queue = FairQueue[str](1)
    for _ in range(2):
        queue.put("a", "a")
        assert names(queue, 1) == ["a"]
        queue.done("a", 5.0)


def test_the_end_lets_nobody_wait() -> None:
    queue = FairQueue[str](1)
    queue.put("a", "a")
    assert queue.close() == ["a"]
    assert queue.take() is None
