"""Whatever reads text of strangers takes time in proportion to its length, whatever they repeat in it."""

from __future__ import annotations

import itertools

import pytest

from readers import READERS, SUSPECTS, in_runs, repeated, seconds

LENGTH = 4_000  # characters; the square of four times as many takes some hundred milliseconds
FIXED = 0.05  # seconds that are always allowed


@pytest.mark.parametrize("reader", READERS)
def test_four_times_the_text_takes_no_sixteen_times_as_long(reader: str) -> None:
    read, slow = READERS[reader], {}
    for make, piece in itertools.product((repeated, in_runs), SUSPECTS):
        if seconds(read, make(piece, 4 * LENGTH), 1) > FIXED:
            short, long = seconds(read, make(piece, LENGTH)), seconds(read, make(piece, 4 * LENGTH))
            if long > FIXED + 8 * short:
                slow[make.__name__, piece] = (short, long)
    assert slow == {}
