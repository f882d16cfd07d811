"""Collections: `in=`, tabs and titles on the page, and keys for some of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from lightship.config import SearchengineSettings
from lightship.http.keys.key import Key, read_filter, sign, signing_keys
from lightship.searchengine.search.request import read_request
from made import Caller, MadeShard, page, served

SECRET = "0123456789abcdef" * 2
OF = ["docs", "blog", "", "old-news"]
DECLARED = "docs:Documentation & guides,blog"


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    folder = tmp_path_factory.mktemp("served")
    with served(folder / "store", SECRET, settings=SearchengineSettings(collections=DECLARED)) as caller:
        pages = [page(n, "a lamp", fields={"collection": OF[n % 4]} if OF[n % 4] else {}) for n in range(10)]
        caller.push(MadeShard(folder / "shard", fields="collection:keyword").put(*pages))
        caller.token = ""
        yield caller


def tabs(html: str) -> list[tuple[str, str, str]]:
    """Return the address, the text and the number of each tab; the current one in stars."""
    shown = re.search('<nav class="tabs".*?</nav>', html, re.DOTALL)
    found = re.findall(
        '<a href="([^"]*)"(.*?)><bdi>(.*?)</bdi>(?: <span class="facts">(.*?)</span>)?', shown[0] if shown else ""
    )
    return [
        (unescape(href), f"*{unescape(text)}*" if "current" in more else unescape(text), count)
        for href, more, text, count in found
    ]


def titles(html: str) -> tuple[str, ...]:
    """Return the titles of the window, of the page, and beside the logo."""
    found = re.search("<title>(.*?)</title>.*?<span><bdi>(.*?)</bdi></span>.*?<h1[^>]*>(.*?)</h1>", html, re.DOTALL)
    assert found
    return tuple(map(unescape, found.groups()))


@pytest.mark.parametrize(
    ("asked", "total"), [("docs", 3), ("docs,blog", 6), ("blog&in=old-news", 5), ("none", 0), ("", 10), (",", 10)]
)
def test_a_search_is_in_some_collections(caller: Caller, asked: str, total: int) -> None:
    answer = caller.get(f"/search?q=lamp&in={asked}&format=json").json
    assert answer["total"] == total


def test_a_page_has_a_tab_for_each(caller: Caller) -> None:
    every = caller.get("/?q=lamp&format=html").text
    assert tabs(every) == [
        ("/?q=lamp", "*All*", ""), ("/?q=lamp&f.collection=docs", "Documentation & guides", "3"),
        ("/?q=lamp&f.collection=blog", "Blog", "3"), ("/?q=lamp&f.collection=old-news", "Old news", "2"),
    ]  # fmt: skip
    assert titles(every) == ("lamp – Lightship", "Lightship", "Results for “lamp”")
    assert "<h2>Collection</h2>" not in every
    one = caller.get("/?q=lamp&page=1&sort=date&in=docs&format=html").text
    assert [(text, count) for _, text, count in tabs(one)] == [
        ("All", ""), ("*Documentation & guides*", "3"), ("Blog", "3"), ("Old news", "2"),
    ]  # fmt: skip
    assert tabs(one)[0][0] == "/?q=lamp&sort=date"
    assert titles(one) == ("lamp – Documentation & guides", "Documentation & guides", "Results for “lamp”")
    assert titles(caller.get("/?in=docs&format=html").text) == (
        "Documentation & guides – Lightship",
        "Documentation & guides",
        "Documentation & guides",
    )
    assert titles(caller.get("/?q=lamp&in=docs,blog&format=html").text)[1] == "Lightship"


def test_a_key_for_one_shows_no_others(caller: Caller) -> None:
    key = sign(Key("search", "guest", filter="in=docs"), signing_keys([SECRET])[0])
    shown = caller.get(f"/?q=lamp&key={key}&format=html").text
    assert tabs(shown) == []
    assert "blog" not in shown.lower()
    assert caller.get(f"/search?q=lamp&in=blog&key={key}&format=json").json["total"] == 0
    assert read_filter("in=docs,%20blog&-f.tags=old") == (
        ("collection", "docs"),
        ("collection", "blog"),
        ("-tags", "old"),
    )


def test_an_index_without_collections_tells_so(tmp_path: Path) -> None:
    with served(tmp_path / "store") as plain:
        plain.push(MadeShard(tmp_path / "shard").put(page(1)))
        refused = plain.get("/search?q=page&in=docs&format=json")
    assert (refused.status, refused.json["error"]) == (
        400,
        "can't filter by collections: none is declared (see -collections)",
    )


def test_in_is_read_beside_filters() -> None:
    assert read_request(b"q=a&in=x,y&f.brand=b&-f.tags=c").conditions == (
        ("collection", "x"), ("collection", "y"), ("brand", "b"), ("-tags", "c"),
    )  # fmt: skip
