"""The p-value of the paired randomization test."""

from __future__ import annotations

import itertools
import random

import pytest

from lightship.judging.significance import randomization_test


def exact(differences: list[float]) -> float:
    """Return the p-value by all choices of signs."""
    least = abs(sum(differences)) - 1e-9
    sums = [
        sum(sign * each for sign, each in zip(signs, differences, strict=True))
        for signs in itertools.product((1, -1), repeat=len(differences))
    ]
    return sum(abs(each) >= least for each in sums) / len(sums)


@pytest.mark.parametrize("seed", range(5))
def test_it_is_close_to_the_p_value_by_all_choices_of_signs(seed: int) -> None:
    chance = random.Random(seed)
    differences = [chance.choice([0.0, chance.gauss(0.1, 0.2)]) for _ in range(12)]
    assert randomization_test(differences) == pytest.approx(exact(differences), abs=0.02)


def test_it_is_close_to_that_of_scipy() -> None:
    """By scipy 1.17.1: permutation_test (samples) .095 to .098 by chance, ttest_1samp .0973."""
    chance = random.Random(3)
    differences = [chance.choice([0, 0, chance.gauss(0.02, 0.1)]) for _ in range(200)]
    assert randomization_test(differences) == pytest.approx(0.0965, abs=0.01)


def test_systems_that_do_not_differ() -> None:
    assert randomization_test([0.0] * 50) == 1
    assert randomization_test([]) == 1


def test_a_difference_in_every_query_is_significant() -> None:
    assert randomization_test([0.1] * 50) < 0.001
    assert randomization_test([-0.1] * 50) < 0.001


def test_the_same_differences_give_the_same_p_value() -> None:
    differences = [0.3, -0.2, 0.1, 0.1, 0.5, -0.4]
    assert randomization_test(differences) == randomization_test(differences)
