"""The simulation gives back what was measured, at the size at which it was measured; and its merges are tantivy's."""

from __future__ import annotations

import pytest
from bench.constants import MEASURED
from bench.simulation import Layout, candidates, copy_seconds, query_seconds, simulate

FACTOR = 2.5  # measured on two shared cores that also watched; the simulated machines do nothing else
MEASURED_AT = Layout(96_316, 1, 2, 20, 1)


@pytest.mark.parametrize(("share", "seconds"), [(0.5, 0.109), (0.99, 0.234)])
def test_freshness_as_in_the_readme(share: float, seconds: float) -> None:
    simulated = simulate(MEASURED_AT, MEASURED).freshness_at(share)
    assert seconds / FACTOR < simulated < seconds * FACTOR


def test_queries_over_http_as_in_the_readme() -> None:
    rate = 1 / query_seconds(MEASURED_AT, MEASURED, segments=8)
    assert 772 / FACTOR < rate < 772 * FACTOR


def test_pushes_as_in_fanout() -> None:
    one = copy_seconds(144e6, Layout(1e5, 1, 1, 20, 1), MEASURED)
    sixteen = copy_seconds(144e6, Layout(1e5, 1, 16, 20, 1), MEASURED)
    assert 0.384 / FACTOR < one < 0.384 * FACTOR
    assert 5.2 / 17 * 2 / FACTOR < sixteen < 5.2 * FACTOR  # measured with seventeen machines on two cores


def test_merges_are_those_of_eight_segments_of_a_level() -> None:
    assert candidates([500.0] * 7) == []
    assert candidates([500.0] * 8) == [[500.0] * 8]
    assert candidates([500.0] * 4 + [9_000.0] * 4) == [[9_000.0] * 4 + [500.0] * 4]
    assert candidates([20_000.0] * 4 + [500.0] * 7) == []
    assert candidates([20_000_000.0] * 20) == []


def test_the_number_of_documents_stays() -> None:
    result = simulate(Layout(1e6, 1, 2, 200, 1), MEASURED, moves=5000)
    assert 0 < result.segments < 60
    assert 1e4 < result.largest_merge <= 1e6


def test_more_replicas_take_longer_and_the_same_seed_repeats() -> None:
    few, many = (simulate(Layout(1e6, 1, replicas, 200, 1), MEASURED, moves=3000) for replicas in (1, 16))
    assert few.freshness_at(0.999) < many.freshness_at(0.999)
    assert simulate(MEASURED_AT, MEASURED, moves=500) == simulate(MEASURED_AT, MEASURED, moves=500)


def test_too_many_queries_never_end() -> None:
    assert simulate(Layout(1e9, 1, 1, 20, 1000), MEASURED, moves=100).latency_at(0.5) == float("inf")
