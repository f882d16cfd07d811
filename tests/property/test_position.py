"""Positions as texts: what is told is read back, and anything else is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.core.errors import InvalidInputError
from lightship.core.position import Reached, log_digest

SEQUENCES = st.dictionaries(st.integers(0, 63), st.integers(0, (1 << 63) - 1), min_size=1)


@given(st.text(), SEQUENCES)
def test_a_position_is_read_back_and_fits_a_url(log_id: str, sequences: dict[int, int]) -> None:
    reached = Reached(log_digest(log_id), sequences)
    assert Reached.parse(str(reached)) == reached
    assert re.fullmatch(r"[0-9a-z._-]{12,2048}", str(reached))


@given(st.text() | st.from_regex(r"[0-9a-f]{8}-[0-9]{1,4}\.[0-9]{1,20}(_[0-9]{1,4}\.[0-9]{1,20})*"))
def test_a_text_is_a_position_or_refused(text: str) -> None:
    try:
        reached = Reached.parse(text)
    except InvalidInputError as error:
        assert "not a position" in str(error)
    else:
        assert Reached.parse(str(reached)) == reached


@given(SEQUENCES, SEQUENCES)
def test_it_is_covered_when_every_partition_has_come_so_far(wanted: dict[int, int], have: dict[int, int]) -> None:
    covered = Reached("0" * 8, wanted).is_covered_by({str(p): sequence for p, sequence in have.items()})
    assert covered == all(p in have and have[p] >= sequence for p, sequence in wanted.items())


@pytest.mark.parametrize(
    "text",
    ["", "x", "00000000", "00000000-", "00000000-1.", "00000000-64.1", "00000000-1.1_1.2", "0000000g-1.1",
     "00000000-1.9223372036854775808", "00000000-1.1\n", "00000000-١.1", "00000000-" + "1.1_" * 5000 + "2.2"],
)  # fmt: skip
def test_malformed_ones_are_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="not a position"):
        Reached.parse(text)
