"""What a query costs, told before it runs: by how many documents have what it asks for."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import tantivy

from lightship.config import SearchengineSettings
from lightship.index.cost import seconds_of
from lightship.index.fields.document import add_searched
from lightship.index.fields.schema import FORMS, REPEATS, REPETITIVE, SCHEMA_VERSION, register_analyzers
from lightship.index.fields.schema import schema as index_schema
from lightship.index.query.compiler import compile_query
from lightship.index.query.language.parser import parse_query
from lightship.index.reader import View
from lightship.searchengine.search.admission import CHEAP_SECONDS, OVERESTIMATE
from made import page

POSTING, PLACE = 8e-9, 200e-9  # seconds for each document that has a word, for each that has a word of a phrase


class Searcher:
    """Knows how many documents there are, and how many have a term."""

    def __init__(self, documents: int, frequencies: dict[str, int]) -> None:
        self.num_docs, self._frequencies = documents, frequencies

    def doc_freq(self, field: str, term: str) -> int:
        return (
            0 if term in (REPEATS, REPETITIVE) else self._frequencies[term]
        )  # a KeyError for one that need not be asked for


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
        ("fox dog fox dogs", 5_000_000 * POSTING + 2_000_000 * PLACE),  # whether all stand side by side
        ('dog -"cat mouse"', 3_000_000 * POSTING + 10_000_000 * 2 * PLACE),
    ],
)
def test_what_is_asked_of_many_documents_costs_by_how_many_have_it(query: str, expected: float) -> None:
    found = cost(query, 10_000_000, fox=2_000_000, dog=3_000_000, 搜索=400_000, 索引=20_000, 引擎=300_000)
    assert found == pytest.approx(expected)


@cache
def repeating(*texts: str, extra: str = "") -> View:
    """Return the view of an index of `texts`; `extra` is a form of each, as other versions have marked them."""
    schema = index_schema(SCHEMA_VERSION)
    index = tantivy.Index(schema)
    register_analyzers(index)
    writer = index.writer(heap_size=15 << 20, num_threads=1)
    for number, text in enumerate(texts):
        made = tantivy.Document()
        add_searched(made, page(number, text), "en")
        if extra:
            made.add_text(FORMS, extra)
        writer.add_document(made)
    writer.commit()
    index.reload()
    return View(SCHEMA_VERSION, (), index.searcher(), ("en",))


def seconds(view: View, query: str) -> float:
    parsed = parse_query(query)
    return seconds_of(view, parsed, compile_query(parsed, SCHEMA_VERSION, view.languages, "", view))


LAMPS = "lamp " * 6000 + "light in the cellar, 灯塔"
LANTERNS = "灯塔的" * 6000 + " the lamp"
ARTICLES = "the " * 6000 + "lamp light cellar stairs"


@pytest.mark.parametrize(
    ("query", "text", "is_expensive"),
    [
        ("lamp light", LAMPS, True),
        ("Lamps in the cellar", LAMPS, True),
        ("light cellar", LAMPS, False),
        ("lamp", LAMPS, False),
        ("the lamp", LAMPS, False),
        ("lighthouse", LAMPS, False),
        ("the lamp", ARTICLES, False),
        ("the in", ARTICLES, True),
        ("lamp light the cellar", ARTICLES, True),
        ("which is the light of all cellar stairs", ARTICLES, True),
        ("lamp light", ARTICLES, False),
        ("灯塔的灯", LANTERNS, True),
        ("灯塔的灯", LAMPS, False),
        ("the lamp", LANTERNS, False),
    ],
)
def test_only_a_query_for_the_word_that_documents_repeat_beside_others_is_expensive(
    query: str, text: str, is_expensive: bool
) -> None:
    assert (seconds(repeating(text, "light in the cellar"), query) >= CHEAP_SECONDS) is is_expensive


def test_documents_that_are_marked_without_the_word_make_any_of_their_words_expensive() -> None:
    view = repeating("lamp light cellar", "other words", extra=REPETITIVE)
    assert seconds(view, "lamp light") >= CHEAP_SECONDS
    assert seconds(view, "lamp stairs") < CHEAP_SECONDS


def test_many_documents_that_repeat_words_send_a_query_to_a_thread_and_fill_none() -> None:
    most = seconds(repeating(*["lamp light " * 5000] * 40), "lamp light")
    waiting = 64  # ordinary queries at once, each of which has words of such documents
    assert most > CHEAP_SECONDS
    assert waiting * most / OVERESTIMATE < SearchengineSettings.deadline
