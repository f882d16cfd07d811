"""What a query costs, told before it runs: by how many documents have what it asks for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lightship.config import SearchengineSettings
from lightship.index.cost import seconds_of
from lightship.index.fields.schema import REPETITIVE, SCHEMA_VERSION
from lightship.index.query.compiler import compile_query
from lightship.index.query.language.parser import parse_query
from lightship.index.reader import View
from lightship.searchengine.search.admission import CHEAP_SECONDS, OVERESTIMATE

POSTING, PLACE = 8e-9, 200e-9  # seconds for each document that has a word, for each that has a word of a phrase


class Searcher:
    """Knows how many documents there are, and how many have a term."""

    def __init__(self, documents: int, frequencies: dict[str, int]) -> None:
        self.num_docs, self._frequencies = documents, frequencies

    def doc_freq(self, field: str, term: str) -> int:
        return 0 if term == REPETITIVE else self._frequencies[term]  # a KeyError for one that need not be asked for


def cost(query: str, documents: int, **frequencies: int) -> float:
    searcher: Any = Searcher(documents, frequencies)
    view = View(SCHEMA_VERSION, (), searcher, ("en",))
    return seconds_of(view, parse_query(query), compile_query(parse_query(query), SCHEMA_VERSION, ("en",)))


def test_few_documents_cost_so_little_that_frequencies_are_not_asked_for() -> None:
    assert cost("fox dog", 1000) == pytest.approx(2 * 1000 * POSTING)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("fox dog", 5_000_000 * POSTING),
        ("dog", 3_000_000 * POSTING),
        ('"fox dog"', 5_000_000 * PLACE),
        ("搜索引擎", (400_000 + 20_000 + 300_000) * PLACE),
        ("dog -cat", (3_000_000 + 10_000_000) * POSTING),
        ('dog -"cat mouse"', 3_000_000 * POSTING + 10_000_000 * 2 * PLACE),
    ],
)
def test_what_is_asked_of_many_documents_costs_by_how_many_have_it(query: str, expected: float) -> None:
    found = cost(query, 10_000_000, fox=2_000_000, dog=3_000_000, 搜索=400_000, 索引=20_000, 引擎=300_000)
    assert found == pytest.approx(expected)


class Repeating(Searcher):
    """All of whose documents repeat a word, and have each word."""

    def doc_freq(self, field: str, term: str) -> int:
        return self.num_docs

    def search(self, *_: object) -> Any:
        return SimpleNamespace(count=self.num_docs)


def test_documents_that_repeat_words_send_a_query_to_a_thread_and_fill_none() -> None:
    def repeated(documents: int) -> float:
        searcher: Any = Repeating(documents, {})
        view = View(SCHEMA_VERSION, (), searcher, ("en",))
        query = parse_query("fox dog")
        return seconds_of(view, query, compile_query(query, SCHEMA_VERSION, ("en",)))

    assert repeated(1) > CHEAP_SECONDS
    assert repeated(100) == pytest.approx(repeated(300), abs=1e-4)
    waiting = 64  # ordinary queries at once, each of which has words of such documents
    assert waiting * repeated(300) / OVERESTIMATE < SearchengineSettings.deadline
