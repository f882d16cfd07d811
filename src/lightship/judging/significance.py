"""Whether two systems differ by more than chance."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import compress

ROUNDS = 10_000
SIGNIFICANT = 0.05

_LOWEST_BITS = bytes(byte & 1 for byte in range(256))
_EQUAL = 1e-9  # below which two sums differ by rounding only


def randomization_test(differences: Sequence[float], rounds: int = ROUNDS) -> float:
    """Return the p-value of a paired, two-sided randomization test (Smucker, Allan, Carterette 2007).

    `differences` are those of one measure, query by query: if the systems were equal, each could as well have the other
    sign. The p-value is the share of `rounds` random choices of signs whose sum is at least as far from 0 as the sum
    measured. The same differences give the same p-value.
    """
    left = [difference for difference in differences if difference]  # others add nothing to any sum
    total, chance = sum(left), random.Random(1)
    least = abs(total) - _EQUAL
    signs = (chance.randbytes(len(left)).translate(_LOWEST_BITS) for _ in range(rounds))
    as_far = sum(abs(total - 2 * sum(compress(left, flipped))) >= least for flipped in signs)
    return (as_far + 1) / (rounds + 1)
