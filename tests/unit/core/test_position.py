"""Positions of several requests, as one."""

from __future__ import annotations

from lightship.core.position import Reached


def test_joined_positions_cover_both_unless_another_log_took_the_place_of_the_first() -> None:
    one, other = Reached("0" * 8, {1: 5, 2: 7}), Reached("0" * 8, {2: 3, 4: 9})
    assert one.joined(other) == other.joined(one) == Reached("0" * 8, {1: 5, 2: 7, 4: 9})
    assert one.joined(Reached("1" * 8, {1: 1})) == Reached("1" * 8, {1: 1})
