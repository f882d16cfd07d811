"""The model to which the chaos test compares replicas: what it must report as wrong."""

from __future__ import annotations

import pytest

from lightship.chaos.load.truth import Truth, Witness
from lightship.core.errors import WrongAnswerError

URL = "https://a.example/1"


def truth_of(*puts: bool) -> Truth:
    truth = Truth()
    for put in puts:
        truth.send(URL, put=put)
        truth.acknowledge(URL)
    return truth


def test_a_replica_that_has_the_newest_of_each_is_right() -> None:
    assert truth_of(True, True).differences([(URL, 2)]) == []
    assert truth_of(True, False).differences([]) == []


def test_a_lost_change_is_noticed() -> None:
    assert truth_of(True).differences([]) == [f"{URL} is lost: version 1"]
    assert truth_of(True, True).differences([(URL, 1)]) == [f"{URL} has version 1, not 2"]


def test_a_document_that_is_there_twice_is_noticed() -> None:
    assert "twice" in truth_of(True, True).differences([(URL, 2), (URL, 1)])[0]


def test_a_document_that_came_back_is_noticed() -> None:
    assert "reappeared" in truth_of(True, False).differences([(URL, 1)])[0]


def test_a_document_that_nobody_put_is_noticed() -> None:
    assert "reappeared" in truth_of().differences([(URL, 1)])[0]


@pytest.mark.parametrize(
    ("found", "right"),
    [((2,), True), ((5,), True), ((), True), ((1,), False), ((3,), False), ((4,), False), ((2, 5), False)],
)
def test_what_was_acknowledged_at_a_time_is_there_or_something_later(found: tuple[int, ...], right: bool) -> None:
    truth = truth_of(True, True, False, False, True)
    assert (truth.lacks([(URL, version) for version in found], {URL: 2}) == []) is right


def test_what_was_acknowledged_last_is_there_or_gone() -> None:
    assert truth_of(True, True).lacks([], {URL: 2})
    assert truth_of(True, False).lacks([(URL, 1)], {URL: 2})
    assert not truth_of(True, False).lacks([], {URL: 2})


def test_a_url_has_one_change_under_way() -> None:
    truth = Truth()
    truth.send(URL, put=True)
    with pytest.raises(AssertionError):
        truth.send(URL, put=True)


def test_a_replica_may_go_forward_and_skip() -> None:
    witness = Witness(truth_of(True, True, False, True))
    for found in (None, 1, 1, None, 4, 4):
        witness.check(URL, found, witness.floors.get(URL, 0))


@pytest.mark.parametrize("path", [(2, 1), (4, None), (None, 4, 2), (5,), (3,), (0,), (1, None, 1)])
def test_a_replica_may_not_go_back_nor_show_what_was_not_put(path: tuple[int | None, ...]) -> None:
    witness = Witness(truth_of(True, True, False, True))
    with pytest.raises(WrongAnswerError):
        for found in path:
            witness.check(URL, found, witness.floors.get(URL, 0))


def test_answers_that_cross_on_their_way_are_not_wrong() -> None:
    witness = Witness(truth_of(True, True))
    first = second = witness.floors.get(URL, 0)
    witness.check(URL, 2, second)
    witness.check(URL, 1, first)
    assert witness.floors[URL] == 2


def test_generations_may_only_grow() -> None:
    witness = Witness(Truth())
    witness.check_generations({"0": [1, 5]}, witness.generations)
    witness.check_generations({"0": [2, 1]}, witness.generations)
    with pytest.raises(WrongAnswerError):
        witness.check_generations({"0": [1, 6]}, witness.generations)
