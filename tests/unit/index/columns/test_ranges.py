"""Where ranges begin: at round numbers, and never above the smallest value."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.index.columns.ranges import BUCKETS, starts

numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-1000, 1000).map(lambda number: number / 10)


@given(numbers, numbers)
def test_ranges_of_numbers_hold_all_values_and_are_few(one: float, other: float) -> None:
    least, most = sorted((one, other))
    found = starts(least, most, "number")
    assert 1 <= len(found) <= BUCKETS
    assert found[0] <= least
    assert found[-1] <= most
    assert all(first < second and math.isfinite(first) for first, second in pairwise(found))


@pytest.mark.parametrize(
    ("least", "most", "expected"),
    [
        (1.7, 2.2, [1.7, 1.8, 1.9, 2.0, 2.1, 2.2]),
        (0.3, 0.9, [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]),
        (0.0, 5e-324, [0.0, 5e-324]),
        (7.0, 7.0, [7.0]),
    ],
)
def test_ranges_begin_at_round_numbers(least: float, most: float, expected: list[float]) -> None:
    assert starts(least, most, "number") == expected
