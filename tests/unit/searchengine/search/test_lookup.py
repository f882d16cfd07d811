"""/lookup: whether a url is served, from where, and how a query ranks it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from lightship.core.model import partition_of
from lightship.index import explain, reader
from lightship.index.query.compiler import compile_query
from lightship.index.query.language.parser import parse_query
from made import Caller, MadeShard, page, replica_of, served, urls


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> object:
    folder: Path = tmp_path_factory.mktemp("lookup")
    texts = [
        ("apples and pears", "Fruit"),
        ("apples apples apples", "Apples"),
        ("plums", "Plums"),
        ("苹果是水果", "水果"),
    ]
    shard = MadeShard(folder / "shard").put(*(page(n, text, title=title) for n, (text, title) in enumerate(texts)))
    with served(folder / "store") as calling:
        calling.push(shard)
        yield calling


def look(caller: Caller, url: str, query: str = "") -> dict[str, object]:
    found: dict[str, object] = caller.get(f"/lookup?url={quote(url)}&q={quote(query)}").json
    return found


def test_a_document_is_found_by_its_url(caller: Caller) -> None:
    found = look(caller, "https://example.org/0")
    assert (found["served"], found["title"], found["text"]) == (True, "Fruit", "apples and pears")
    assert (found["partition"], found["shard"]) == (partition_of("https://example.org/0"), 0)
    assert found["generation"] == [1, 1]
    assert found["ranking"] is None


def test_a_query_ranks_it(caller: Caller) -> None:
    order = [hit["url"] for hit in caller.get("/?q=apples&format=json").json["hits"]]
    scores = [hit["score"] for hit in caller.get("/?q=apples&format=json").json["hits"]]
    for rank, (url, score) in enumerate(zip(order, scores, strict=True), 1):
        ranking: dict[str, object] = look(caller, url, "apples plums")["ranking"]  # type: ignore[assignment]
        assert ranking["words"] == {"apples": True, "plums": False}
        one: dict[str, object] = look(caller, url, "apples")["ranking"]  # type: ignore[assignment]
        assert (one["rank"], one["total"]) == (rank, len(order))
        assert one["score"] == pytest.approx(score, abs=1e-3)
        assert sum(part["score"] for part in one["parts"]) == pytest.approx(score, abs=1e-3)  # type: ignore[attr-defined]
    assert look(caller, "https://example.org/3", "苹果")["ranking"]["rank"] == 1  # type: ignore[index]


def test_a_document_has_a_rank_among_many_with_the_same_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain, "MAX_RANK", 3)
    monkeypatch.setattr(reader, "FEW_TIES", 10)  # fewer than a search would put in order before others have their turn
    replica = replica_of(tmp_path, [page(number, "apples") for number in range(20)])
    view, order = replica.view, urls(replica, "apples", size=20)
    compiled = compile_query(parse_query("apples"), view.version, view.languages)
    assert [explain.rank_of(view, compiled, url).rank for url in order[:4]] == [1, 2, 3, None]


def test_what_is_not_there_and_what_does_not_match(caller: Caller) -> None:
    found = look(caller, "https://example.org/nothing", "apples")
    assert found["served"] is False
    ranking: dict[str, object] = found["ranking"]  # type: ignore[assignment]
    assert (ranking["rank"], ranking["score"], ranking["words"]) == (None, None, {"apples": False})
    plums: dict[str, object] = look(caller, "https://example.org/2", "apples")["ranking"]  # type: ignore[assignment]
    assert (plums["rank"], plums["score"], plums["total"]) == (None, None, 2)


@pytest.mark.parametrize("target", ["/lookup", "/lookup?url=", "/lookup?url=x"])
def test_what_can_not_be_looked_up(caller: Caller, target: str) -> None:
    answer = caller.get(target)
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/json"
