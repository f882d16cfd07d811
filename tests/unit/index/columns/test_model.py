"""Filters, facets and order against a model in Python, in any number of segments, after updates and merges."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import tantivy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lightship.core.declaration import BUILT_IN, Kind, declared, values_of
from lightship.core.errors import InvalidInputError
from lightship.core.model import Document, url_digest
from lightship.index.columns import grouping
from lightship.index.columns.conditions import Condition, Span, clauses, conditions_of
from lightship.index.columns.facets import Inner, facets, facets_with
from lightship.index.columns.grouping import Group, Grouping, Hit, grouped
from lightship.index.columns.ranges import BUCKETS
from lightship.index.columns.selection import Selection
from lightship.index.columns.sorting import Order, ordered
from lightship.index.fields import columns
from lightship.index.fields.schema import SCHEMA_VERSION, schema
from lightship.index.query.boolean import MUST, Clause, joined
from lightship.index.writer import IndexWriter

DECLARATION = "at:date,brand:keyword,category:path,price:number,stock:boolean,tags:keyword"
DECLARED = declared(DECLARATION)
FIELDS = {**DECLARED, **BUILT_IN}
SCHEMA = schema(SCHEMA_VERSION, DECLARATION)

keywords = st.sampled_from(["acme", "Acme", "bolt", "ärger", "灯", "", "a b", "a > b", 'x"y', "-", "x" * 200])
numbers = st.sampled_from([0, -1, 1.5, 2, 10, 10.5, 1e300, -1e300, 5e-324]) | st.integers(-20, 20)
dates = st.sampled_from(
    ["2024-02-29", "2025-01-31T23:59:59.999999Z", "2025-02-01", "1969-12-31", "9999-12-31", "0001-01-01"]
)
paths = st.sampled_from(["a", "a > b", "a > b > c", "b", "b > c", "灯 > 塔"])
VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "brand": keywords,
    "tags": st.lists(keywords, max_size=4),
    "price": numbers | st.lists(numbers, max_size=3),
    "at": dates | st.lists(dates, max_size=2),
    "stock": st.booleans(),
    "category": paths | st.lists(paths, max_size=2),
}
documents = st.lists(st.fixed_dictionaries({}, optional=dict(VALUES)), min_size=1, max_size=25)


SITES = ("ex.org", "docs.ex.org:8080")
FOLDERS = ("", "docs/", "Docs/api/", "a%20b/")
ENDINGS = ("", ".html", ".PDF", ".md")
LANGUAGES = (None, "en", "de", "xx")


def url(number: int) -> str:
    return f"https://{SITES[number % 2]}/{FOLDERS[number % 4]}{number}{ENDINGS[number // 2 % 4]}"


def document(number: int, fields: dict[str, Any]) -> Document:
    modified = datetime(1961 + number * 5, 1, 1, tzinfo=UTC) if number % 3 else None
    return Document(
        url=url(number), text="word " * (number % 7), language=LANGUAGES[number % 4], modified=modified, fields=fields,
        type="issue" if number % 5 == 4 else "",
    )  # fmt: skip


def built_in(number: int) -> dict[str, list[Any]]:
    """Return the values of the built-in fields of a document, as its columns must have them."""
    made, language = document(number, {}), LANGUAGES[number % 4]
    return {
        "date": [int(made.modified.timestamp()) * 1_000_000] if made.modified else [],
        "language": [language] if language else [],
        "length": [len(made.text)],
        "path": [[], ["docs"], ["docs", "docs > api"], ["a b"]][number % 4],
        "site": [SITES[number % 2]],
        "type": ["issue" if number % 5 == 4 else ("page", "page", "pdf", "markdown")[number // 2 % 4]],
    }


class Shop:
    """Documents in an index of several segments, and what a model knows of them."""

    def __init__(self, folder: Path, given: Sequence[dict[str, Any]], commits: set[int], changed: set[int]) -> None:
        self.model: dict[int, dict[str, list[Any]]] = {}
        writer = IndexWriter(str(folder), heap_bytes=16 << 20, threads=1, declaration=DECLARATION)
        for number, fields in enumerate(given):
            if number in changed:
                writer.put(Document(url=url(number), fields={"brand": "former", "price": 7, "tags": ["former"]}))
                writer.commit()
            writer.put(document(number, fields))
            self.model[number] = {
                name: values_of(fields[name], kind) if name in fields else [] for name, kind in DECLARED.items()
            } | built_in(number)
            if number in commits:
                writer.commit()
        writer.commit()
        writer.close()
        index = tantivy.Index.open(str(folder))
        index.reload()
        self.searcher = index.searcher()

    def number(self, address: Any) -> int:
        digests = {int.from_bytes(url_digest(url(number))[:8], "big"): number for number in self.model}
        (order,) = self.searcher.fast_field_values("order", [address])
        assert order is not None
        return digests[int(order)]

    def found(self, query: tantivy.Query) -> list[int]:
        return sorted(self.number(address) for _, address in self.searcher.search(query, 1000).hits)


def has(values: Sequence[Any], wanted: object) -> bool:
    if not isinstance(wanted, Span):
        return wanted in values
    low, high = wanted
    return any((low is None or low <= value) and (high is None or value <= high) for value in values)


RANGES = {
    "price": ["0", "-1..2", "-1..<2", "..<10", "2..<2", "10..", "..1.5", "1..0", "..", "1e300", "-inf..inf"],
    "at": [
        "2025",
        "2024..<2025",
        "..<2025-02-01",
        "2025-01-31..<2025-01-31T23:59:59.999999",
        "2025-01",
        "2025-01-31",
        "2024..2025-01",
        "..1969",
        "2025-02-01..",
        "9999",
    ],
    "brand": ["acme", "Acme", "灯", 'x"y', "nobody", "-", ""],
    "tags": ["a b", "a > b", "former"],
    "stock": ["true", "FALSE"],
    "category": ["a", "a>b", " b > c ", "c"],
    "site": ["ex.org", "DOCS.ex.org:8080", "nowhere"],
    "path": ["docs", "/Docs/api/", "docs > api", "a%20b", "A B"],
    "type": ["page", "PDF", "issue"],
    "language": ["en", "German", "xx", "klingon"],
    "length": ["0", "..10", "11.."],
    "date": ["2000..", "..1975", "1966"],
}
conditions = st.lists(
    st.sampled_from(sorted(RANGES)).flatmap(
        lambda name: st.tuples(st.sampled_from([name, f"-{name}"]), st.sampled_from(RANGES[name]))
    ),
    max_size=4,
)


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data(), documents, conditions)
def test_filters_facets_and_order_are_those_of_the_model(
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    given_: list[dict[str, Any]],
    asked: list[tuple[str, str]],
) -> None:
    some = st.sets(st.integers(0, len(given_) - 1))
    with pytest.MonkeyPatch.context() as patch:
        if data.draw(st.booleans()):  # many values of the same key
            patch.setattr(columns, "key", len)
            patch.setattr(grouping, "key", len)
        shop = Shop(tmp_path_factory.mktemp("shop"), given_, data.draw(some), data.draw(some))
        check_all(shop, data, asked)


def check_all(shop: Shop, data: st.DataObject, asked: list[tuple[str, str]]) -> None:
    asked = [(name, text) for name, text in asked if text != ".."]
    tests = conditions_of(asked, FIELDS)
    expected = [
        number
        for number, fields in shop.model.items()
        if all(any(has(fields[test.name], value) for value in test.values) != test.excludes for test in tests)
    ]
    query = joined([(MUST, tantivy.Query.const_score_query(tantivy.Query.all_query(), 0.0)), *clauses(tests, SCHEMA)])
    assert shop.found(query) == expected
    found = Selection(shop.searcher, SCHEMA, query, {})
    if data.draw(st.booleans()):  # what is likely is known of a search for everything
        facets(found._replace(query=tantivy.Query.all_query()), FIELDS, 1)
    for test in tests:
        check_inner(found, tests, test)
    for name, kind in FIELDS.items():
        check_facet(shop, found, expected, name, kind)
        order = Order(name, kind, data.draw(st.booleans()))
        check_order(shop, query, expected, order, data.draw(st.integers(0, 25)))
        if kind not in ("number", "date"):
            by = Grouping(name, kind, data.draw(st.integers(1, 3)))
            read = data.draw(st.sampled_from([1, 3, 100]))
            check_groups(shop, found, expected, by, order, read)


def check_inner(found: Selection, tests: Sequence[Condition], test: Condition) -> None:
    """Count the field of `test` without it, and all others with it, in one pass, and apart."""
    if test.kind not in ("keyword", "path") or test.excludes or len(test.values) > 1:
        return
    others = clauses([each for each in tests if each is not test], SCHEMA)
    outer = found._replace(query=joined([(MUST, tantivy.Query.all_query()), *others]))
    own, within = {test.name: test.kind}, {name: kind for name, kind in FIELDS.items() if name != test.name}
    together = facets_with(outer, own, Inner(test.name, str(test.values[0]), found), within, 3)
    assert together == facets(outer, own, 3) | facets(found, within, 3)


def check_facet(shop: Shop, selection: Selection, expected: list[int], name: str, kind: Kind) -> None:
    found = facets(selection, {name: kind}, 1000)[name]
    few = facets(selection, {name: kind}, 2)[name]
    values = [value for number in expected for value in shop.model[number][name]]
    if kind not in ("number", "date"):
        counts = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
        assert [tuple(each) for each in found.values] == counts
        assert [tuple(each) for each in few.values] == counts[:2]
    elif not values:
        assert found.ranges == ()
    else:
        assert len(found.ranges) <= BUCKETS
        assert found.ranges[-1].most is None
        for least, most, count in found.ranges:
            assert count == sum(has(shop.model[number][name], Span(least, most)) for number in expected)
        assert all(found.ranges[0].least <= value for value in values)
        if kind == "number":
            assert (found.least, found.most) == (min(values), max(values))


def in_order(shop: Shop, expected: list[int], order: Order) -> list[int]:
    by_url = sorted(expected, key=lambda number: url_digest(url(number)))
    having = [number for number in by_url if shop.model[number][order.name]]
    having.sort(key=lambda number: shop.model[number][order.name][0], reverse=order.descending)
    lacking = [number for number in by_url if not shop.model[number][order.name]]
    return [*having, *lacking]


def check_order(shop: Shop, query: tantivy.Query, expected: list[int], order: Order, first: int) -> None:
    addresses, total = ordered(Selection(shop.searcher, SCHEMA, query, {}), order, first, first + 5)
    assert total == len(expected)
    assert [shop.number(address) for address in addresses] == in_order(shop, expected, order)[first : first + 5]


def check_groups(shop: Shop, found: Selection, expected: list[int], by: Grouping, order: Order, read: int) -> None:
    """Page through all groups, reading `read` documents at once."""
    groups: dict[object, list[int]] = {}
    for number in in_order(shop, expected, order):
        values = shop.model[number][by.name]
        groups.setdefault((values[0],) if values else number, []).append(number)

    def best(clauses: Sequence[Clause], most: int) -> list[Hit]:
        narrowed = found._replace(query=found.narrowed(*clauses))
        return [(None, address) for address in ordered(narrowed, order, 0, most)[0]]

    pages = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouping, "LEAST_READ", read)
        patch.setattr(grouping, "MOST_READ", read)
        for first in range(0, len(groups) + 1, 4):
            page = grouped(found, best, by, first, first + 4)
            assert page.total == len(groups)
            pages += [(shop.number(address), group) for (_, address), group in zip(page.hits, page.groups, strict=True)]
    assert pages == [
        (number, Group(key[0], len(members)) if isinstance(key, tuple) else None)
        for key, members in groups.items()
        for number in members[: by.size]
    ]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("colour", "red", r"can't filter by 'colour': it is not a declared field; declared are at, brand"),
        ("price", "cheap", r"price=cheap: it is declared as a number; write a number like 10, or a range"),
        ("price", "nan", "write a number"),
        ("price", "..", "write a number"),
        ("price", "", "write a number"),
        ("at", "2025-13", "write a date like"),
        ("at", "2025-02-30", "write a date like"),
        ("at", "soon..", "write a date like"),
        ("stock", "yes", "write true or false"),
    ],
)
def test_a_wrong_condition_says_what_to_write(name: str, text: str, said: str) -> None:
    for each in (name, f"-{name}"):
        with pytest.raises(InvalidInputError, match=said):
            conditions_of([(each, text)], FIELDS)


def test_a_month_is_all_of_it() -> None:
    (test,) = conditions_of([("at", "2024-02")], FIELDS)
    (span,) = test.values
    assert isinstance(span, Span)
    assert datetime.fromtimestamp(span.least / 1e6, UTC) == datetime(2024, 2, 1, tzinfo=UTC)
    assert span.most + 1 == datetime(2024, 3, 1, tzinfo=UTC).timestamp() * 1_000_000


def test_numbers_are_counted_in_round_ranges(tmp_path: Path) -> None:
    shop = Shop(tmp_path, [{"price": price} for price in (3, 17, 99.5, math.pi)], set(), set())
    everything = Selection(shop.searcher, SCHEMA, tantivy.Query.all_query(), {})
    found = facets(everything, {"price": "number"}, 10)["price"]
    assert [(each.least, each.documents) for each in found.ranges] == [
        (10.0 * n, c) for n, c in enumerate([2, 1, 0, 0, 0, 0, 0, 0, 0, 1])
    ]


class CountingSearcher:
    """Counts the passes over the documents that aggregations make."""

    def __init__(self, searcher: tantivy.Searcher) -> None:
        self._searcher, self.passes = searcher, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._searcher, name)

    def aggregate(self, query: tantivy.Query, asked: dict[str, Any]) -> Any:
        self.passes += 1
        return self._searcher.aggregate(query, asked)


@pytest.mark.parametrize(("name", "kind"), [("price", "number"), ("at", "date")])
def test_ranges_like_those_before_need_no_pass_of_their_own(tmp_path: Path, name: str, kind: Kind) -> None:
    values = [5 * 86_400.0 * number for number in range(60)]
    given_ = [{name: value, "stock": number >= 35} for number, value in enumerate(values)]
    shop = Shop(tmp_path, given_, {20}, set())
    searcher = CountingSearcher(shop.searcher)
    everything = Selection(searcher, SCHEMA, tantivy.Query.all_query(), {})
    (stock,) = conditions_of([("stock", "true")], FIELDS)
    first = facets(everything, {name: kind}, 10)
    assert searcher.passes == 2
    assert facets(everything, {name: kind}, 10) == first
    assert searcher.passes == 3
    half = everything._replace(query=stock.query(SCHEMA))
    found = facets(half, {name: kind}, 10)
    assert searcher.passes == 4
    assert found == facets(half._replace(met={}), {name: kind}, 10) != first
    assert sum(each.documents for each in found[name].ranges) == 25
