"""When a page is looked at again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lightship.config import CrawlerSettings
from lightship.crawler.frontier.revisit import MAX_RETRY_SECONDS, RETRY_SECONDS, Pace, retry_after

PACE = Pace(first=100.0, least=10.0, most=1000.0)


def test_the_first_interval_is_the_setting() -> None:
    assert PACE.interval(0, changed=True) == PACE.interval(0, changed=False) == 100.0


def test_a_changed_page_is_looked_at_sooner_and_an_unchanged_one_later() -> None:
    assert PACE.interval(100.0, changed=True) == 50.0
    assert PACE.interval(100.0, changed=False) == 150.0


@given(st.lists(st.booleans(), max_size=60))
def test_an_interval_never_leaves_its_bounds(found_changed: list[bool]) -> None:
    interval = 0.0
    for changed in found_changed:
        interval = PACE.interval(interval, changed=changed)
        assert PACE.least <= interval <= PACE.most


def test_a_page_that_always_or_never_changes_ends_at_a_bound() -> None:
    fast = slow = PACE.first
    for _ in range(20):
        fast, slow = PACE.interval(fast, changed=True), PACE.interval(slow, changed=False)
    assert (fast, slow) == (PACE.least, PACE.most)


def test_bounds_follow_the_first_interval_unless_they_are_set() -> None:
    assert Pace.of(CrawlerSettings(revisit=600.0)) == Pace(600.0, 10.0, 14_400.0)
    assert Pace.of(CrawlerSettings(revisit=600.0, revisit_least=5.0, revisit_most=700.0)) == Pace(600.0, 5.0, 700.0)


def test_the_first_interval_lies_within_its_bounds_whatever_is_set() -> None:
    assert Pace.of(CrawlerSettings(revisit=60.0, revisit_least=90.0, revisit_most=30.0)) == Pace(60.0, 60.0, 60.0)


def test_a_failed_page_is_tried_again_ever_later_and_never_sooner_than_its_site_wants() -> None:
    waits = [retry_after(failures, 0) for failures in range(50)]
    assert waits[:3] == [RETRY_SECONDS, RETRY_SECONDS * 4, RETRY_SECONDS * 16]
    assert waits == sorted(waits)
    assert waits[-1] == MAX_RETRY_SECONDS
    assert retry_after(0, 3600) == 3600
