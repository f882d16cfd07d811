"""Fields that a page gives its document: in meta elements of its own, Open Graph, and JSON-LD (schema.org).

| field | from |
|---|---|
| NAME | `<meta name="lightship:NAME">`, and `docsearch:NAME` of pages made for DocSearch |
| `tags` | `keywords`, `article:tag`; JSON-LD `keywords` |
| `section` | `article:section`; JSON-LD `articleSection` |
| `image` | `og:image` |
| `brand`, `sku`, `price`, `currency`, `in_stock`, `rating` | `product:*`; JSON-LD `Product` with its `offers` and `aggregateRating` |
| `category` | `product:category`; JSON-LD `BreadcrumbList` without its last item, `category` |
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from lightship.core.model import FieldValue, Scalar
from lightship.crawler.parsing.html.tree import line

MAX_FIELDS, MAX_VALUES, MAX_VALUE = 30, 50, 200  # of one page; values of a field, characters of a value
LEVEL = " > "  # between the levels of a category

Metas = dict[str, list[str]]
Thing = dict[str, Any]

_OWN = re.compile(r"(?:lightship|docsearch):([a-z][a-z0-9_]{0,62})")
_NUMBER = re.compile(r"\d{1,12}(?:\.\d{1,6})?")
_IN_STOCK = re.compile(
    r"(?:https?://schema\.org/)?(?:in_?stock|instoreonly|onlineonly|limitedavailability|in stock)", re.IGNORECASE
)
_OUT_OF_STOCK = re.compile(
    r"(?:https?://schema\.org/)?(?:out_?of_?stock|soldout|discontinued|oos|out of stock)", re.IGNORECASE
)
_METAS = {
    "section": ("article:section",), "image": ("og:image", "og:image:url"),
    "brand": ("product:brand", "og:brand"), "sku": ("product:retailer_item_id", "product:sku"),
    "currency": ("product:price:currency", "og:price:currency"),
    "category": ("product:category",),
}  # fmt: skip
_PRICES = ("product:price:amount", "og:price:amount", "product:sale_price:amount")
_TAGS = ("keywords", "article:tag", "news_keywords")


def fields_of(metas: Metas, things: Iterable[Thing]) -> dict[str, FieldValue]:
    """Return the fields that a page's meta elements (by name) and JSON-LD objects give, the page's own names first."""
    found: dict[str, FieldValue] = {}
    for name, values in metas.items():
        if (own := _OWN.fullmatch(name)) and (kept := _texts(values)):
            found.setdefault(own[1], kept[0] if len(kept) == 1 else list[Scalar](kept))
    for given in (_of_metas(metas), *map(_of_thing, things)):
        for name, value in given.items():
            if value not in (None, "", []):
                found.setdefault(name, value)
    return dict(list(found.items())[:MAX_FIELDS])


def _of_metas(metas: Metas) -> dict[str, Any]:
    found: dict[str, Any] = {name: _first(metas, names) for name, names in _METAS.items()}
    found["price"] = _number(_first(metas, _PRICES))
    found["in_stock"] = _availability(_first(metas, ("product:availability", "og:availability")))
    found["tags"] = _tags(value for name in _TAGS for value in metas.get(name, []))
    return found


def _of_thing(thing: Thing) -> dict[str, Any]:
    kinds = {kind for kind in _listed(thing.get("@type")) if isinstance(kind, str)}
    if "BreadcrumbList" in kinds:
        return {"category": _trail(thing)}
    found: dict[str, Any] = {
        "section": _text(thing.get("articleSection")),
        "tags": _tags(_strings(thing.get("keywords"))),
    }
    if kinds & {"Product", "ProductGroup", "Book", "Vehicle", "SoftwareApplication"}:
        found |= _of_product(thing)
    return found


def _of_product(thing: Thing) -> dict[str, Any]:
    offer = next((each for each in _listed(thing.get("offers")) if isinstance(each, dict)), {})
    rating = thing.get("aggregateRating")
    return {
        "brand": _name(thing.get("brand")), "sku": _text(thing.get("sku")), "category": _text(thing.get("category")),
        "price": _number(offer.get("price", offer.get("lowPrice"))), "currency": _text(offer.get("priceCurrency")),
        "in_stock": _availability(_text(offer.get("availability"))),
        "rating": _number(rating.get("ratingValue")) if isinstance(rating, dict) else None,
    }  # fmt: skip


def _trail(thing: Thing) -> str:
    """Return the levels above a page in its breadcrumbs: the last one is the page."""
    items = [each for each in _listed(thing.get("itemListElement")) if isinstance(each, dict)][:MAX_VALUES]
    items.sort(key=lambda item: _number(item.get("position")) or 0.0)
    names = [_text(item.get("name")) or _name(item.get("item")) for item in items]
    return LEVEL.join(name.replace(LEVEL.strip(), " ") for name in names[:-1] if name)


def _availability(text: str) -> bool | None:
    if _IN_STOCK.fullmatch(text):
        return True
    return False if _OUT_OF_STOCK.fullmatch(text) else None


def _tags(values: Iterable[str]) -> list[str]:
    return _texts(part for value in values for part in value[: MAX_VALUE * MAX_VALUES].split(","))


def _texts(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(kept for value in values if (kept := _text(value))))[:MAX_VALUES]


def _first(metas: Metas, names: Iterable[str]) -> str:
    return next((kept for name in names for value in metas.get(name, []) if (kept := _text(value))), "")


def _number(value: object) -> float | None:
    """Return a price or rating, which shops write as a number or as a text like 12.50."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if abs(value) < 1e12 else None
    text = value.strip() if isinstance(value, str) else ""
    return float(text) if _NUMBER.fullmatch(text) else None


def _listed(value: object) -> list[Any]:
    return list(value) if isinstance(value, list) else [] if value is None else [value]


def _strings(value: object) -> list[str]:
    return [each for each in _listed(value) if isinstance(each, str)]


def _name(value: object) -> str:
    return next(
        (name for each in _listed(value) if (name := _text(each.get("name") if isinstance(each, dict) else each))), ""
    )


def _text(value: object) -> str:
    """Return a text on one line; an empty one if it is too long to be a value."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    text = line(value) if isinstance(value, str) and len(value) <= MAX_VALUE * 5 else ""
    return text if len(text) <= MAX_VALUE * 2 else ""
