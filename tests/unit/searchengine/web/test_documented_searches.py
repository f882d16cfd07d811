"""Each search that docs/fields.md and docs/api.md show is one that a searchengine answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from lightship.core.model import Document, FieldValue
from made import Caller, MadeShard, served
from support import ROOT

DECLARATION = "brand:keyword,category:path,price:number,published:date,stock:boolean,tags:keyword"
TEXTS = [(ROOT / "docs" / name).read_text() for name in ("fields.md", "api.md")]
SEARCHES = sorted({found for text in TEXTS for found in re.findall(r"/search\?[^\s'`)]+", text)})
FILTERS = [pair for line in re.findall(r"^\| `(-?f\..*?)` \|", TEXTS[0], re.MULTILINE) for pair in line.split("&")]


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    folder: Path = tmp_path_factory.mktemp("served")
    fields: dict[str, FieldValue] = {
        "brand": "Acme", "category": "home > lamps", "price": 12, "published": "2025-01-03", "stock": True, "tags": ["new"],
    }  # fmt: skip
    with served(folder / "store") as caller:
        lamp = Document(url="https://example.org/docs/lamp.pdf", text="a lamp", fields=fields)
        caller.push(MadeShard(folder / "shard", fields=DECLARATION).put(lamp))
        yield caller


@pytest.mark.parametrize("search", SEARCHES)
def test_a_documented_search_is_answered(caller: Caller, search: str) -> None:
    assert len(SEARCHES) >= 4
    reply = caller.get(search)
    assert reply.status == 200, reply.text


@pytest.mark.parametrize("pair", FILTERS)
def test_a_documented_filter_finds_what_it_says(caller: Caller, pair: str) -> None:
    assert len(FILTERS) >= 8
    name, _, value = pair.partition("=")
    reply = caller.get(f"/search?format=json&{name}={quote(value)}")
    assert reply.status == 200, reply.text
    assert reply.json["total"] == (value != "Bolt")
