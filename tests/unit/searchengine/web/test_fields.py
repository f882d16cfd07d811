"""Declared fields over HTTP: filters, facets and order, the same for any number of shards, and clear errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from lightship.core.model import Document, url_digest
from lightship.searchengine.search import selecting
from made import Caller, MadeShard, served, shards_of

DECLARATION = "at:date,brand:keyword,category:path,note:text,price:number,stock:boolean"
BRANDS = ["acme", "bolt", "Zeta & Co", "灯塔"]


def product(number: int) -> Document:
    fields: dict[str, Any] = {
        "brand": BRANDS[number % 4] if number % 7 else [BRANDS[number % 4], "shared"],
        "category": f"home > {'lamps' if number % 2 else 'chairs'}",
        "price": number / 2,
        "at": f"2025-{number % 12 + 1:02}-01",
        "stock": number % 3 == 0,
    }
    if number % 10 == 9:
        fields = {"note": "limited edition"}
    return Document(
        url=f"https://shop{number % 3}.example/{'docs/' * (number % 2)}{number}", title=f"Thing {number}",
        text="a thing" + "!" * number, fields=fields, language=["en", "de", None][number % 3],
        modified=datetime(2020, 1, 1 + number // 2, tzinfo=UTC) if number % 5 else None,
        type="manual" if number % 4 == 3 else "",
    )  # fmt: skip


PRODUCTS = [product(number) for number in range(60)]


@pytest.fixture(scope="module", params=[1, 2, 7])
def caller(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    folder, shards = tmp_path_factory.mktemp("served"), request.param
    with served(folder / "store") as caller:
        parts = shards_of(PRODUCTS, shards)
        caller.push(
            *(MadeShard(folder / str(n), n, shards, fields=DECLARATION).put(*part) for n, part in enumerate(parts))
        )
        yield caller


def asked(caller: Caller, *given: tuple[str, str]) -> Any:
    reply = caller.get(f"/?format=json&{urlencode(given)}")
    assert reply.status == 200, reply.text
    return reply.json


def found(caller: Caller, *given: tuple[str, str]) -> list[int]:
    answer = asked(caller, *given, ("size", "100"))
    numbers = [int(hit["url"].rpartition("/")[2]) for hit in answer["hits"]]
    assert answer["total"] == len(numbers)
    return numbers


def those(**wanted: Any) -> list[int]:
    """Return the numbers of the products whose fields have those values."""

    def fits(document: Document) -> bool:
        return all(
            value in have if isinstance(have := document.fields.get(name), list) else have == value
            for name, value in wanted.items()
        )

    return [number for number, document in enumerate(PRODUCTS) if fits(document)]


@pytest.mark.parametrize("query", ["", "thing"])
def test_filters(caller: Caller, query: str) -> None:
    q = ("q", query)
    assert sorted(found(caller, q, ("f.brand", "acme"))) == those(brand="acme")
    assert sorted(found(caller, q, ("f.brand", "acme"), ("f.brand", "灯塔"))) == sorted(
        those(brand="acme") + those(brand="灯塔")
    )
    assert sorted(found(caller, q, ("f.brand", "Zeta & Co"), ("f.stock", "true"))) == those(
        brand="Zeta & Co", stock=True
    )
    assert sorted(found(caller, q, ("-f.stock", "true"), ("f.category", "home > lamps"))) == those(
        stock=False, category="home > lamps"
    )
    priced = [number for number in range(60) if number % 10 != 9]
    assert sorted(found(caller, q, ("f.price", "10..12"))) == [number for number in priced if 20 <= number <= 24]
    assert sorted(found(caller, q, ("f.price", "10..<12"))) == [number for number in priced if 20 <= number < 24]
    assert sorted(found(caller, q, ("f.at", "2025-02..2025-03"))) == [n for n in priced if n % 12 in (1, 2)]
    assert found(caller, q, ("f.category", "home"), ("f.brand", "nobody")) == []


def test_facets_are_not_narrowed_by_their_own_filter(caller: Caller) -> None:
    answer = asked(caller, ("q", "thing"), ("f.brand", "acme"), ("facets", "brand,stock,category,price,at"))
    facets = answer["facets"]
    assert list(facets) == ["brand", "stock", "category", "price", "at"]
    counts = {name: len(those(brand=name)) for name in [*BRANDS, "shared"]}
    assert {each["value"]: each["count"] for each in facets["brand"]} == counts
    acme = those(brand="acme")
    assert {each["value"]: each["count"] for each in facets["stock"]} == {
        value: len(set(acme) & set(those(stock=value))) for value in (True, False)
    }
    assert facets["category"][0] == {"value": "home", "count": len(acme)}
    for name in ("price", "at"):
        assert sum(each["count"] for each in facets[name]["ranges"]) == len(acme)
        for each in facets[name]["ranges"]:
            assert (
                len(found(caller, ("q", "thing"), ("f.brand", "acme"), (f"f.{name}", each["filter"]))) == each["count"]
            )
    assert (facets["price"]["min"], facets["price"]["max"]) == (0.0, 28.0)
    assert (facets["at"]["min"], facets["at"]["max"]) == ("2025-01-01T00:00:00Z", "2025-09-01T00:00:00Z")


def test_facets_of_what_nothing_has(caller: Caller) -> None:
    facets = asked(caller, ("q", "nowhere"), ("facets", "brand,price"))["facets"]
    assert facets == {"brand": [], "price": {"min": None, "max": None, "ranges": []}}
    assert "facets" not in asked(caller, ("q", "thing"))
    assert len(asked(caller, ("q", ""), ("facets", "brand"), ("facet_size", "2"))["facets"]["brand"]) == 2


@pytest.mark.parametrize(
    ("query", "filters"),
    [
        ("thing brand:ACME", [("f.brand", "acme")]),
        ('brand:"zeta & co" stock:true', [("f.brand", "Zeta & Co"), ("f.stock", "true")]),
        ("-Brand:acme price:10..<12", [("-f.brand", "acme"), ("f.price", "10..<12")]),
        ("brand:acme brand:bolt", [("f.brand", "acme"), ("f.brand", "bolt")]),
        ('+category:"Home > Lamps" at:2025-02', [("f.category", "home > lamps"), ("f.at", "2025-02")]),
        ("brand:nobody", [("f.brand", "nobody")]),
    ],
)
def test_what_people_type_filters_and_forgives_case(caller: Caller, query: str, filters: list[tuple[str, str]]) -> None:
    expected = found(caller, ("q", "thing"), *filters)
    assert sorted(found(caller, ("q", query))) == sorted(expected)
    assert (expected == []) == ("nobody" in query)


def test_what_is_no_value_is_read_as_words_and_told(caller: Caller) -> None:
    answer = asked(caller, ("q", "thing price:cheap colour:red note:x"))
    assert answer["notice"].startswith("“price:cheap” was read as words: write a number like 10")
    assert "colour" not in answer["notice"]


@pytest.mark.parametrize("sort", ["price", "-price", "brand", "-brand", "at", "-stock"])
def test_every_page_of_an_order_is_the_models(caller: Caller, sort: str) -> None:
    name = sort.removeprefix("-")

    def key(number: int) -> Any:
        value = PRODUCTS[number].fields[name]
        return min(value) if isinstance(value, list) else value

    by_url: Sequence[int] = sorted(range(60), key=lambda number: url_digest(PRODUCTS[number].url))
    having = sorted((n for n in by_url if name in PRODUCTS[n].fields), key=key, reverse=sort.startswith("-"))
    lacking = [number for number in by_url if name not in PRODUCTS[number].fields]
    pages = [
        asked(caller, ("q", "thing"), ("sort", sort), ("size", "7"), ("page", str(n)))["hits"] for n in range(1, 10)
    ]
    assert [int(hit["url"].rpartition("/")[2]) for hits in pages for hit in hits] == [*having, *lacking]
    assert all(hit["score"] is None for hits in pages for hit in hits)


def test_a_field_that_is_a_text_is_searched(caller: Caller) -> None:
    assert sorted(found(caller, ("q", "limited"))) == [number for number in range(60) if number % 10 == 9]


def number_of(hit: Any) -> int:
    return int(hit["url"].rpartition("/")[2])


def test_built_in_fields_filter_count_and_sort(caller: Caller) -> None:
    assert sorted(found(caller, ("f.site", "shop1.example"))) == list(range(1, 60, 3))
    assert sorted(found(caller, ("f.path", "/docs"))) == list(range(1, 60, 2))
    assert sorted(found(caller, ("f.type", "manual"), ("q", "thing"))) == list(range(3, 60, 4))
    assert sorted(found(caller, ("f.language", "german"))) == list(range(1, 60, 3))
    assert sorted(found(caller, ("f.length", "10..12"))) == [3, 4, 5]
    in_time = [number for number in range(60) if number % 5 and number // 2 < 10]
    assert sorted(found(caller, ("f.date", "2020..2020-01-10"))) == in_time
    assert sorted(found(caller, ("q", "thing date:2020-01-01..2020-01-10"))) == in_time
    facets = asked(caller, ("q", ""), ("facets", "site,type,language,path,date,length"))["facets"]
    assert facets["site"] == [{"value": f"shop{n}.example", "count": 20} for n in range(3)]
    assert facets["type"] == [{"value": "page", "count": 45}, {"value": "manual", "count": 15}]
    assert facets["path"] == [{"value": "docs", "count": 30}]
    assert facets["date"]["min"] == "2020-01-01T00:00:00Z"
    assert sum(each["count"] for each in facets["length"]["ranges"]) == 60
    assert found(caller, ("sort", "-length"))[:3] == [59, 58, 57]
    dated = found(caller, ("sort", "oldest"))
    assert [n // 2 for n in dated[:48]] == sorted(n // 2 for n in range(60) if n % 5)
    assert found(caller, ("sort", "-date")) == found(caller, ("sort", "date"))
    hit = asked(caller, ("q", ""), ("f.type", "manual"))["hits"][0]
    assert hit["type"] == "manual"
    assert "group" not in hit


@pytest.mark.parametrize("sort", ["relevance", "date", "oldest", "-price", "brand"])
@pytest.mark.parametrize(("name", "size"), [("brand", 1), ("site", 2), ("category", 3), ("stock", 1), ("type", 10)])
def test_every_page_of_groups_gives_each_group_once(caller: Caller, sort: str, name: str, size: int) -> None:
    """The groups are those of all results in their order."""
    query = (("q", "thing"), ("sort", sort))
    groups: dict[Any, list[Any]] = {}
    for hit in asked(caller, *query, ("size", "100"))["hits"]:
        fields = {**hit["fields"], "site": hit["site"], "type": hit["type"]}
        value = min(value) if isinstance(value := fields.get(name), list) else value
        value = value.partition(" > ")[0] if name == "category" and value else value
        groups.setdefault((value, None if value is not None else number_of(hit)), []).append(hit)
    pages = []
    for page in range(1, len(groups) // 4 + 3):
        answer = asked(caller, *query, ("group", name), ("group_size", str(size)), ("size", "4"), ("page", str(page)))
        assert answer["total"] == len(groups)
        pages += [(number_of(hit), hit["group"], hit["score"]) for hit in answer["hits"]]
    assert pages == [
        (number_of(hit), None if value is None else {"value": value, "count": len(members)}, hit["score"])
        for (value, _), members in groups.items()
        for hit in members[:size]
    ]


def test_the_page_links_to_more_of_a_group(caller: Caller) -> None:
    page = caller.get("/?format=html&q=thing&group=site&f.site=shop0.example&f.site=shop1.example").text
    assert "19 more from shop1.example" in page
    assert '/?q=thing&amp;f.site=shop1.example"' in page


def test_offset_and_limit_are_places_in_all_results(caller: Caller) -> None:
    every = found(caller, ("q", "thing"), ("sort", "price"))
    answer = asked(caller, ("q", "thing"), ("sort", "price"), ("offset", "13"), ("limit", "9"))
    assert list(map(number_of, answer["hits"])) == every[13:22]
    assert (answer["offset"], answer["size"], answer["total"]) == (13, 9, 60)
    assert asked(caller, ("q", "thing"), ("offset", "20000"))["hits"] == []
    assert asked(caller, ("q", "thing"), ("page", "3"), ("size", "7"))["offset"] == 14
    assert asked(caller, ("q", "thing"), ("limit", "2"))["offset"] == 0
    assert "Thing" in caller.get("/?format=html&q=thing&offset=13&limit=9").text


def test_documents_without_a_query_are_listed_in_every_form(caller: Caller) -> None:
    for form, mark in (("text", "results:"), ("html", 'class="results"'), ("json", '"hits":[{')):
        reply = caller.get(f"/?f.brand=acme&format={form}")
        assert reply.status == 200
        assert mark in reply.text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("group=price", "can't group by 'price': it is a number; group by a keyword"),
        ("group=date", "can't group by 'date': it is a date"),
        ("group=colour", "can't group by 'colour': it is not a declared field"),
        ("group=note", "can't group by 'note': it is a text"),
        ("group=%00%ff", "can't group by"),
        ("group=site&group_size=11", "invalid group_size"),
        ("group=site&group_size=10&size=20", "20 groups of 10 are over the limit of 100 results"),
        ("offset=-1", "invalid offset"),
        ("offset=0&limit=101", "invalid limit"),
        ("offset=0&page=2", "either page and size, or offset and limit"),
        ("f.date=soon", "can't filter by date=soon"),
        ("f.length=a..b", "can't filter by length"),
        ("f.colour=red", "can't filter by 'colour': it is not a declared field; declared are at, brand"),
        ("-f.colour=red", "can't filter by 'colour'"),
        ("f.note=x", "can't filter by 'note': it is a text"),
        ("f.price=cheap", "can't filter by price=cheap: it is declared as a number; write a number like 10"),
        ("f.=1", "can't filter by ''"),
        ("f.%00%ff=1", "can't filter by"),
        ("facets=colour", "can't count the values of 'colour'"),
        ("facets=note", "can't count the values of 'note'"),
        ("facets=" + ",".join(f"x{n}" for n in range(21)), "21 facets; at most 20"),
        ("facet_size=0", "invalid facet_size"),
        (
            "sort=colour",
            "invalid sort 'colour': must be one of relevance, date, oldest, at, brand, category, price, stock, language, length",
        ),
        ("sort=--price", "invalid sort"),
        ("sort=note", "invalid sort"),
        ("&".join(f"f.price={n}" for n in range(1000)), "1000 conditions on fields; at most 100"),
    ],
)
def test_what_can_t_be_is_said(caller: Caller, query: str, said: str) -> None:
    for form in ("json", "html", "text"):
        reply = caller.get(f"/?q=thing&format={form}&{query}")
        assert reply.status == 400
        if form == "json":
            assert said in reply.json["error"]


@pytest.mark.parametrize(
    "value", ["", "0", "\0", "\ud800", "x" * 9000, '"', "a > b", "1e999", "..", "*", "[1 TO 2]", "-0"]
)
@pytest.mark.parametrize(
    "name", ["brand", "price", "at", "stock", "category", "site", "path", "date", "length", "type"]
)
def test_no_value_breaks_anything(caller: Caller, name: str, value: str) -> None:
    reply = caller.get(
        f"/?format=json&f.{name}={quote(value, errors='surrogatepass')}&facets={name}&sort={name}&group=site"
    )
    assert reply.status in (200, 400), reply.text


def test_a_page_counts_what_varies_and_of_many_documents_only_what_was_declared_or_asked_for(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = caller.get("/?q=thing&format=html").text
    assert "<h2>Brand</h2>" in page
    assert "<h2>Site</h2>" in page
    assert "<summary>Type" in page
    monkeypatch.setattr(selecting, "MANY", 10)
    page = caller.get("/?q=thing&size=9&format=html").text
    assert "<h2>Brand</h2>" in page
    assert "<h2>Site</h2>" not in page
    assert "<summary>Type" not in page
    assert sum(each["count"] for each in asked(caller, ("q", "thing"), ("facets", "site"))["facets"]["site"]) == 60
