"""Any number of shards, and every replica, give the same results in the same order with the same scores."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from cluster.client import free_ports, search, wait_for_documents
from cluster.website import PAGES, Page, pages, website
from support import Program

QUERIES = 200  # of which each kind has at least 20
SEED = 20


def queries(site: str, seed: int = SEED) -> Iterator[str]:
    """Yield queries taken from the pages."""
    chance = random.Random(seed)
    while True:
        yield _query(chance, chance.choice(pages()), site)


def _query(chance: random.Random, page: Page, site: str) -> str:
    kind = chance.choice(["words", "words", "words", "phrase", "not", "site", "mixed"])
    part = _part(chance, page)
    if kind == "phrase":
        return f'"{part}"'
    if kind == "not":
        return f"{part} -{_part(chance, page, 1)}"
    if kind == "site":
        return f"{part} site:{site}"
    if kind == "mixed":
        return f'{_part(chance, chance.choice(pages()))} "{_part(chance, page, 2)}"'
    return part


def _part(chance: random.Random, page: Page, most: int = 4) -> str:
    """Return 1 to `most` words in a row of the page, or as many pairs of Chinese characters."""
    line = chance.choice(page.text.split("\n")).rstrip(".。")
    count = chance.randint(1, most)
    if page.language == "zh":
        start = chance.randrange(max(1, len(line) - 2 * count))
        return line[start : start + 2 * count]
    words = line.split()
    start = chance.randrange(max(1, len(words) - count + 1))
    return " ".join(words[start : start + count])


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[int], str]]:
    """Return the ports of one replica of a one-shard run and two of a three-shard run of one crawl, and its site."""
    folder = tmp_path_factory.mktemp("shards")
    one, three = free_ports(1), free_ports(2)
    ports = [one, three, three + 1]
    with website() as source:
        programs = [
            _up(folder, f"-port={one}", f"-data={folder}/one", source),
            _up(folder, "-shards=3", "-replicas=2", f"-port={three}", f"-data={folder}/three", source),
        ]
        try:
            for port in ports:
                wait_for_documents(port, PAGES, 60)
            yield ports, urlsplit(source).netloc
        finally:
            for program in programs:
                program.stop(30)


def _up(folder: Path, *arguments: str) -> Program:
    return Program("lightship", "up", *arguments, folder=folder, log=folder / f"{len(list(folder.iterdir()))}.log")


def same(ports: list[int], query: str, **parameters: object) -> dict[str, Any]:
    """Return the answer to `query`, after checking that all `ports` give the same one."""
    answers = [search(port, query, **parameters) for port in ports]
    for answer in answers[1:]:
        assert answer["total"] == answers[0]["total"], query
        assert answer["hits"] == answers[0]["hits"], query
    return answers[0]


def test_any_number_of_shards_gives_the_same_results_and_scores(cluster: tuple[list[int], str]) -> None:
    ports, site = cluster
    source = queries(site)
    totals = [same(ports, next(source), size=20)["total"] for _ in range(QUERIES)]
    found = sum(total > 0 for total in totals)
    print(f"{QUERIES} queries on {len(ports)} replicas; {found} with results, {sum(totals) / QUERIES:.0f} each")
    assert found > QUERIES * 0.9


@pytest.mark.parametrize(
    "parameters", [{"page": 2}, {"sort": "date"}, {"lang": "de"}, {"size": 100, "page": 2}], ids=str
)
def test_paging_order_and_language_are_the_same_too(
    cluster: tuple[list[int], str], parameters: dict[str, object]
) -> None:
    ports, site = cluster
    source = queries(site, seed=SEED + 1)
    for _ in range(20):
        same(ports, next(source), **parameters)


def test_equal_scores_are_in_the_same_order(cluster: tuple[list[int], str]) -> None:
    ports, site = cluster
    for page in (1, 2, 3):
        answer = same(ports, f"site:{site}", size=100, page=page)
        assert answer["total"] == PAGES
        assert len(answer["hits"]) == 100
