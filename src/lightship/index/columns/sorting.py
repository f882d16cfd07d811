"""Results in the order of a field: total, and the same on every replica."""

from __future__ import annotations

from typing import Any, NamedTuple

import tantivy

from lightship.core.declaration import Kind
from lightship.index.columns.conditions import with_least
from lightship.index.columns.selection import Selection
from lightship.index.fields.schema import column

Hit = tuple[Any, Any]  # value and address


class Order(NamedTuple):
    """Sorts by the field `name`: by the smallest value of a list, documents without a value last."""

    name: str
    kind: Kind
    descending: bool


def ordered(found: Selection, order: Order, first: int, last: int) -> tuple[list[Any], int]:
    """Return the addresses of documents number `first` to `last` (from 0, `last` excluded), and the total.

    tantivy orders equal values by segment. So all that have the values at either end of the page are ordered by the
    digests of their urls, in searches of their own.
    """
    searcher, direction = found.searcher, tantivy.Order.Desc if order.descending else tantivy.Order.Asc
    result = searcher.search(found.query, last, order_by_field=column(order.name), order=direction)
    hits: list[Hit] = result.hits
    page: list[Any] = []
    start = 0
    while start < len(hits):
        value, end = hits[start][0], start
        while end < len(hits) and hits[end][0] == value:
            end += 1
        if end > first:
            group = [address for _, address in hits[start:end]]
            if end == len(hits) < result.count:  # there may be more with this value
                group = _first_by_url(
                    searcher, found.narrowed(*with_least(found.schema, order.name, order.kind, value)), len(group)
                )
            page += _by_url(searcher, group)[max(first - start, 0) :]
        start = end
    return page, int(result.count)


def _first_by_url(searcher: tantivy.Searcher, query: tantivy.Query, count: int) -> list[Any]:
    hits = searcher.search(query, count, count=False, order_by_field="order", order=tantivy.Order.Asc).hits
    return [address for _, address in hits]


def _by_url(searcher: tantivy.Searcher, addresses: list[Any]) -> list[Any]:
    if len(addresses) == 1:
        return addresses
    keys = searcher.fast_field_values("order", addresses)
    return [addresses[number] for number in sorted(range(len(addresses)), key=keys.__getitem__)]
