"""Two replicas with equal generations give identical answers, however they got there."""

from __future__ import annotations

import itertools
from pathlib import Path

import msgspec

from lightship.searchengine.search.replica import Replica
from lightship.searchengine.store.store import Store
from made import MadeShard, ask, made_documents, send, shards_of, words

SHARDS = 3


def answers(replica: Replica) -> list[bytes]:
    """Return the answers to many queries as JSON, without their durations."""
    vocabulary = words(300, 1)
    queries = [vocabulary[0], " ".join(vocabulary[:3]), f'"{vocabulary[0]} {vocabulary[1]}"', "搜索引擎", "site:example.org",
               f"-{vocabulary[2]}", " ".join(vocabulary[:20])]  # fmt: skip
    asked = itertools.product(queries, ("relevance", "date"), (1, 2, 7), ("", "de"))
    found = [ask(replica, query, sort=sort, page=page, lang=lang) for query, sort, page, lang in asked]
    assert sum(len(answer.hits) for answer in found) > 300
    return [msgspec.json.encode(msgspec.structs.replace(answer, took_ms=0.0)) for answer in found]


def test_the_order_of_installation_changes_nothing(tmp_path: Path) -> None:
    parts = shards_of(made_documents(600), SHARDS)
    shards = [MadeShard(tmp_path / f"shard-{number}", number, SHARDS) for number in range(SHARDS)]
    middle = []
    for shard, documents in zip(shards, parts, strict=True):  # several segments, and some deleted documents
        shard.put(*documents[::3])
        middle.append(shard.manifest(made=1.0, fresh_as_of=1.0))
        for name in middle[-1].files:  # the publisher removes files that the next manifest does not name
            (tmp_path / "kept").mkdir(exist_ok=True)
            (tmp_path / "kept" / name).write_bytes((shard.published / name).read_bytes())
        shard.put(*documents[1::3]).put(*documents[2::3]).delete(*(document.url for document in documents[:5]))
    last = [shard.manifest(made=2.0, fresh_as_of=2.0) for shard in shards]

    one = Store(str(tmp_path / "one"))  # each shard once, in order
    for manifest, shard in zip(last, shards, strict=True):
        send(one, manifest, shard.published)
    other = Store(str(tmp_path / "other"))  # in the opposite order, and with an older generation in between
    for manifest in reversed(middle):
        send(other, manifest, tmp_path / "kept")
    for number in (1, 2, 0):
        send(other, last[number], shards[number].published)

    first, second = Replica(one), Replica(other)
    assert first.info == second.info
    expected = answers(first)
    assert answers(second) == expected
    assert answers(first) == expected  # again
    assert answers(Replica(Store(str(tmp_path / "other")))) == expected  # restarted
