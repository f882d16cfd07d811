"""A folder is read as a collection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lightship.core.errors import InvalidInputError
from lightship.judging.collection import Collection
from unit.judging.folders import RECORDS, folder_of


def test_documents_without_urls_get_some(tmp_path: Path) -> None:
    collection = Collection.open(folder_of(tmp_path / "My Set", RECORDS))
    assert collection.ids == {"https://my-set.invalid/d1": "1", "https://my-set.invalid/da%2Fb": "a/b"}
    first, second = collection.read()
    assert (first.url, first.title, first.language) == ("https://my-set.invalid/d1", "One", "de")
    assert (first.fields, second.fields) == ({"id": "1"}, {"id": "a/b"})


def test_a_url_is_kept(tmp_path: Path) -> None:
    collection = Collection.open(folder_of(tmp_path / "c", [{"id": 1, "url": "https://example.org/x", "text": "y"}]))
    assert collection.ids == {"https://example.org/x": "1"}
    assert [document.url for document in collection.read()] == ["https://example.org/x"]


def test_documents_from_another_file_of_which_some_count(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "c", [], qrels="q1 0 a/b 1\n")
    others = folder_of(tmp_path / "others", RECORDS) / "corpus.jsonl"
    collection = Collection.open(folder, others, "source=wiki")
    assert list(collection.ids.values()) == ["a/b"]
    assert len(list(collection.read())) == 1


def test_queries_without_a_relevant_document_are_left_out(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "c", RECORDS, "q1 0 1 1\nq2 0 1 0\nq4 0 1 1\n", "q1\tx\nq2\ty\nq3\tz\n")
    collection = Collection.open(folder)
    assert (collection.queries, collection.grades) == ({"q1": "x"}, {"q1": {"1": 1}})


@pytest.mark.parametrize(
    ("records", "qrels", "message"),
    [
        (RECORDS, "q2 0 1 1\n", "has no relevant document for any query of .*queries.tsv"),
        (RECORDS, "q1 0 2 1\n", "corpus.jsonl has none of the relevant documents, like '2'"),
        ([*RECORDS, RECORDS[0]], "q1 0 1 1\n", "line 3: a second document with the id '1'"),
        (
            [{"id": "1", "url": "x:y"}, {"id": "2", "url": "x:y"}],
            "q1 0 1 1\n",
            "line 2: a second document .* the url x:y",
        ),
        ([{"text": "x"}], "q1 0 1 1\n", "line 1: no id"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, records: list[dict[str, Any]], qrels: str, message: str) -> None:
    folder = folder_of(tmp_path / "c", records, qrels)
    with pytest.raises(InvalidInputError, match=message):
        _ = Collection.open(folder).ids


@pytest.mark.parametrize(
    "record", [{"id": "1", "url": "no url"}, {"id": "1", "title": 5}, {"id": "1", "text": "x" * (5 << 20)}]
)
def test_a_wrong_document_is_named(tmp_path: Path, record: dict[str, Any]) -> None:
    collection = Collection.open(folder_of(tmp_path / "c", [record]))
    with pytest.raises(InvalidInputError, match=r"corpus\.jsonl line 1: "):
        list(collection.read())


@pytest.mark.parametrize("missing", ["corpus.jsonl", "queries.tsv", "qrels.txt"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    folder = folder_of(tmp_path / "c", RECORDS)
    (folder / missing).unlink()
    with pytest.raises(InvalidInputError, match=f"{folder} has none of .*{missing}"):
        Collection.open(folder)
