"""Declared texts: they are searched like the text of a document, and count as much as their weight says."""

from __future__ import annotations

from pathlib import Path

import pytest

from lightship.searchengine.search.replica import Replica
from lightship.searchengine.store.store import Store
from made import MadeShard, ask, page, push


@pytest.mark.parametrize(("kind", "order"), [("text", "text only"), ("text^2", "summary")])
def test_a_word_counts_as_often_as_the_weight_of_its_field(tmp_path: Path, kind: str, order: str) -> None:
    shard = MadeShard(tmp_path / "shard", fields=f"summary:{kind}")
    shard.put(
        page(1, "lighthouse on a cliff", fields={"summary": "and the sea"}),
        page(2, "a cliff and the sea and sand", fields={"summary": ["lighthouse"]}),
        *(page(number) for number in range(3, 20)),
    )
    store = Store(str(tmp_path / "store"))
    push(store, shard)
    hits = ask(Replica(store), "lighthouse").hits
    assert len(hits) == 2
    assert hits[0].url == f"https://example.org/{1 if order == 'text only' else 2}"
