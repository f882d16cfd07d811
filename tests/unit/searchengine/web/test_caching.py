"""Answers carry validators, are compressed as asked for, and may be kept by caches for a second, errors never."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from made import Caller, MadeShard, page, served
from support import wait_until

TARGETS = (
    "/", "/?q=lamp", "/search?q=lamp&format=json", "/search?q=lamp&format=text", "/search?q=lamp&format=html", "/suggest?q=lam",
    "/suggest?q=lam&format=opensearch", "/cached?url=https://example.org/1",
)  # fmt: skip


@pytest.fixture
def made(tmp_path: Path) -> MadeShard:
    return MadeShard(tmp_path / "shard").put(*(page(number, f"lamp number {number} " * 40) for number in range(1, 20)))


@pytest.fixture
def caller(tmp_path: Path, made: MadeShard) -> Iterator[Caller]:
    with served(tmp_path / "se") as caller:
        caller.push(made)
        yield caller


@pytest.mark.parametrize("target", TARGETS)
def test_who_has_the_answer_is_told_so_until_the_index_changes(caller: Caller, made: MadeShard, target: str) -> None:
    first = caller.get(target)
    assert (first.status, first.headers["cache-control"]) == (200, "public, max-age=0, s-maxage=1, must-revalidate")
    again = caller.get(target, If_None_Match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["vary"] == first.headers["vary"]
    caller.push(made.put(page(30, "lamp")))
    changed = caller.get(target, If_None_Match=first.headers["etag"])
    assert changed.status == 200
    assert changed.headers["etag"] != first.headers["etag"]


def test_two_replicas_of_one_index_have_the_same_validators(made: MadeShard, tmp_path: Path) -> None:
    with served(tmp_path / "one") as one, served(tmp_path / "other") as other:
        for each in (one, other):
            each.push(made, generation=9)
        wait_until(
            lambda: len({each.get("/search?q=lamp").headers["etag"] for each in (one, other)}) == 1, 20,
            "both have collected the words that they suggest",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("target", "status"),
    [("/search?size=x", 400), ("/nowhere", 404), ("/cached?url=https://no.example/", 404), ("/search?q=a&sort=b", 400)],
)
def test_an_error_is_not_kept(caller: Caller, target: str, status: int) -> None:
    reply = caller.get(target)
    assert (reply.status, reply.headers["cache-control"]) == (status, "no-store")
    assert "etag" not in reply.headers


def test_an_answer_without_an_index_is_not_kept(tmp_path: Path) -> None:
    with served(tmp_path / "empty") as caller:
        for target in ("/?q=lamp&format=html", "/search?q=lamp&format=json"):
            reply = caller.get(target)
            assert (reply.status, reply.headers["cache-control"]) == (503, "no-store")


@pytest.mark.parametrize("target", ["/search?q=lamp&format=json", "/?q=lamp&format=html", "/static/style.css"])
def test_it_is_compressed_as_asked_for(caller: Caller, target: str) -> None:
    plain = caller.get(target)
    assert "content-encoding" not in plain.headers
    packed = caller.get(target, Accept_Encoding="gzip")
    smaller = caller.get(target, Accept_Encoding="gzip, deflate, br, zstd")
    assert (packed.headers["content-encoding"], smaller.headers["content-encoding"]) == ("gzip", "zstd")
    assert max(len(packed.body), len(smaller.body)) < len(plain.body) / 2
    for body in (gzip.decompress(packed.body), zstandard.ZstdDecompressor().decompress(smaller.body)):
        assert body[:40] == plain.body[:40]
    for reply in (plain, packed, smaller):
        assert "Accept-Encoding" in reply.headers["vary"]
        assert int(reply.headers["content-length"]) == len(reply.body)
