"""Results grouped by a field: the best few documents of each value, and how many there are.

A list counts as its smallest value, a path as its highest level; a document without a value stands alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import tantivy

from lightship.core.declaration import Kind
from lightship.core.errors import InvalidInputError
from lightship.index.columns.conditions import with_least
from lightship.index.columns.selection import ALL, MAX_LISTED, Selection
from lightship.index.fields.schema import column, further_column, key, key_column
from lightship.index.query.boolean import NOT, Clause, any_of, joined

LEAST_READ = 100  # documents that are read first, beside one for each group
MOST_READ = 100_000  # that are read at once
_GROWTH = 8

Hit = tuple[float | None, Any]  # score and address
Place = tuple[int, int]  # segment and number in it
Best = Callable[[Sequence[Clause], int], Sequence[Hit]]


class Grouping(NamedTuple):
    """Shows at most `size` documents of each value of the field `name`."""

    name: str
    kind: Kind
    size: int


_Groups = dict[tuple[Place | None, Any], list[Hit]]  # by place, of a document without a value, and value


class Group(NamedTuple):
    """A value, and the number of documents found that have it."""

    value: str | bool
    documents: int


class Grouped(NamedTuple):
    """The documents of a page, group by group, each with its group (None for one without a value), and all groups."""

    hits: list[Hit]
    groups: list[Group | None]
    total: int


def grouped(found: Selection, best: Best, by: Grouping, first: int, last: int) -> Grouped:
    """Return groups number `first` to `last` (from 0, `last` excluded), in the order of their best documents.

    `best` returns the first of the documents found that fulfil further clauses, in their order, at most so many. It is
    asked for more until there are enough groups. Values seen are left out then, so that each search of MOST_READ
    documents brings as many new ones. Raises InvalidInputError if there are too many groups to count.
    """
    sizes = _sizes(found, by)
    documents = int(found.searcher.search(found.query, 1).count)
    total = len(sizes) + documents - sum(sizes.values())
    groups = list(_first_groups(found, best, by, sizes, min(last, total)).items())[first:last]
    hits: list[Hit] = []
    of: list[Group | None] = []
    for (_, value), some in groups:
        members: Sequence[Hit] = some
        group = None if value is None else Group(_shown(value, by.kind), sizes[value])
        if group and len(members) < min(by.size, group.documents):
            members = best(with_least(found.schema, by.name, by.kind, group.value), by.size)
        hits += members[: by.size]
        of += [group] * len(members[: by.size])
    return Grouped(hits, of, total)


def _first_groups(found: Selection, best: Best, by: Grouping, sizes: Mapping[Any, int], count: int) -> _Groups:
    """Return at least the first `count` groups, each with some of its best documents."""
    groups: _Groups = {}
    values = _Values(found, by, sizes)
    more, clauses = LEAST_READ, list[Clause]()
    while len(groups) < count:
        hits = best(clauses, count + more)
        for hit, value in zip(hits, values.of(hits), strict=True):
            members = groups.setdefault((_place(hit) if value is None else None, value), [])
            if value is not None or not members:  # those without a value are read again each time
                members.append(hit)
        if len(hits) < count + more:
            break
        clauses = [(NOT, _with_any(found, by, [value for _, value in groups if value is not None]))]
        more = min(more * _GROWTH, MOST_READ)
    return groups


class _Values:
    """The smallest values of documents, by their keys."""

    def __init__(self, found: Selection, by: Grouping, sizes: Mapping[Any, int]) -> None:
        """Know which of the values in `sizes` have the same key."""
        self._found, self._by, self._sizes = found, by, sizes
        self._is_boolean = by.kind == "boolean"
        self._by_key: dict[Any, list[Any]] = {}
        for value in sizes:
            self._by_key.setdefault(value if self._is_boolean else key(value), []).append(value)
        self._members: dict[Any, set[Place]] = {}

    def of(self, hits: Sequence[Hit]) -> list[Any]:
        """Return the value of each of `hits`; None for one without."""
        name = column(self._by.name) if self._is_boolean else key_column(self._by.name)
        keys = self._found.searcher.fast_field_values(name, [address for _, address in hits]) if hits else []
        return [None if each is None else self._value(each, hit) for each, hit in zip(keys, hits, strict=True)]

    def _value(self, given: Any, hit: Hit) -> Any:
        *others, last = self._by_key[given]
        return next((value for value in others if _place(hit) in self._having(value)), last)

    def _having(self, value: Any) -> set[Place]:
        """Return the places of the documents with a value that shares its key with another."""
        if value not in self._members:
            query = self._found.narrowed(*with_least(self._found.schema, self._by.name, self._by.kind, value))
            hits = self._found.searcher.search(query, self._sizes[value], count=False).hits
            self._members[value] = set(map(_place, hits))
        return self._members[value]


def _place(hit: Hit) -> Place:
    return hit[1].segment_ord, hit[1].doc


def _with_any(found: Selection, by: Grouping, values: Sequence[Any]) -> tantivy.Query:
    """Return the query for documents whose smallest value is one of `values`."""
    each = [joined(with_least(found.schema, by.name, by.kind, _shown(value, by.kind))) for value in values]
    return any_of(each) if each else tantivy.Query.empty_query()


def _sizes(found: Selection, by: Grouping) -> dict[Any, int]:
    """Return how many of the documents have each value as their smallest."""
    counts = {value: int(count) for value, count in _counted(found, column(by.name), by.name)}
    if by.kind != "boolean":
        for value, count in _counted(found, further_column(by.name), by.name):
            counts[value] -= int(count)
    return {value: count for value, count in counts.items() if count}


def _counted(found: Selection, field: str, name: str) -> Iterable[tuple[Any, int]]:
    terms = {"terms": {"field": field, "size": MAX_LISTED, "segment_size": ALL}}
    counted = found.aggregated({name: terms})[name]
    if counted["sum_other_doc_count"]:
        raise InvalidInputError(
            f"can't group by {name!r}: the documents found have more than {MAX_LISTED} values; narrow the search"
        )
    return ((each["key"], each["doc_count"]) for each in counted["buckets"])


def _shown(value: Any, kind: Kind) -> Any:
    return bool(value) if kind == "boolean" else value
