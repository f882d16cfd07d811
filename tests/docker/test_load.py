"""The load of the upgrade's test knows a wrong answer when it sees one."""

from __future__ import annotations

from typing import Any

import pytest

from docker.load import BEST, PAGES, known_documents, query, wrong


def answer(*numbers: int, total: int = PAGES, shards: int = 2) -> dict[str, Any]:
    index = {"layout": "s2v2", "generation": {str(shard): [1, 1] for shard in range(shards)}}
    return {
        "total": total,
        "index": index,
        "hits": [{"url": f"https://known.example.org/{number}"} for number in numbers],
    }


RANKED = tuple(range(BEST, BEST - 10, -1))


def test_right_answers() -> None:
    assert [query(number) for number in (3, 4, 5)] == ["lantern", "own5", "harbour"]
    assert (wrong(3, answer(*RANKED)), wrong(4, answer(5)), wrong(5, answer())) == ("", "", "")
    assert len({document["text"].count(" ") for document in known_documents()}) == 1


@pytest.mark.parametrize(
    ("number", "given"),
    [
        (3, answer(*reversed(RANKED))), (3, answer(*RANKED[1:])), (3, answer(*RANKED, shards=1)), (4, answer()), (4, answer(6)),
        (5, answer(total=PAGES - 1)), (5, answer(total=PAGES + 1)), (5, answer(shards=1)),
    ],
)  # fmt: skip
def test_wrong_answers(number: int, given: dict[str, Any]) -> None:
    assert wrong(number, given) != ""
