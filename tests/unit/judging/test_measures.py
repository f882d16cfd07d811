"""The measures have the values that trec_eval gives, and those of published examples."""

from __future__ import annotations

import random

import pytest

from lightship.judging.measures import MEASURES, ndcg, recall, reciprocal_rank, success

# By ir-measures 0.4.3 with pytrec-eval-terrier 0.5.11 (trec_eval's code) on what `made` returns
OF_TREC_EVAL = {
    "nDCG@10": 0.13762893553813013,
    "recall@100": 0.449866478980256,
    "MRR@10": 0.3829464285714286,
    "success@1": 0.225,
    "success@3": 0.5,
}


def made() -> tuple[dict[str, dict[str, int]], dict[str, list[str]]]:
    """Return grades and rankings of 40 queries."""
    chance = random.Random(7)
    documents = [f"d{n}" for n in range(60)]
    grades: dict[str, dict[str, int]] = {}
    rankings: dict[str, list[str]] = {}
    for q in range(40):
        judged = chance.sample(documents, 30)
        grades[f"q{q}"] = {d: chance.choice([0, 0, 0, 1, 1, 2, 3]) for d in judged}
        grades[f"q{q}"][judged[0]] = 1
        rankings[f"q{q}"] = chance.sample(documents, chance.choice([0, 5, 30, 60]))
    return grades, rankings


@pytest.mark.parametrize("name", MEASURES)
def test_the_values_are_those_of_trec_eval(name: str) -> None:
    grades, rankings = made()
    values = [MEASURES[name](rankings[query], grades[query]) for query in grades]
    assert sum(values) / len(values) == pytest.approx(OF_TREC_EVAL[name], abs=1e-12)


def test_ndcg_of_the_example_in_wikipedia() -> None:
    """https://en.wikipedia.org/wiki/Discounted_cumulative_gain: DCG 6.861, ideal DCG 8.740, nDCG 0.785."""
    grades = {"D1": 3, "D2": 2, "D3": 3, "D4": 0, "D5": 1, "D6": 2, "D7": 3, "D8": 2}
    assert ndcg(["D1", "D2", "D3", "D4", "D5", "D6"], grades, 6) == pytest.approx(0.785, abs=0.0005)


def test_reciprocal_rank_of_the_example_in_wikipedia() -> None:
    """https://en.wikipedia.org/wiki/Mean_reciprocal_rank: 1/3, 1/2 and 1."""
    found = [["catten", "cati", "cats"], ["torii", "tori", "toruses"], ["viruses", "virii", "viri"]]
    right = [{"cats": 1}, {"tori": 1}, {"viruses": 1}]
    assert [reciprocal_rank(*each, 10) for each in zip(found, right, strict=True)] == [1 / 3, 1 / 2, 1]


def test_what_is_found_beyond_the_depth_does_not_count() -> None:
    ranking, grades = [str(number) for number in range(20)], {"10": 1}
    assert ndcg(ranking, grades, 10) == reciprocal_rank(ranking, grades, 10) == success(ranking, grades, 10) == 0
    assert recall(ranking, grades, 10) == 0
    assert recall(ranking, grades, 11) == success(ranking, grades, 11) == 1


def test_documents_of_grade_0_and_below_are_not_relevant() -> None:
    grades = {"spam": -2, "no": 0, "yes": 1}
    assert reciprocal_rank(["spam", "no", "yes"], grades, 10) == 1 / 3
    assert recall(["spam", "no"], grades, 10) == 0
    assert ndcg(["spam", "yes"], grades, 10) == ndcg(["unjudged", "yes"], grades, 10) > 0
