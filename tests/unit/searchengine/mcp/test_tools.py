"""What the tools answer: results with links to sections, texts in parts, ranks, and counts; short, and as declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from lightship.core.model import Document
from lightship.core.sections import Section
from lightship.searchengine.mcp.tools import ANSWER_BYTES, PART_CHARACTERS, TOOLS
from made import Caller, MadeShard, page, served
from unit.searchengine.mcp.agents import ask, refused, use
from unit.searchengine.mcp.conftest import FOG, GUIDE, LAMP, PARTS


def test_a_search_finds_documents_and_links_to_their_sections(caller: Caller) -> None:
    found = use(caller, "search", query="horn minute")
    [result] = found["results"]
    assert (found["total"], result["url"], result["title"], result["heading"]) == (1, GUIDE, "Guide", "Fog")
    assert result["link"] == f"{GUIDE}#fog"
    assert "The horn sounds twice a minute" in result["snippet"]
    assert result["modified"] == "2026-05-01T00:00:00Z"
    assert found["fresh_as_of"].endswith("Z")


def test_text_is_plain(caller: Caller) -> None:
    [result] = use(caller, "search", query="rope tar")["results"]
    assert result["snippet"] == "Rope & <tar>"


def test_fields_are_those_that_are_declared(caller: Caller) -> None:
    [result] = use(caller, "search", query="olives")["results"]
    assert result["fields"] == {"price": 12.5, "brand": ["Acme", "Bolt"]}


@pytest.mark.parametrize(
    ("arguments", "urls"),
    [
        ({"filters": {"site": "docs.example.org"}}, ["https://docs.example.org/rope"]),
        ({"filters": {"brand": ["Bolt", "Other"]}}, ["https://example.org/oil"]),
        ({"filters": {"price": "10..20", "-brand": "Nobody"}}, ["https://example.org/oil"]),
        ({"filters": {"price": 12.5}}, ["https://example.org/oil"]),
        ({"since": "2026"}, [GUIDE]),
        ({"since": "2024-01-31", "query": "oil"}, ["https://example.org/oil", GUIDE]),
        ({"query": "oil", "n": 1, "page": 2}, [GUIDE]),
        ({"query": "oil", "n": "1", "page": None}, ["https://example.org/oil"]),
    ],
)
def test_filters_and_pages(caller: Caller, arguments: dict[str, Any], urls: list[str]) -> None:
    assert [each["url"] for each in use(caller, "search", **arguments)["results"]] == urls


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("search", {}, "nothing to search for; give a query, filters or since"),
        ("search", {"query": "oil", "n": 21}, "`int` <= 20 - at `$.n`"),
        ("search", {"query": "oil", "limit": 3}, "unknown field `limit`"),
        (
            "search",
            {"query": "oil", "filters": {"color": "red"}},
            "'color': it is not a declared field; declared are brand",
        ),
        ("search", {"query": "oil", "since": "soon"}, "write a date like 2025"),
        ("search", {"query": "oil", "since": "2025", "filters": {"date": "2026"}}, "either since or a filter on date"),
        ("fetch", {}, "missing required field `url`"),
        ("fetch", {"url": "guide"}, "not an absolute url: 'guide'"),
        ("fetch", {"url": "https://example.org/none"}, "not in the index: https://example.org/none; search for words"),
        ("fetch", {"url": GUIDE, "part": 9}, "there is no part 9: this text has 2"),
        ("explain", {"url": GUIDE, "query": "!!!"}, "the query has no words"),
        ("facets", {"fields": ["color"]}, "can't count the values of 'color'"),
    ],
)
def test_an_error_says_what_to_do(caller: Caller, tool: str, arguments: dict[str, Any], said: str) -> None:
    assert said in refused(caller, tool, **arguments)


def test_a_document_is_read_in_parts(caller: Caller) -> None:
    first, second = (use(caller, "fetch", url=GUIDE, part=part) for part in (1, 2))
    assert (first["part"], first["parts"], second["part"]) == (1, 2, 2)
    assert "".join((first["text"] + second["text"]).split()) == "".join(PARTS.split())
    assert max(len(first["text"]), len(second["text"])) <= PART_CHARACTERS
    links = {each["heading"]: each["link"] for each in first["sections"]}
    assert links == {"Signals": f"{GUIDE}#signals", "Lamp": f"{GUIDE}#the%20lamp", "Fog": f"{GUIDE}#fog"}
    assert "sections" not in second


@pytest.mark.parametrize(
    ("fragment", "heading", "text"),
    [("the%20lamp", "Lamp", LAMP), ("the lamp".replace(" ", "%20"), "Lamp", LAMP), ("fog", "Fog", FOG), ("signals", "Signals", PARTS)],
)  # fmt: skip
def test_a_link_reads_its_section_and_those_below(caller: Caller, fragment: str, heading: str, text: str) -> None:
    read = use(caller, "fetch", url=f"{GUIDE}#{fragment}")
    assert (read["url"], read["heading"]) == (GUIDE, heading)
    assert read["text"][:40] == text[:40]
    assert (read["text"] == text.strip()) == (len(text) <= PART_CHARACTERS)


def test_a_link_to_words_reads_from_there(caller: Caller) -> None:
    read = use(caller, "fetch", url=f"{GUIDE}#:~:text=The%20horn%20sounds")
    assert read["text"] == "The horn sounds twice a minute."
    assert use(caller, "fetch", url=f"{GUIDE}#gone")["parts"] == 2


def test_a_url_with_a_fragment_of_its_own_is_a_document(tmp_path: Path) -> None:
    with served(tmp_path / "store") as caller:
        caller.push(MadeShard(tmp_path / "shard").put(Document(url="https://example.org/#/a", text="apples")))
        assert use(caller, "fetch", url="https://example.org/#/a")["text"] == "apples"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"url": GUIDE}, "give a query"),
        ({"url": GUIDE, "query": "whale"}, "It is result 2 of 2."),
        ({"url": f"{GUIDE}#fog", "query": "horn"}, "It is result 1 of 1."),
        ({"url": GUIDE, "query": "whale teapot -shore"}, "It lacks words of the query: teapot."),
        ({"url": GUIDE, "query": "whale -shore"}, "leaves it out"),
        ({"url": "https://example.org/none", "query": "whale"}, "does not have this url"),
    ],
)
def test_a_rank_is_explained(caller: Caller, arguments: dict[str, str], why: str) -> None:
    assert why in use(caller, "explain", **arguments)["why"]


def test_values_are_counted(caller: Caller) -> None:
    found = use(caller, "facets", fields=["brand", "price"])
    brand, price = found["facets"]
    assert (found["total"], brand["values"]) == (3, [{"value": "Acme", "count": 2}, {"value": "Bolt", "count": 1}])
    assert (price["kind"], price["least"], price["most"]) == ("number", 12.5, 12.5)
    everything = use(caller, "facets", query="oil", n=1)
    assert [each["field"] for each in everything["facets"]][:2] == ["brand", "price"]
    assert {"site", "type", "language", "date"} <= {each["field"] for each in everything["facets"]}


def test_answers_are_as_their_schemas_say(caller: Caller) -> None:
    calls: list[tuple[str, dict[str, Any]]] = [
        ("search", {"query": "oil horn"}), ("search", {"since": "2020"}), ("fetch", {"url": GUIDE}),
        ("fetch", {"url": "https://example.org/oil"}), ("explain", {"url": GUIDE, "query": "oil"}),
        ("explain", {"url": "https://example.org/none"}), ("facets", {}), ("facets", {"query": "oil", "fields": ["price", "date"]}),
    ]  # fmt: skip
    schemas = {tool["name"]: tool for tool in ask(caller, "tools/list").json["result"]["tools"]}
    for name, arguments in calls:
        jsonschema.validate(arguments, schemas[name]["inputSchema"])
        jsonschema.validate(use(caller, name, **arguments), schemas[name]["outputSchema"])
    for tool in TOOLS:
        jsonschema.Draft202012Validator.check_schema(tool["inputSchema"])
        jsonschema.Draft202012Validator.check_schema(tool["outputSchema"])


@pytest.mark.parametrize("text", ["light ship ", "灯船 light ", '"\\" ', "\U0001f6a2 "])
def test_answers_have_a_bound(tmp_path: Path, text: str) -> None:
    def long(number: int) -> Document:
        body = f"harbour {text * 2000}"
        sections = [Section(f"{text * 20}{at}", at, 2, f"{'é' * 100}{at}") for at in range(0, 9000, 20)]
        return Document(
            url=f"https://example.org/{number}{'x' * 1900}", title=text * 500, text=body, sections=sections,
            fields={"brand": [f"{text * 30}{each}" for each in range(number * 50, number * 50 + 50)]},
        )  # fmt: skip

    with served(tmp_path / "store") as caller:
        caller.push(MadeShard(tmp_path / "shard", fields="brand:keyword").put(*map(long, range(20))))
        found = use(caller, "search", query="harbour ship", n=20)
        assert len(msgspec.json.encode(found)) <= ANSWER_BYTES
        assert len(found["results"]) >= 3
        assert ("left out" in found.get("notice", "")) == (len(found["results"]) < 20)
        url = found["results"][0]["url"]
        assert len(msgspec.json.encode(use(caller, "facets", n=50))) <= ANSWER_BYTES
        assert len(msgspec.json.encode(use(caller, "explain", url=url, query="harbour ship " * 90))) <= ANSWER_BYTES
        read = use(caller, "fetch", url=url)
        assert len(read["text"]) <= PART_CHARACTERS
        assert len(msgspec.json.encode({**read, "text": ""})) <= ANSWER_BYTES


def test_twenty_ordinary_results_are_whole(tmp_path: Path) -> None:
    with served(tmp_path / "store") as caller:
        caller.push(MadeShard(tmp_path / "shard").put(*(page(n, f"harbour {'and sea ' * 200}") for n in range(25))))
        found = use(caller, "search", query="harbour", n=20)
        assert (len(found["results"]), "notice" in found) == (20, False)
