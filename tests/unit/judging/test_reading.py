"""The files of TREC and BEIR are read, and errors name the file and the line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import zstandard

from lightship.core.errors import InvalidInputError
from lightship.judging.reading import DOCUMENTS, find, read_qrels, read_queries, read_records


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_queries_of_both_forms(tmp_path: Path) -> None:
    tabs = written(tmp_path / "queries.tsv", "1\twhat is x?\n\n2\ta\tb\r\n")
    objects = written(
        tmp_path / "queries.jsonl", '{"_id": 1, "text": "what is x?", "metadata": {}}\n{"_id": "2", "text": "a\\tb"}'
    )
    assert read_queries(tabs) == read_queries(objects) == {"1": "what is x?", "2": "a\tb"}


def test_qrels_of_all_forms(tmp_path: Path) -> None:
    trec = written(tmp_path / "qrels.txt", "1 0 d1 2\n1 Q0 d2 0\n2\t0\td1\t1\n")
    beir = written(tmp_path / "qrels" / "test.tsv", "query-id\tcorpus-id\tscore\n1\td1\t2\n1\td2\t0\n2\td1\t1\n")
    assert read_qrels(trec) == read_qrels(beir) == {"1": {"d1": 2, "d2": 0}, "2": {"d1": 1}}


def test_ids_with_spaces_need_tabs(tmp_path: Path) -> None:
    path = written(tmp_path / "qrels.tsv", "q 1\tdocument one\t1\n")
    assert read_qrels(path) == {"q 1": {"document one": 1}}


def test_compressed_files_are_found_and_read(tmp_path: Path) -> None:
    line = b'{"id": "1", "text": "x"}\n'
    (tmp_path / "docs.jsonl.zst").write_bytes(zstandard.compress(line))
    (tmp_path / "queries.tsv.gz").write_bytes(gzip.compress(b"1\tx\n"))
    found = find(tmp_path, DOCUMENTS)
    assert found == tmp_path / "docs.jsonl.zst"
    assert [record for _, record in read_records(found)] == [{"id": "1", "text": "x"}]
    assert read_queries(tmp_path / "queries.tsv.gz") == {"1": "x"}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("queries.tsv", "1\tx\nno tab\n", "line 2: no text"),
        ("queries.tsv", "1\tx\n1\ty\n", "line 2: a second query with the id '1'"),
        ("queries.jsonl", '{"_id": "1"}', "line 1: no text"),
        ("queries.jsonl", '{"text": "x"}', "line 1: no id"),
        ("queries.jsonl", '{"_id": {}, "text": "x"}', "line 1: no id"),
        ("queries.jsonl", "[]", "line 1: not a JSON object"),
        ("queries.jsonl", "{", "line 1: not JSON"),
        ("queries.jsonl", "[" * 100_000, "line 1: not JSON"),
    ],
)
def test_a_wrong_query_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = written(tmp_path / name, text)
    with pytest.raises(InvalidInputError, match=f"^{path} {message}"):
        read_queries(path)


@pytest.mark.parametrize("line", ["1 0 d1", "1 0 d1 yes", "1 0 d1 1 more", "query-id\tcorpus-id\tscore", "1\td1\t0.5"])
def test_a_wrong_judgement_is_named(tmp_path: Path, line: str) -> None:
    path = written(tmp_path / "qrels.txt", f"1 0 d1 1\n{line}\n")
    with pytest.raises(InvalidInputError, match=f"^{path} line 2: not a judgement"):
        read_qrels(path)


def test_bytes_that_are_not_utf_8_are_named(tmp_path: Path) -> None:
    path = tmp_path / "queries.tsv"
    path.write_bytes(b"1\tx\n2\t\xff\n")
    with pytest.raises(InvalidInputError, match=f"^{path} line 2: 'utf-8' codec"):
        read_queries(path)


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "docs.jsonl.zst"
    path.write_bytes(zstandard.compress(b'{"id": "1"}\n' * 1000)[:-5])
    with pytest.raises(InvalidInputError, match=f"^can't read {path}"):
        list(read_records(path))
