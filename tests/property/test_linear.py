"""Whatever reads text of strangers takes time in proportion to its length, whatever they repeat in it."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from readers import READERS, SUSPECTS, in_runs, repeated, seconds

LENGTH = 4_000  # characters; the square of four times as many takes some hundred milliseconds
FIXED = 0.05  # seconds that are always allowed


@pytest.mark.parametrize("reader", READERS)
def test_four_times_the_text_takes_no_sixteen_times_as_long(reader: str) -> None:
    read, slow = READERS[reader], {}
    for make, piece in itertools.product((repeated, in_runs), SUSPECTS):
        short, long = make(piece, LENGTH), make(piece, 4 * LENGTH)
        if out_of_proportion(read, short, long, 1) and out_of_proportion(read, short, long, 3):
            slow[make.__name__, piece] = (seconds(read, short), seconds(read, long))
    assert slow == {}


def out_of_proportion(read: Callable[[str], None], short: str, long: str, times: int) -> bool:
    """Tell whether the long text takes much longer than the short one, each measured `times`: once may be by chance."""
    took = seconds(read, long, times)
    return took > FIXED and took > FIXED + 8 * seconds(read, short, times)
