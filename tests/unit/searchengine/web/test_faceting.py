from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from lightship.core.declaration import BUILT_IN, declared
from lightship.searchengine.search.api import (
    Answer,
    FacetRange,
    FacetRanges,
    FacetValue,
    Hit,
    IndexInfo,
    SearchRequest,
)
from lightship.searchengine.web.faceting import chips_of, default_facets, facets_of, menus_of

FIELDS = declared("at:date,brand:keyword,price:number,stock:boolean")


def answer(**facets: list[FacetValue] | FacetRanges) -> Answer:
    hits = [
        Hit(url=f"https://example.org/{code}", title="", snippet="", score=1.0, site="", language=code)
        for code in ("de", "en")
    ]
    return Answer(query="a", total=9, page=1, size=10, took_ms=1, index=IndexInfo(), hits=hits, facets=facets)


def dates(*starts: str) -> FacetRanges:
    moments = [datetime.fromisoformat(start).replace(tzinfo=UTC) for start in starts]
    ends = [*moments[1:], None]
    return FacetRanges(
        ranges=[
            FacetRange(start=start, end=end, count=1, filter=str(start))
            for start, end in zip(moments, ends, strict=True)
        ]
    )


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (("brand", "acme"), "Brand: acme"),
        (("-brand", "a..b"), "Not brand: a..b"),
        (("brand", ""), "Brand: (empty)"),
        (("stock", "true"), "Stock: yes"),
        (("price", "10..20"), "Price: 10 – 20"),
        (("price", "10..<20"), "Price: 10 – 20"),
        (("price", "10.."), "Price: 10 and more"),
        (("price", "..20"), "Price: up to 20"),
        (("at", "2024-01-01..<2025-01-01"), "At: 2024 – 2025"),
        (("at", "2024-01-01..2025-01-01"), "At: 2024-01-01 – 2025-01-01"),
        (("language", "de"), "Language: Deutsch"),
    ],
)
def test_a_chip_for_each_condition_takes_it_back(condition: tuple[str, str], text: str) -> None:
    request = SearchRequest(query="a", conditions=(condition, ("price", "1")), page=2)
    chip = chips_of(request, FIELDS)[0]
    assert (chip.text, chip.href) == (text, "/?q=a&f.price=1")


def test_a_chip_for_the_language() -> None:
    chip = chips_of(SearchRequest(query="a", lang="de", prefix="last"), FIELDS)[0]
    assert (chip.text, chip.href) == ("Language: Deutsch", "/?q=a&prefix=last")


def test_the_values_of_a_facet() -> None:
    request = SearchRequest(query="a", conditions=(("brand", "acme"), ("brand", "rare"), ("stock", "false")))
    given = answer(brand=[FacetValue("acme", 3), FacetValue("", 2)], stock=[FacetValue(value=True, count=2)])
    brand, stock = facets_of(request, given, FIELDS)
    assert [(each.text, each.documents, each.current) for each in brand.choices] == [
        ("acme", 3, True), ("(empty)", 2, False), ("rare", None, True),
    ]  # fmt: skip
    assert brand.choices[0].href == "/?q=a&f.brand=rare&f.stock=false"
    assert [(each.text, each.documents) for each in stock.choices] == [("yes", 2), ("no", None)]


@pytest.mark.parametrize(
    ("starts", "texts"),
    [
        (["2024-01-01", "2025-01-01"], ["2024 – 2025", "2025 and more"]),
        (["2024-01-01", "2024-07-01"], ["2024-01-01 – 2024-07-01", "2024-07-01 and more"]),
        (["2024-01-01T06:30", "2024-01-02"], ["2024-01-01 06:30 – 2024-01-02", "2024-01-02 and more"]),
    ],
)
def test_ranges_of_dates(starts: list[str], texts: list[str]) -> None:
    found = facets_of(SearchRequest(query="a"), answer(at=dates(*starts)), FIELDS)
    assert [each.text for each in found[0].choices] == texts


def test_menus_stand_above_the_results() -> None:
    request, given = SearchRequest(query="a", sort="-price"), answer(type=[FacetValue("pdf", 1), FacetValue("page", 2)])
    facets = facets_of(request, given, FIELDS)
    menus = menus_of(request, given, FIELDS, facets)
    assert [menu.label for menu in menus] == ["Type", "Language", "Sort"]
    assert [each.text for each in menus[2].choices] == [
        "Relevance", "Date", "At, oldest first", "At, newest first", "Price, lowest first", "Price, highest first",
    ]  # fmt: skip
    assert [each.text for each in menus[2].choices if each.current] == ["Price, highest first"]


def test_a_menu_chooses_the_newest() -> None:
    today, fields = date(2026, 3, 1), {**FIELDS, "date": "date"}
    conditions = (("price", "1.."), ("date", "2026-02-22.."))
    request = SearchRequest(query="a", conditions=conditions, page=2)
    (menu,) = (each for each in menus_of(request, answer(), fields, [], today) if each.label == "Date")
    assert {each.text: each.href.removeprefix("/?q=a&f.price=1..") for each in menu.choices} == {
        "Any time": "", "Past day": "&f.date=2026-02-28..", "Past week": "&f.date=2026-02-22..",
        "Past month": "&f.date=2026-01-29..", "Past year": "&f.date=2025-02-28..",
    }  # fmt: skip
    assert [each.text for each in menu.choices if each.current] == ["Past week"]
    assert "Date" not in {each.label for each in menus_of(request, answer(), FIELDS, [], today)}, "an older index"


def test_a_facet_of_languages_replaces_the_menu_of_those_that_are_shown() -> None:
    request, given = SearchRequest(query="a"), answer(language=[FacetValue("de", 5), FacetValue("en", 4)])
    languages, _ = menus_of(request, given, FIELDS, facets_of(request, given, FIELDS))
    assert [(each.text, each.documents) for each in languages.choices] == [("Deutsch", 5), ("English", 4)]


def test_any_other_field_is_ordered_by_letters() -> None:
    request = SearchRequest(query="a", sort="brand")
    menu = menus_of(request, answer(), FIELDS, [])[-1]
    assert [each.text for each in menu.choices if each.current] == ["Brand, A to Z"]


def test_a_built_in_field_is_a_facet_where_documents_differ_in_it() -> None:
    fields = {**declared("brand:keyword"), **BUILT_IN}
    assert default_facets(fields, lambda _: False) == ("brand",)
    assert default_facets(fields, lambda name: name == "site") == ("brand", "site")
