"""POST /openwebui answers what Open WebUI's external web search asks, in its form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from lightship.core.model import Document
from lightship.core.sections import Section
from lightship.searchengine.search.api import MAX_SIZE
from made import Caller, MadeShard, Reply, page, served

TEXT = f"Lamp\n{'Sand and sea. ' * 900}\nHorn\nIt sounds twice a minute in fog & snow.\u202e"
ASKED = {  # as its `search_external` sends it
    "User_Agent": "Open WebUI (https://github.com/open-webui/open-webui) RAG Bot",
    "Authorization": "Bearer none",
    "Content_Type": "application/json",
}


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    folder = tmp_path_factory.mktemp("openwebui")
    guide = Document(
        url="https://example.org/guide", title="Guide <b>", text=TEXT,
        sections=[Section("Lamp", 0, 2, "lamp"), Section("Horn", TEXT.index("Horn"), 2, "horn")],
    )  # fmt: skip
    with served(folder / "store") as caller:
        caller.push(MadeShard(folder / "shard").put(guide, *(page(number) for number in range(MAX_SIZE + 20))))
        yield caller


def ask(caller: Caller, body: Any) -> Reply:
    return caller.call("POST", "/openwebui", body if isinstance(body, bytes) else msgspec.json.encode(body), **ASKED)


def test_a_result_is_plain_and_leads_to_its_section(caller: Caller) -> None:
    reply = ask(caller, {"query": "horn fog snow", "count": 3})
    assert (reply.status, reply.headers["content-type"], reply.headers["cache-control"]) == (
        200, "application/json", "no-store",
    )  # fmt: skip
    [first] = reply.json
    assert list(first) == ["link", "title", "snippet"]
    assert (first["link"], first["title"]) == ("https://example.org/guide#horn", "Guide <b>")
    assert "It sounds twice a minute in fog & snow." in first["snippet"]
    assert "\u202e" not in first["snippet"]


def test_there_are_no_more_than_it_counts(caller: Caller) -> None:
    assert len(ask(caller, {"query": "page", "count": 3}).json) == 3
    assert len(ask(caller, {"query": "page"}).json) == 10
    assert len(ask(caller, {"query": "page", "count": 1000}).json) == MAX_SIZE
    assert ask(caller, {"query": "xyzzy", "count": 3}).json == []


def test_a_document_without_a_title_has_its_url(caller: Caller) -> None:
    assert ask(caller, {"query": "page number 7", "count": 1}).json[0]["title"] == "https://example.org/7"


@pytest.mark.parametrize(
    ("body", "told"),
    [({"q": "page"}, "missing required field `query`"), ([], "not a search"), (b"\xff", "not a search"),
     ({"query": "page", "count": 0}, "at least 1"), ({"query": "page", "count": "3"}, "not a search")],
)  # fmt: skip
def test_what_is_no_search_is_told_how_to_write_one(caller: Caller, body: Any, told: str) -> None:
    reply = ask(caller, body)
    assert reply.status == 400
    assert told in reply.json["error"]


def test_a_body_has_a_bound(caller: Caller) -> None:
    assert ask(caller, {"query": "page " * 10_000, "count": 3}).status == 413
