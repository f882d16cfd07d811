"""The same query gives the same results and scores, however the documents are spread over shards and segments."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from lightship.core.model import Document
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.store.store import Store
from made import CHINESE, MadeShard, ask, made_documents, push, shards_of, words

DOCUMENTS = made_documents(2000)


def replica(folder: Path, shards: int, commit_every: int, order: int) -> Replica:
    """Return a replica of DOCUMENTS in `shards` shards, inserted in a different order."""
    documents: list[Document] = DOCUMENTS[:]
    random.Random(order).shuffle(documents)
    store = Store(str(folder / "store"))
    for number, part in enumerate(shards_of(documents, shards)):
        made = MadeShard(folder / str(number), number, shards)
        for start in range(0, len(part), commit_every):
            made.put(*part[start : start + commit_every])
        push(store, made)
    return Replica(store)


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> list[Replica]:
    patterns = [(1, 2000), (3, 150), (5, 47)]
    return [
        replica(tmp_path_factory.mktemp(f"{shards}-shards"), shards, every, order=shards) for shards, every in patterns
    ]


def queries() -> list[str]:
    chance, vocabulary = random.Random(7), words(300, 1)
    made = []
    for number in range(120):
        length = chance.randint(1, 5)
        picked = chance.choices(vocabulary[: chance.choice([20, 300])], k=length)
        start = chance.randrange(len(CHINESE) - 4)
        kinds = {
            0: " ".join(picked),
            1: f'"{" ".join(picked[:2])}" {picked[0]}',
            2: CHINESE[start : start + length],
            3: f"{' '.join(picked)} -{chance.choice(vocabulary)} site:site{number % 9}.example.org",
            4: f"{CHINESE[start : start + 2]} {picked[0]}",
        }
        made.append(kinds[number % 5])
    return made


Results = tuple[int, list[tuple[str, float | None]]]


def results(of: Replica, query: str, page: int, sort: str, lang: str) -> Results:
    answer = ask(of, query, page=page, sort=sort, lang=lang)
    return answer.total, [(hit.url, hit.score) for hit in answer.hits]


@pytest.mark.parametrize("sort", ["relevance", "date"])
@pytest.mark.parametrize("page", [1, 2, 3])
def test_any_number_of_shards_gives_the_same(replicas: list[Replica], page: int, sort: str) -> None:
    found = 0
    for number, query in enumerate(queries()):
        lang = ["", "", "", "de"][number % 4]
        alone, *others = (results(of, query, page, sort, lang) for of in replicas)
        assert others == [alone, alone], query
        found += len(alone[1])
    assert found > 300


def test_scores_tie_massively(replicas: list[Replica]) -> None:
    """A precondition of the tests above."""
    scores = [hit.score for hit in ask(replicas[0], queries()[0], size=100).hits]
    assert len(set(scores)) < len(scores)


def test_the_pages_are_parts_of_one_list(replicas: list[Replica]) -> None:
    for query in queries()[:20]:
        whole = [hit.url for hit in ask(replicas[2], query, size=60).hits]
        pages = [hit.url for page in (1, 2, 3) for hit in ask(replicas[2], query, size=20, page=page).hits]
        assert pages == whole
