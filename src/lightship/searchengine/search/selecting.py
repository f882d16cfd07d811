"""What a request selects by fields, how it orders and groups the results, and which of their values it counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any

from lightship.core.declaration import BUILT_IN, FIRST_MOMENT, LAST_MOMENT, Kind, moment_at
from lightship.core.errors import InvalidInputError
from lightship.index.columns.conditions import BELOW, RANGE, Condition, clauses, conditions_of, kind_of
from lightship.index.columns.facets import Facet, Inner, facets, facets_with
from lightship.index.columns.grouping import Grouping, Hit, grouped
from lightship.index.columns.selection import Selection
from lightship.index.columns.sorting import Order, ordered
from lightship.index.columns.typed import Typed, read_typed
from lightship.index.fields.schema import column
from lightship.index.query.boolean import Clause
from lightship.index.query.compiler import Compiled
from lightship.index.reader import Found, View, find, reading
from lightship.searchengine.search.api import FacetRange, FacetRanges, FacetValue, SearchRequest

MANY = 10_000  # documents whose values are counted only when asked for: it takes longer than the search
TYPED = {"date"}  # built-in fields that people type; others have operators, like site:, or are words
# Per document of the index; most queries find fewer
_PASS_SECONDS = 10e-9
_FACET_SECONDS = 10e-9
_FREQUENT = 10  # one of so many documents


class Selecting:
    """The conditions, the order and the facets of a request, checked against the declared fields of a view."""

    def __init__(self, view: View, request: SearchRequest) -> None:
        """Check `request`; raises InvalidInputError."""
        self._view, self._size = view, request.facet_size
        self.typed = Typed(request.query)
        if ":" in request.query:
            typed = {name: kind for name, kind in view.fields.items() if name not in BUILT_IN or name in TYPED}
            self.typed = read_typed(request.query, typed)
        self.conditions = conditions_of(request.conditions, view.fields) if request.conditions else ()
        if self.typed.conditions:
            self.conditions += tuple(map(self._spelled, conditions_of(self.typed.conditions, view.fields)))
        self.order = _order(request.sort, view)
        self.grouping = _grouping(request, view)
        self._by_date, self._facets_asked = request.sort == "date", request.facets_asked
        self._facets = {name: kind_of(name, view.fields, "count the values of") for name in request.facets}

    def _spelled(self, condition: Condition) -> Condition:
        """Let what people type forgive case: they find `Acme` as `acme`."""
        if condition.kind not in ("keyword", "path"):
            return condition
        known = self._view.spellings(condition.name)
        values = [known.get(value.casefold(), (value,)) for value in condition.values if isinstance(value, str)]
        return condition._replace(values=tuple(dict.fromkeys(spelling for each in values for spelling in each)))

    @cached_property
    def filters(self) -> tuple[Clause, ...]:
        """The clauses of all conditions."""
        return self._without("")

    @property
    def cost(self) -> float:
        """The estimated seconds for the facets, the order and the groups."""
        apart = len(self._facets.keys() & self._filtered)
        passes = apart + (apart < len(self._facets))
        passes += 5 if self.grouping else 1 if self.order else 0
        return (passes * _PASS_SECONDS + len(self._facets) * _FACET_SECONDS) * self._view.documents

    def find(self, compiled: Compiled, first: int, last: int) -> Found:
        """Return results, or groups of them, number `first` to `last` in the order asked for.

        Raises DamagedError, InvalidInputError if there are too many groups.
        """
        if not self.grouping:
            return self._ordered(compiled, first, last)

        def best(clauses: Sequence[Clause], most: int) -> list[Hit]:
            narrowed = replace(compiled, filters=(*compiled.filters, *clauses)) if clauses else compiled
            found = self._ordered(narrowed, 0, most)
            return list(zip(found.scores, found.addresses, strict=True))

        with reading:
            made = grouped(self._selection(compiled), best, self.grouping, first, last)
        scores, addresses = [score for score, _ in made.hits], [address for _, address in made.hits]
        return Found(made.total, scores, addresses, self._view.searcher, made.groups)

    def _ordered(self, compiled: Compiled, first: int, last: int) -> Found:
        if not self.order:
            return find(self._view, compiled, first, last, by_date=self._by_date)
        with reading:
            addresses, total = ordered(self._selection(compiled), self.order, first, last)
        return Found(total, [None] * len(addresses), addresses, self._view.searcher)

    def count(self, compiled: Compiled, total: int) -> dict[str, list[FacetValue] | FacetRanges]:
        """Return the facets of `total` documents; the conditions on a field do not narrow its own facet.

        Those that nobody asked for are left out where counting them takes longer than the search, and nobody declared
        them. Raises InvalidInputError, DamagedError.
        """
        wanted = self._facets
        if not self._facets_asked and total > MANY:
            wanted = {name: kind for name, kind in wanted.items() if name not in BUILT_IN or name in self._filtered}
        try:
            found = self._counted(compiled, wanted)
        except InvalidInputError:
            if self._facets_asked:
                raise
            return {}
        return {name: _shown_facet(found[name], kind) for name, kind in wanted.items()}

    def _counted(self, compiled: Compiled, wanted: dict[str, Kind]) -> dict[str, Facet]:
        apart = {name: kind for name, kind in wanted.items() if name in self._filtered}
        together = {name: kind for name, kind in wanted.items() if name not in apart}
        found: dict[str, Facet] = {}
        all_found = self._selection(compiled)
        with reading:
            for name, kind in apart.items():
                others = self._selection(replace(compiled, filters=self._without(name)))
                value = self._frequent_value(name) if together else None
                if value is None:
                    found |= facets(others, {name: kind}, self._size)
                else:
                    found |= facets_with(others, {name: kind}, Inner(name, value, all_found), together, self._size)
                    together = {}
            return found | (facets(all_found, together, self._size) if together else {})

    def _frequent_value(self, name: str) -> str | None:
        """Return the value that the documents found must have in the field `name`; None unless it is the only one, and many have it.

        One pass then counts this field, of more documents, and other fields, of those found. It takes less time than a
        pass each where about a tenth of the documents have the value.
        """
        (condition, *others) = [each for each in self.conditions if each.name == name]
        if others or condition.excludes or condition.kind not in ("keyword", "path") or len(condition.values) > 1:
            return None
        value = str(condition.values[0])
        documents = self._view.documents_with(column(name), value)
        return value if documents * _FREQUENT >= self._view.documents else None

    @cached_property
    def _filtered(self) -> frozenset[str]:
        """The fields that have conditions: the facet of each is of other documents."""
        return frozenset(each.name for each in self.conditions)

    def _without(self, name: str) -> tuple[Clause, ...]:
        """Return the clauses of the conditions on all fields but `name`."""
        kept: list[Condition] = [each for each in self.conditions if each.name != name]
        return tuple(clauses(kept, self._view.schema))

    def _selection(self, compiled: Compiled) -> Selection:
        return Selection(self._view.searcher, self._view.schema, compiled.query, self._view.met)


def _order(sort: str, view: View) -> Order | None:
    """Return the order by a field; None for an order that every index has."""
    if sort in ("relevance", "date"):
        return None
    name = "date" if sort == "oldest" else sort.removeprefix("-")
    if name not in view.fields or view.fields[name] == "text":
        fields = [name for name, kind in view.fields.items() if kind != "text" and name != "date"]
        more = f", oldest, {', '.join(fields)}, or one of the fields after a -" if fields else ""
        raise InvalidInputError(f"invalid sort {sort[:20]!r}: must be one of relevance, date{more}")
    return Order(name, view.fields[name], sort.startswith("-"))


def _grouping(request: SearchRequest, view: View) -> Grouping | None:
    if not request.group:
        return None
    kind = kind_of(request.group, view.fields, "group by")
    if kind in ("number", "date"):
        raise InvalidInputError(f"can't group by {request.group!r}: it is a {kind}; group by a keyword")
    return Grouping(request.group, kind, request.group_size)


def _shown_facet(found: Facet, kind: Kind) -> list[FacetValue] | FacetRanges:
    if kind in ("number", "date"):
        return _ranges(found, kind)
    return [FacetValue(value, documents) for value, documents in found.values]


def _ranges(found: Facet, kind: Kind) -> FacetRanges:
    if found.least is None:
        return FacetRanges()
    starts = [each.least for each in found.ranges]
    ranges = [
        FacetRange(
            start=_shown(start, kind), end=None if end is None else _shown(end, kind), count=each.documents,
            filter=_text(start, kind) + (RANGE if end is None else BELOW + _text(end, kind)),
        )
        for each, start, end in zip(found.ranges, starts, [*starts[1:], None], strict=True)
    ]  # fmt: skip
    return FacetRanges(min=_shown(found.least, kind), max=_shown(found.most, kind), ranges=ranges)


def _shown(value: Any, kind: Kind) -> float | datetime:
    if kind == "number":
        return float(value)
    return moment_at(min(max(value, FIRST_MOMENT), LAST_MOMENT))


def _text(value: Any, kind: Kind) -> str:
    shown = _shown(value, kind)
    if not isinstance(shown, datetime):
        return repr(shown).removesuffix(".0")
    text = shown.isoformat().replace("+00:00", "Z")
    return text.removesuffix("T00:00:00Z")
