"""Systems are asked, and compared query by query."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from lightship.core.errors import InvalidInputError
from lightship.judging.collection import Collection
from lightship.judging.judgement import Judgement, differences, judge, most_different
from lightship.judging.tables import comparison, table
from lightship.searchengine.search.api import Hit
from unit.judging.folders import RECORDS, folder_of


class Fixed:
    """An index that always finds the same."""

    documents = 7

    def __init__(self, *hits: Hit) -> None:
        self.hits = list(hits)

    def search(self, query: str, size: int) -> list[Hit]:
        return self.hits[:size]


def hit(url: str, **fields: Any) -> Hit:
    return Hit(url=url, title="", snippet="", score=1.0, site="", fields=fields)


def watch(items: Iterable[Any], what: str, total: int) -> Iterable[Any]:
    return items


def judgement(system: str, *values: float) -> Judgement:
    measures = ("nDCG@10", "recall@100", "MRR@10", "success@1", "success@3")
    queries = {f"q{number}": dict.fromkeys(measures, value) for number, value in enumerate(values)}
    return Judgement(collection="c", system=system, documents=7, searching=2.0, queries=queries)


def test_results_are_known_by_their_urls(tmp_path: Path) -> None:
    collection = Collection.open(folder_of(tmp_path / "c", RECORDS))
    found = judge(collection, Fixed(hit("https://else.where/"), hit("https://c.invalid/d1")), watch, system="s")
    assert found.queries["q1"] == {
        "nDCG@10": pytest.approx(0.63093), "recall@100": 1, "MRR@10": 0.5, "success@1": 0, "success@3": 1
    }  # fmt: skip
    assert (found.documents, found.collection, found.system) == (7, "c", "s")
    assert judge(collection, Fixed(), watch, system="s").mean("nDCG@10") == 0


def test_or_by_a_field(tmp_path: Path) -> None:
    collection = Collection.open(folder_of(tmp_path / "c", RECORDS))
    index = Fixed(hit("https://else.where/"), hit("https://other.org/", number=1))
    assert judge(collection, index, watch, system="s", field="number").mean("MRR@10") == 0.5
    assert judge(collection, index, watch, system="s", field="id").mean("MRR@10") == 0


def test_differences_are_counted_by_query() -> None:
    found = {each.measure: each for each in differences(judgement("a", 0, 0.5, 1), judgement("b", 1, 0.5, 0.75))}
    assert found.keys() == {"nDCG@10", "recall@100", "MRR@10", "success@1", "success@3"}
    each = found["nDCG@10"]
    assert (each.first, each.second, each.better, each.worse) == (0.5, 0.75, 1, 1)
    assert each.p == pytest.approx(1, abs=0.02)


def test_other_queries_can_not_be_compared() -> None:
    with pytest.raises(InvalidInputError, match="a and b judged different queries of c"):
        list(differences(judgement("a", 0), judgement("b", 0, 1)))


def test_the_queries_that_differ_most_come_losses_first() -> None:
    first, second = judgement("a", 0, 0.5, 1, 0.4, 0.2), judgement("b", 1, 0.5, 0.25, 0.5, 0.2)
    assert most_different(first, second, "nDCG@10", 2) == [("q2", 1, 0.25), ("q0", 0, 1)]
    assert len(most_different(first, second, "nDCG@10", 10)) == 3


def test_the_tables() -> None:
    first, second = judgement("a", 0, 0.5, 1), judgement("b", 1, 0.5, 1)
    head, row = table([first]).splitlines()
    assert head.split()[:5] == ["collection", "system", "documents", "queries", "nDCG@10"]
    assert row.split()[:5] == ["c", "a", "7", "3", "0.5000"]
    lines = comparison(first, second, {"q0": "what\tis x?"}, 5).splitlines()
    assert lines[0] == "c: b against a, 3 queries"
    assert lines[2].split() == ["nDCG@10", "0.5000", "0.8333", "+0.3333", "1", "0", "1.0000"]
    assert lines[-1] == "  0.00 -> 1.00  q0: what is x?"
    assert "0.0000 -> " not in comparison(first, first, {}, 5)


def test_a_significant_difference_has_a_star() -> None:
    rows = comparison(judgement("a", *[0.0] * 20), judgement("b", *[0.5] * 20), {}, 0).splitlines()
    assert rows[2].endswith("0.0001*")
