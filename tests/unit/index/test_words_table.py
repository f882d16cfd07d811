"""What a query finds and marks, in every script and with every kind of sign: the table, through the writer and the reader."""

from __future__ import annotations

import html
import re

import pytest

from lightship.core.model import Document
from lightship.index.highlight.snippet import Highlighter
from lightship.index.query.compiler import compile_query
from lightship.index.query.language.parser import parse_query
from lightship.searchengine.search.replica import Replica
from made import ask, replica_of
from unit.index.words_table import GROUPS

URL = "https://table.example/"  # its words are those of no query


@pytest.fixture(scope="module")
def replica(tmp_path_factory: pytest.TempPathFactory) -> Replica:
    """Return an index of all documents: more than forty languages in one index."""
    documents = [
        Document(url=f"{URL}{number}", text=group.text, language=group.language)
        for number, group in enumerate(GROUPS, 1)
    ]
    return replica_of(tmp_path_factory.mktemp("replica"), documents)


ROWS = [
    pytest.param(number, query, found, marks, id=f"{query} in {group.language}: {reason}")
    for number, group in enumerate(GROUPS, 1)
    for query, found, marks, reason in group.rows
]


def marked(shown: str) -> list[str]:
    return [html.unescape(part) for part in re.findall("<mark>(.*?)</mark>", shown)]


@pytest.mark.parametrize(("number", "query", "found", "marks"), ROWS)
def test_a_query_finds_a_document_or_not(
    replica: Replica, number: int, query: str, found: bool, marks: list[str]
) -> None:
    answer = ask(replica, query, size=100)
    exact = "No page has exactly" not in (answer.notice or "")  # otherwise they are pages with the words of a phrase
    assert (exact and f"{URL}{number}" in [hit.url for hit in answer.hits]) is found, GROUPS[number - 1].text


@pytest.mark.parametrize(("number", "query", "found", "marks"), ROWS)
def test_what_matches_is_marked_and_nothing_else(
    replica: Replica, number: int, query: str, found: bool, marks: list[str]
) -> None:
    group, view = GROUPS[number - 1], replica.view
    highlighter = Highlighter(compile_query(parse_query(query), view.version, view.languages, "", view), view.frequency)
    assert marked(highlighter.snippet(group.text.encode(), group.language)) == marks
    assert marked(highlighter.marked([group.text], group.language)[0]) == marks
    filler = "\nxyz 0000. " * 300
    assert marked(highlighter.snippet(f"{filler} {group.text} {filler}".encode(), group.language)) == marks


def test_the_table_is_long_and_broad() -> None:
    assert len(ROWS) >= 300
    assert len({group.language for group in GROUPS}) >= 20
