"""Fields that pages give their documents: their own meta elements, Open Graph, and JSON-LD."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.core.model import FieldValue
from lightship.crawler.parsing.html.extract import extract
from lightship.crawler.parsing.html.page_fields import MAX_FIELDS, MAX_VALUES, fields_of
from lightship.crawler.parsing.read import document_of

URL = "https://shop.example/lamp"
PRODUCT = {
    "@type": "Product", "name": "Desk lamp", "sku": 4711, "brand": {"@type": "Brand", "name": "Acme"},
    "offers": [{"price": "12.50", "priceCurrency": "EUR", "availability": "https://schema.org/InStock"}],
    "aggregateRating": {"ratingValue": 4.5, "reviewCount": 9},
}  # fmt: skip
TRAIL = {
    "@type": "BreadcrumbList",
    "itemListElement": [
        {"position": 2, "name": "Lamps"}, {"position": 1, "item": {"name": "Home"}}, {"position": 3, "name": "Desk lamp"},
    ],
}  # fmt: skip


def fields(html: str) -> dict[str, FieldValue]:
    return extract(html, URL).fields


def linked(data: object) -> str:
    return f'<script type="application/ld+json">{msgspec.json.encode(data).decode()}</script>'


def test_a_page_names_fields_of_its_own() -> None:
    assert fields("""<meta name="lightship:team" content=" red "><meta name="docsearch:version" content="3.1">
    <meta name=lightship:tags content=a><meta name=lightship:tags content=b><meta name="lightship:No Name" content=x>""") == {
        "team": "red", "version": "3.1", "tags": ["a", "b"],
    }  # fmt: skip


def test_open_graph() -> None:
    assert fields("""<meta property="product:price:amount" content="19.99"><meta property="product:price:currency" content=EUR>
    <meta property="product:brand" content="Acme"><meta property="product:availability" content="out of stock">
    <meta property="og:image" content="https://shop.example/lamp.jpg"><meta property="article:section" content="Home">
    <meta name=keywords content="lamp, desk,, lamp"><meta property="article:tag" content="light">""") == {
        "price": 19.99, "currency": "EUR", "brand": "Acme", "in_stock": False, "image": "https://shop.example/lamp.jpg",
        "section": "Home", "tags": ["lamp", "desk", "light"],
    }  # fmt: skip


def test_json_ld() -> None:
    assert fields(linked([PRODUCT, TRAIL])) == {
        "sku": "4711", "brand": "Acme", "price": 12.5, "currency": "EUR", "in_stock": True, "rating": 4.5,
        "category": "Home > Lamps",
    }  # fmt: skip
    assert fields(linked({"@type": "NewsArticle", "articleSection": "World", "keywords": ["a", "b, c", 3]})) == {
        "section": "World", "tags": ["a", "b", "c"],
    }  # fmt: skip


def test_what_the_page_names_itself_comes_first() -> None:
    assert fields('<meta name="lightship:brand" content="Own">' + linked(PRODUCT))["brand"] == "Own"
    html = '<meta name="lightship:author" content="Desk"><meta name=author content="A. Writer"><p>text'
    assert document_of(extract(html, URL), URL).fields["author"] == "Desk"


@pytest.mark.parametrize("price", ["free", "1e99", "-", "12,50 EUR", "", None, [], {}, True, 1e300, "9" * 400])
def test_a_price_that_is_no_number_is_left_out(price: Any) -> None:
    assert "price" not in fields(linked({"@type": "Product", "offers": {"price": price}}))


def test_a_page_can_not_give_too_much() -> None:
    own = "".join(f'<meta name="lightship:f{number}" content="{"x" * (number * 50)}">' for number in range(1, 100))
    tags = f'<meta name=keywords content="{",".join(f"tag{number}" for number in range(10_000))}">'
    found = fields(tags + own)
    assert len(found) <= MAX_FIELDS
    assert len(msgspec.json.encode(found)) < 20_000
    assert len(fields(tags)["tags"]) == MAX_VALUES  # type: ignore[arg-type]


json = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["@type", "offers", "price", "brand", "name", "itemListElement", "item", "position", "keywords"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(json, st.sampled_from(["Product", "BreadcrumbList", "Article", 3]))
def test_any_json_is_read(value: Any, kind: Any) -> None:
    thing = {
        **(value if isinstance(value, dict) else {"offers": value, "itemListElement": value, "keywords": value}),
        "@type": kind,
    }
    for given_value in fields_of({}, [thing]).values():
        assert isinstance(given_value, str | float | bool | list)
