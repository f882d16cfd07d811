from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightship.config.setting import Rate
from lightship.core.errors import TooManyRequestsError
from lightship.http.keys.rates import Rates


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def allowed(rates: Rates, rate: Rate, times: int, name: str = "a") -> int:
    """Return how many of so many requests are allowed."""
    count = 0
    for _ in range(times):
        try:
            rates.take(name, rate, "you")
        except TooManyRequestsError:
            continue
        count += 1
    return count


def test_a_period_s_worth_is_allowed_at_once_and_then_one_after_the_other() -> None:
    clock = Clock()
    rates = Rates(clock=clock)
    assert allowed(rates, Rate(10, 1), 50) == 10
    clock.now += 0.1
    assert allowed(rates, Rate(10, 1), 5) == 1
    clock.now += 60
    assert allowed(rates, Rate(10, 1), 50) == 10
    assert allowed(rates, Rate(10, 1), 5, "b") == 5


def test_the_refusal_says_when_to_try_again() -> None:
    clock = Clock()
    rates = Rates(clock=clock)
    rates.take("a", Rate(1, 60), "your address")
    with pytest.raises(TooManyRequestsError, match="limit of 1/m for your address is reached") as refused:
        rates.take("a", Rate(1, 60), "your address")
    assert refused.value.seconds == 60
    clock.now += refused.value.seconds
    rates.take("a", Rate(1, 60), "your address")


def test_the_least_recently_used_names_make_room() -> None:
    rates = Rates(most=2, clock=Clock())
    for name in "abab":
        allowed(rates, Rate(2, 1), 1, name)
    assert allowed(rates, Rate(2, 1), 1, "c") == 1  # in the place of a
    assert (allowed(rates, Rate(2, 1), 3, "b"), allowed(rates, Rate(2, 1), 3, "a")) == (0, 2)


@settings(max_examples=60)
@given(requests=st.integers(1, 20), seconds=st.sampled_from([1, 60]), pauses=st.lists(st.floats(0, 20), max_size=60))
def test_no_more_than_twice_the_rate_passes_in_any_period(requests: int, seconds: int, pauses: list[float]) -> None:
    clock = Clock()
    rates, passed = Rates(clock=clock), list[float]()
    for pause in pauses:
        clock.now += pause
        passed += [clock.now] * allowed(rates, Rate(requests, seconds), 3)
    for start in passed:
        assert sum(start <= each < start + seconds for each in passed) <= 2 * requests
