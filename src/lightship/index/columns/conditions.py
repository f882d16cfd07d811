"""Conditions on declared fields: `brand=acme`, `price=10..20`, `published=2025-01..`."""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import tantivy

from lightship.core.collections import COLLECTION
from lightship.core.declaration import BUILT_IN, LEVEL, Fields, Kind, microseconds_of, moment_of
from lightship.core.errors import InvalidInputError
from lightship.index.fields.address import segments_of
from lightship.index.fields.schema import column, further_column
from lightship.index.query.boolean import MUST, NOT, Clause, any_of
from lightship.index.query.language.languages import language_code

MAX_CONDITIONS = 100
RANGE = ".."
BELOW = "..<"  # a range without its upper end

_PARTIAL_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


class Span(NamedTuple):
    """A closed range of numbers; an open end is None."""

    least: Any
    most: Any


class Condition(NamedTuple):
    """Requires that a document has one of `values` in the field `name`, or, if `excludes`, that it has none of them."""

    name: str
    kind: Kind
    values: tuple[str | bool | Span, ...]
    excludes: bool = False

    def query(self, schema: tantivy.Schema) -> tantivy.Query:
        """Return the query for documents that have one of the values, all with the score 0."""
        found = any_of([_value_query(schema, column(self.name), self.kind, value) for value in self.values])
        return tantivy.Query.const_score_query(found, 0.0)


def before(value: Any, kind: Kind) -> Any:
    """Return the largest value of a number or a date below `value`."""
    return value - 1 if kind == "date" else math.nextafter(value, -math.inf)


def clauses(conditions: Sequence[Condition], schema: tantivy.Schema) -> list[Clause]:
    """Return the clauses that filter by all `conditions`."""
    return [(NOT if each.excludes else MUST, each.query(schema)) for each in conditions]


def with_least(schema: tantivy.Schema, name: str, kind: Kind, value: Any) -> list[Clause]:
    """Return the clauses for documents whose smallest value of a field is `value`; None: for those without one."""
    if value is None:
        return [(NOT, tantivy.Query.exists_query(column(name)))]
    if kind == "boolean":
        return [(MUST, Condition(name, kind, (value,)).query(schema))]
    if kind in ("number", "date"):
        spans = Span(value, value), Span(None, before(value, kind))
        same, less = (Condition(name, kind, (span,)) for span in spans)
        return [(MUST, same.query(schema)), (NOT, less.query(schema))]
    further = tantivy.Query.term_query(schema, further_column(name), value, "basic")
    return [(MUST, Condition(name, kind, (value,)).query(schema)), (NOT, further)]


def conditions_of(given: Sequence[tuple[str, str]], fields: Fields) -> tuple[Condition, ...]:
    """Return the conditions in pairs of a name and a text; a name that begins with `-` excludes.

    A document must have one of the values given for each name. Raises InvalidInputError.
    """
    if len(given) > MAX_CONDITIONS:
        raise InvalidInputError(f"{len(given)} conditions on fields; at most {MAX_CONDITIONS} are allowed")
    values: dict[tuple[str, bool], list[str | bool | Span]] = {}
    for name, text in given:
        key = name.removeprefix("-"), name.startswith("-")
        values.setdefault(key, []).append(parse_value(key[0], text, fields))
    return tuple(
        Condition(name, fields[name], tuple(dict.fromkeys(found)), excludes)
        for (name, excludes), found in values.items()
    )


def kind_of(name: str, fields: Fields, use: str) -> Kind:
    """Return the kind of the field `name`; raises InvalidInputError unless it can be put to that `use`."""
    kind = fields.get(name)
    if kind is None and name in BUILT_IN:
        raise InvalidInputError(f"can't {use} {name!r} yet: the index is of an older version, and is being rebuilt")
    if kind is None and name == COLLECTION:
        raise InvalidInputError(f"can't {use} collections: none is declared (see -collections)")
    if kind is None:
        own = [each for each in fields if each not in BUILT_IN]
        known = f"declared are {', '.join(own)}" if own else "none is declared"
        raise InvalidInputError(f"can't {use} {name[:80]!r}: it is not a declared field; {known} (see -fields)")
    if kind == "text":
        raise InvalidInputError(f"can't {use} {name!r}: it is a text, which is only searched; declare it as a keyword")
    return kind


