"""What a query finds, in every script and with every kind of sign: the table, through the writer and the reader."""

from __future__ import annotations

import pytest

from lightship.core.model import Document
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
    pytest.param(number, query, found, id=f"{query} in {group.language}: {reason}")
    for number, group in enumerate(GROUPS, 1)
    for query, found, _, reason in group.rows
]


@pytest.mark.parametrize(("number", "query", "found"), ROWS)
def test_a_query_finds_a_document_or_not(replica: Replica, number: int, query: str, found: bool) -> None:
    answer = ask(replica, query, size=100)
    exact = "No page has exactly" not in (answer.notice or "")  # otherwise they are pages with the words of a phrase
    assert (exact and f"{URL}{number}" in [hit.url for hit in answer.hits]) is found, GROUPS[number - 1].text


def test_the_table_is_long_and_broad() -> None:
    assert len(ROWS) >= 300
    assert len({group.language for group in GROUPS}) >= 20
