"""An index built in this process is that of a searchengine."""

from __future__ import annotations

from pathlib import Path

import pytest

from lightship.judging.local import LocalIndex, build
from made import ask, made_documents, replica_of


@pytest.mark.parametrize("shards", [1, 3])
def test_it_finds_what_a_searchengine_finds(tmp_path: Path, shards: int) -> None:
    documents = made_documents(200)
    build(str(tmp_path / "here"), documents, shards)
    index, replica = LocalIndex(str(tmp_path / "here")), replica_of(tmp_path / "there", documents)
    assert index.documents == 200
    for document in documents[:20]:
        hits = index.search(f" {document.title}\n", 50)
        assert hits == ask(replica, document.title, size=50).hits
    assert not list((tmp_path / "here").glob("shard-*"))


def test_no_documents_are_an_index_too(tmp_path: Path) -> None:
    build(str(tmp_path), [])
    assert LocalIndex(str(tmp_path)).search("x", 10) == []
