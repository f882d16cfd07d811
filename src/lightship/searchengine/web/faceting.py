"""Prepares facets, filters, orders and groups by fields for the templates: links that need no scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from lightship.core.collections import COLLECTION, Collections, title_of
from lightship.core.declaration import BUILT_IN, Fields
from lightship.index.columns.conditions import BELOW, RANGE
from lightship.searchengine.search.api import Answer, FacetRange, FacetRanges, FacetValue, Group, Hit, SearchRequest
from lightship.searchengine.web.presenters import Link, address, language_name, languages_of, sorts_of

MENUS = ("type", "language", "date")  # facets of every index, which are menus above the results
_PAST = {"Past day": 1, "Past week": 7, "Past month": 31, "Past year": 366}  # days
SHOWN = 8  # facets of a page that asks for none by name
_BUILT_IN_SHOWN = ("type", "language", "site")

_YES_AND_NO = {"true": "yes", "false": "no"}
_ORDERS = {"number": ("lowest first", "highest first"), "date": ("oldest first", "newest first")}
_OTHER_ORDERS = ("A to Z", "Z to A")


class Facet(NamedTuple):
    """A facet as it is shown: each link chooses a value, or takes the choice back if it is `current`."""

    name: str
    label: str
    choices: list[Link]


class Menu(NamedTuple):
    """A choice of links above the results."""

    label: str
    choices: list[Link]


def default_facets(fields: Fields, varies: Callable[[str], bool]) -> tuple[str, ...]:
    """Return the facets of a page: the first of the declared fields that have any, and built-in ones that vary."""
    own = [name for name, kind in fields.items() if kind != "text" and name not in BUILT_IN]
    return (*own, *(name for name in _BUILT_IN_SHOWN if name in fields and varies(name)))[:SHOWN]


def facets_of(request: SearchRequest, answer: Answer, fields: Fields) -> list[Facet]:
    """Return the facets that have a choice, or a chosen value."""
    found = answer.facets if isinstance(answer.facets, dict) else {}
    shown = [Facet(name, _label(name), list(_choices(request, name, facet, fields))) for name, facet in found.items()]
    return [each for each in shown if len(each.choices) > 1 or any(choice.current for choice in each.choices)]


def menus_of(
    request: SearchRequest, answer: Answer, fields: Fields, facets: list[Facet], today: date | None = None
) -> list[Menu]:
    """Return the menus that have a choice: those of `facets`, the language, the date (as of `today`), and the order."""
    menus = [Menu(each.label, each.choices) for each in facets if each.name in MENUS]
    languages = languages_of(request, answer.hits)
    if languages and not any(each.label == "Language" for each in menus):
        menus.append(Menu("Language", languages))
    if today and "date" in fields and not any(each.label == "Date" for each in menus):
        menus.append(Menu("Date", list(_dates(request, today))))
    return [*menus, Menu("Sort", [*sorts_of(request), *sorts_by_fields(request, fields)])]


def chosen_of(request: SearchRequest, collections: Collections) -> Link | None:
    """Return a link to the collection that is searched, if it is one."""
    name = _collection_of(request)
    own = _within(SearchRequest(key=request.key), name)
    return Link(title_of(name, collections), address(own)) if name else None


def _collection_of(request: SearchRequest) -> str:
    """Return the name of the collection that is searched, if it is one."""
    chosen = [value for name, value in request.conditions if name == COLLECTION]
    return chosen[0] if len(chosen) == 1 else ""


def tabs_of(request: SearchRequest, facets: list[Facet], collections: Collections) -> list[Link]:
    """Return links to the same search in each collection, the declared ones first, and in all; empty without any."""
    counted = next((each.choices for each in facets if each.name == COLLECTION), [])
    if not counted:
        return []
    known = {each.text: each for each in counted}
    names = [*(name for name in collections if name in known), *(name for name in known if name not in collections)]
    chosen = any(each.current for each in counted)
    return [
        Link("All", address(_within(request, "")), not chosen),
        *(
            Link(
                title_of(name, collections),
                address(_within(request, name)),
                known[name].current,
                documents=known[name].documents,
            )
            for name in names
        ),
    ]


def _within(request: SearchRequest, name: str) -> SearchRequest:
    """Return the same search in the collection `name`, or in all, from its first page."""
    others = tuple(each for each in request.conditions if each[0] != COLLECTION)
    return replace(request, conditions=(*others, (COLLECTION, name)) if name else others, page=1, offset=None)


def _dates(request: SearchRequest, today: date) -> Iterable[Link]:
    """Yield links to the newest documents, of some days up to `today`, and to those of any time."""
    others = tuple(each for each in request.conditions if each[0] != "date")
    yield Link("Any time", address(replace(request, conditions=others, page=1)))
    for text, days in _PAST.items():
        condition = ("date", f"{today - timedelta(days=days)}{RANGE}")
        narrowed = replace(request, conditions=(*others, condition), page=1)
        yield Link(text, address(narrowed), condition in request.conditions)


def chips_of(request: SearchRequest, fields: Fields) -> list[Link]:
    """Return a link for each condition of the request, and its language, that takes it back; tabs do so for one collection."""
    tab = _collection_of(request)
    chips = [
        Link(f"{_label(name)}: {_readable(name.removeprefix('-'), value, fields)}", _toggled(request, name, value))
        for name, value in request.conditions
        if not (tab and name == COLLECTION)
    ]
    if request.lang:
        chips.append(Link(f"Language: {language_name(request.lang)}", address(replace(request, lang="", page=1))))
    return chips


def sorts_by_fields(request: SearchRequest, fields: Fields) -> list[Link]:
    """Return links to the orders by numbers and dates, and the one that is chosen."""
    chosen = request.sort.lstrip("-")
    own = [name for name, kind in fields.items() if kind in _ORDERS and name not in BUILT_IN]
    names = own if chosen in own or chosen not in fields or chosen == "date" else [*own, chosen]
    return [
        Link(
            f"{_label(name)}, {order}",
            address(replace(request, sort=f"{sign}{name}", page=1)),
            request.sort == f"{sign}{name}",
        )
        for name in names
        for sign, order in zip(("", "-"), _ORDERS.get(fields[name], _OTHER_ORDERS), strict=True)
    ]


def more_of(request: SearchRequest, hits: Sequence[Hit], fields: Fields) -> list[Link | None]:
    """Return for each hit the link to what else has its value: for the last one of a group, if there is more."""
    groups = [hit.group if isinstance(hit.group, Group) else None for hit in hits]
    counted = Counter(group.value for group in groups if group)
    last = {group.value: number for number, group in enumerate(groups) if group}
    return [
        _more(request, group, group.count - counted[group.value], fields)
        if group and last[group.value] == number
        else None
        for number, group in enumerate(groups)
    ]


def _more(request: SearchRequest, group: Group, left: int, fields: Fields) -> Link | None:
    """Return the link to all of a group, of which so many are not shown; None if there are none."""
    if not left:
        return None
    value = _written(group.value)
    others = (each for each in request.conditions if each[0] != request.group)
    narrowed = replace(request, conditions=(*others, (request.group, value)), group="", page=1)
    return Link(f"{left:,} more from {_readable(request.group, value, fields)}", address(narrowed))


def _choices(
    request: SearchRequest, name: str, facet: list[FacetValue] | FacetRanges, fields: Fields
) -> Iterable[Link]:
    chosen = [value for given, value in request.conditions if given == name]
    known: dict[str, tuple[str, int | None]]
    if isinstance(facet, FacetRanges):
        known = {each.filter: (_span(each), each.count) for each in facet.ranges if each.count or each.filter in chosen}
    else:
        written = [(_written(each.value), each.count) for each in facet]
        known = {value: (_readable(name, value, fields), count) for value, count in written}
    for value in chosen:
        known.setdefault(value, (_readable(name, value, fields), None))
    for value, (text, count) in known.items():
        yield Link(text, _toggled(request, name, value), value in chosen, documents=count)


def _toggled(request: SearchRequest, name: str, value: str) -> str:
    """Return the address of the search with a condition, or without it if it has it."""
    pair = (name, value)
    without = tuple(each for each in request.conditions if each != pair)
    changed = without if pair in request.conditions else (*request.conditions, pair)
    return address(replace(request, conditions=changed, page=1))


def _written(value: str | bool) -> str:
    return value if isinstance(value, str) else str(value).lower()


def _readable(name: str, value: str, fields: Fields) -> str:
    """Return the `value` of a condition for people."""
    kind = fields.get(name)
    if kind == "boolean":
        return _YES_AND_NO.get(value, value)
    if name == "language":
        return language_name(value)
    if RANGE in value and kind in ("number", "date", None):
        return _readable_range(value)
    return value or "(empty)"


def _readable_range(text: str) -> str:
    if BELOW in text and all(each.endswith("-01-01") for each in text.split(BELOW)):
        text = text.replace("-01-01", "")
    start, _, end = text.replace(BELOW, RANGE).partition(RANGE)
    if start and end:
        return f"{start} – {end}"
    return f"{start} and more" if start else f"up to {end}"


def _span(each: FacetRange) -> str:
    ends = [each.start] if each.end is None else [each.start, each.end]
    form = "%Y" if all(isinstance(end, datetime) and _is_new_year(end) for end in ends) else "%Y-%m-%d"
    shown = [_end(end, form) for end in ends]
    return f"{shown[0]} and more" if each.end is None else " – ".join(shown)


def _end(value: float | datetime, form: str) -> str:
    if not isinstance(value, datetime):
        return f"{value:,.10g}"
    return f"{value:{form}}" if not (value.hour or value.minute or value.second) else f"{value:%Y-%m-%d %H:%M}"


def _is_new_year(moment: datetime) -> bool:
    return moment == moment.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)


def _label(name: str) -> str:
    text = name.removeprefix("-").replace("_", " ")
    return f"Not {text}" if name.startswith("-") else text.capitalize()