def parse_value(name: str, text: str, fields: Fields) -> str | bool | Span:
    """Return what the field `name` is compared with; raises InvalidInputError."""
    kind = kind_of(name, fields, "filter by")
    if name in BUILT_IN and kind not in _READ:
        return _built_in(name, text)
    if kind not in _READ:
        return (
            LEVEL.join(filter(None, (part.strip() for part in text.split(LEVEL.strip())))) if kind == "path" else text
        )
    try:
        return _READ[kind](text.strip())
    except (ValueError, OverflowError) as error:
        raise InvalidInputError(f"can't filter by {name}={text[:80]}: it is declared as a {kind}; {error}") from error


def _built_in(name: str, text: str) -> str:
    """Return `text` as the values of a built-in field are written: without regard to case, languages by their code."""
    if name == "path":
        return LEVEL.join(part.strip() for part in segments_of(text.replace(LEVEL.strip(), "/")) if part.strip())
    return (language_code(text) or text) if name == "language" else text.strip().lower()


def _boolean(text: str) -> bool:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    raise ValueError("write true or false")


def _numbers(text: str) -> Span:
    try:
        first, last, below = _ends(text)
        least, most = _number(first), _number(last)
    except ValueError as error:
        raise ValueError(
            f"write a number like 10, or a range like 10{RANGE}20, 10{BELOW}20, {RANGE}20 or 10{RANGE}"
        ) from error
    return Span(least, before(most, "number") if below and most is not None else most)


def _dates(text: str) -> Span:
    try:
        first, last, below = _ends(text)
        most = _moment(last, last=not below)
        return Span(_moment(first, last=False), before(most, "date") if below and most is not None else most)
    except (ValueError, OverflowError) as error:
        raise ValueError(
            f"write a date like 2025, 2025-01 or 2025-01-31, or a range like 2025-01{RANGE}2025-03, "
            f"2025-01{BELOW}2025-04 or 2025{RANGE}"
        ) from error


_READ: dict[Kind, Callable[[str], bool | Span]] = {"boolean": _boolean, "number": _numbers, "date": _dates}


def _ends(text: str) -> tuple[str, str, bool]:
    """Return both ends of a range, and whether the second one is left out of it."""
    first, is_range, last = text.partition(RANGE)
    if not is_range:
        last = first
    below = bool(is_range) and last.startswith("<")
    first, last = first.strip(), last.removeprefix("<" if below else "").strip()
    if not first and not last:
        raise ValueError("empty")
    return first, last, below


def _number(text: str) -> float | None:
    if not text:
        return None
    number = float(text)
    if math.isnan(number):
        raise ValueError("not a number")
    return number + 0.0


def _moment(text: str, *, last: bool) -> int | None:
    """Return the first or the last microsecond of a year, a month, a day or a time."""
    if not text:
        return None
    found = _PARTIAL_DATE.fullmatch(text)
    if not found:
        return moment_of(text)
    year, month, day = (int(part) if part else None for part in found.groups())
    if not last:
        return microseconds_of(datetime(year or 1, month or 1, day or 1, tzinfo=UTC))
    month = month or 12
    end = datetime(year or 1, month, day or calendar.monthrange(year or 1, month)[1], tzinfo=UTC)
    return microseconds_of(end) + timedelta(days=1) // timedelta(microseconds=1) - 1


def _value_query(schema: tantivy.Schema, name: str, kind: Kind, value: str | bool | Span) -> tantivy.Query:
    if not isinstance(value, Span):
        return tantivy.Query.term_query(schema, name, value, "basic")
    least, most = value
    if least is None and most is None:
        return tantivy.Query.exists_query(name)
    if least is not None and most is not None and least > most:
        return tantivy.Query.empty_query()
    field_type = tantivy.FieldType.Float if kind == "number" else tantivy.FieldType.Integer
    return tantivy.Query.range_query(schema, name, field_type, least, most)
