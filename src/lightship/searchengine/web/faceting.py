"""Prepares facets, filters, orders and groups by fields for the templates: links that need no scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from lightship.core.declaration import BUILT_IN, Fields
from lightship.searchengine.search.api import Answer, FacetRange, FacetRanges, FacetValue, Group, Hit, SearchRequest
from lightship.searchengine.web.presenters import Link, address

SHOWN = 8  # facets of a page that asks for none by name
_BUILT_IN_SHOWN = ("type", "language", "site")

_YES_AND_NO = {True: "yes", False: "no"}


class Choice(NamedTuple):
    """A value of a facet: its link chooses it, or takes the choice back if it is `current`."""

    text: str
    documents: int
    href: str
    current: bool


class Facet(NamedTuple):
    """A facet as it is shown."""

    name: str
    choices: list[Choice]


def default_facets(fields: Fields) -> tuple[str, ...]:
    """Return the facets of a page: the first of the declared fields that have any, and some built-in ones."""
    own = [name for name, kind in fields.items() if kind != "text" and name not in BUILT_IN]
    return (*own, *(name for name in _BUILT_IN_SHOWN if name in fields))[:SHOWN]


def facets_of(request: SearchRequest, answer: Answer) -> list[Facet]:
    """Return the facets that have a choice, or a chosen value."""
    found = answer.facets if isinstance(answer.facets, dict) else {}
    shown = [Facet(_label(name), list(_choices(request, name, facet))) for name, facet in found.items()]
    return [each for each in shown if len(each.choices) > 1 or any(choice.current for choice in each.choices)]


def chips_of(request: SearchRequest) -> list[Link]:
    """Return a link for each condition of the request that takes it back."""
    return [
        Link(
            f"{'not ' if name.startswith('-') else ''}{_label(name.removeprefix('-'))}: {value}",
            _toggled(request, name, value),
        )
        for name, value in request.conditions
    ]


def sorts_by_fields(request: SearchRequest, fields: Fields) -> list[Link]:
    """Return links to the orders by numbers and dates, and the one that is chosen."""
    chosen = request.sort.lstrip("-")
    own = [name for name, kind in fields.items() if kind in ("number", "date") and name not in BUILT_IN]
    names = own if chosen in own or chosen not in fields or chosen == "date" else [*own, chosen]
    return [
        Link(
            f"{_label(name)} {arrow}",
            address(replace(request, sort=f"{sign}{name}", page=1)),
            request.sort == f"{sign}{name}",
        )
        for name in names
        for sign, arrow in (("", "↑"), ("-", "↓"))
    ]


def more_of(request: SearchRequest, hits: Sequence[Hit]) -> list[Link | None]:
    """Return for each hit the link to what else has its value: for the last one of a group, if there is more."""
    counted = Counter(hit.group.value for hit in hits if isinstance(hit.group, Group))
    last = {hit.group.value: number for number, hit in enumerate(hits) if isinstance(hit.group, Group)}
    return [_more(request, hit.group, counted, last, number) for number, hit in enumerate(hits)]


def _more(
    request: SearchRequest, group: object, counted: Counter[str | bool], last: dict[str | bool, int], number: int
) -> Link | None:
    if not isinstance(group, Group) or last[group.value] != number or counted[group.value] == group.count:
        return None
    others = (each for each in request.conditions if each[0] != request.group)
    narrowed = replace(request, conditions=(*others, (request.group, _written(group.value))), group="")
    return Link(
        f"{group.count - counted[group.value]:,} more from {_shown(group.value)}", address(replace(narrowed, page=1))
    )


def _choices(request: SearchRequest, name: str, facet: list[FacetValue] | FacetRanges) -> Iterable[Choice]:
    chosen = [value for given, value in request.conditions if given == name]
    if isinstance(facet, FacetRanges):
        known = {each.filter: (_span(each), each.count) for each in facet.ranges if each.count or each.filter in chosen}
    else:
        known = {_written(each.value): (_shown(each.value), each.count) for each in facet}
    for value in chosen:
        known.setdefault(value, (value, 0))
    for value, (text, count) in known.items():
        yield Choice(text, count, _toggled(request, name, value), value in chosen)


def _toggled(request: SearchRequest, name: str, value: str) -> str:
    """Return the address of the search with a condition, or without it if it has it."""
    pair = (name, value)
    without = tuple(each for each in request.conditions if each != pair)
    changed = without if pair in request.conditions else (*request.conditions, pair)
    return address(replace(request, conditions=changed, page=1))


def _written(value: str | bool) -> str:
    return value if isinstance(value, str) else str(value).lower()


def _shown(value: str | bool) -> str:
    return _YES_AND_NO[value] if isinstance(value, bool) else value or "(empty)"


def _span(each: FacetRange) -> str:
    if each.end is None:
        return f"{_end(each.start)} and more"
    return f"{_end(each.start)} – {_end(each.end)}"


def _end(value: float | datetime) -> str:
    if not isinstance(value, datetime):
        return f"{value:,.10g}"
    return f"{value:%Y-%m-%d}" if not (value.hour or value.minute or value.second) else f"{value:%Y-%m-%d %H:%M}"


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()
