"""Declared fields: which of a document's `fields` can be filtered, counted and sorted by, and what their values are.

A declaration is a text like `brand:keyword,price:number,summary:text^2`, in alphabetical order. It is part of an index's
layout.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Literal, get_args

import msgspec

from lightship.core.caching import cache_short
from lightship.core.errors import InvalidDocumentError, InvalidInputError
from lightship.core.model import Document, FieldValue, Scalar

Kind = Literal["keyword", "number", "date", "boolean", "path", "text"]
KINDS: tuple[Kind, ...] = get_args(Kind)

MAX_DECLARED = 64
MAX_WEIGHT = 4  # of a text, compared with the text of the document
MAX_DECLARATION = 5000  # characters: room for so many of the longest
MAX_VALUES = 1000  # of one field of a document
MAX_KEYWORD_BYTES = 1000  # of one value; paths as a whole
MAX_LEVELS = 20  # of a path
LEVEL = " > "  # between the levels of a path

# Words that mean something else in a query or a query string
RESERVED = frozenset({
    "facets", "filetype", "format", "group", "in", "intitle", "lang", "limit", "offset", "oldest", "page", "q", "size", "snippet",
    "sort", "text", "title", "url",
})  # fmt: skip

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_WEIGHTS = {str(weight) for weight in range(2, MAX_WEIGHT + 1)}
_DECIMAL = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_TRUTHS = {"true": True, "false": False}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Value = str | float | int | bool
Fields = Mapping[str, Kind]
NO_FIELDS: Fields = MappingProxyType({})
NO_WEIGHTS: Mapping[str, int] = MappingProxyType({})
BUILT_IN: Fields = MappingProxyType({  # what every document has without declaring it
    "date": "date", "language": "keyword", "length": "number", "path": "path", "site": "keyword", "type": "keyword",
})  # fmt: skip


@cache_short(entries=16, longest=MAX_DECLARATION)
def declared(text: str) -> Fields:
    """Return the kinds of the fields that `text` declares, by name; raises InvalidInputError."""
    if len(text) > MAX_DECLARATION:
        raise InvalidInputError(
            f"the declaration of fields has {len(text)} characters; at most {MAX_DECLARATION} are allowed"
        )
    kinds: dict[str, Kind] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, told = (piece.strip() for piece in part.partition(":"))
        kind, _, weight = told.partition("^")
        if not _NAME.fullmatch(name):
            raise InvalidInputError(
                f"field {name[:80]!r}: a name has lower-case letters, digits and _, like price, and begins with a letter"
            )
        if name in BUILT_IN:
            raise InvalidInputError(f"field {name!r}: every document has this field already; choose another name")
        if name in RESERVED:
            raise InvalidInputError(f"field {name!r}: the name is reserved; choose another one")
        if kind not in KINDS:
            raise InvalidInputError(f"field {name!r}: kind {kind[:80]!r} must be one of {', '.join(KINDS)}")
        if kind != told and (kind != "text" or weight not in _WEIGHTS):
            raise InvalidInputError(
                f"field {name!r}: only a text has a weight, a whole number up to {MAX_WEIGHT}, as in text^2"
            )
        if name in kinds:
            raise InvalidInputError(f"field {name!r} is declared twice")
        kinds[name] = kind
    if len(kinds) > MAX_DECLARED:
        raise InvalidInputError(f"{len(kinds)} fields are declared, at most {MAX_DECLARED} can be")
    return MappingProxyType(dict(sorted(kinds.items())))


@cache_short(entries=16, longest=MAX_DECLARATION)
def weights(text: str) -> Mapping[str, int]:
    """Return the weights of the texts that a valid declaration declares, by name, without those of weight 1."""
    parts = (part.partition(":") for part in text.split(","))
    found = {name.strip(): kind.strip().partition("^")[2] for name, _, kind in parts}
    return MappingProxyType({name: int(weight) for name, weight in found.items() if weight in _WEIGHTS})


def canonical(text: str) -> str:
    """Return the declaration in the one form that is compared; raises InvalidInputError."""
    kinds, weighted = declared(text), weights(text)
    return ",".join(f"{name}:{kind}{f'^{weighted[name]}' if name in weighted else ''}" for name, kind in kinds.items())


def conforming(document: Document, fields: Fields) -> tuple[Document, dict[str, str]]:
    """Return `document` without the values that do not fit the declared `fields`, and by name why they do not.

    A text that is a number, true or false becomes one where its field is declared so: pages and tables have only texts.
    """
    read = {name: _read(value, fields.get(name)) for name, value in document.fields.items()}
    wrong = {name: reason for name in read if (reason := _misfit(read[name], name, fields))}
    kept = {name: value for name, value in read.items() if name not in wrong}
    return document if kept == document.fields else msgspec.structs.replace(document, fields=kept), wrong


def _read(value: FieldValue, kind: Kind | None) -> FieldValue:
    if kind not in ("number", "boolean"):
        return value
    if isinstance(value, list):
        return [_read_scalar(each, kind) for each in value]
    return _read_scalar(value, kind)


def _read_scalar(value: Scalar, kind: Kind) -> Scalar:
    text = value.strip() if isinstance(value, str) else ""
    if kind == "boolean":
        return _TRUTHS.get(text.lower(), value)
    return float(text) if _DECIMAL.fullmatch(text) else value


def check_fields(document: Document, fields: Fields) -> Document:
    """Return `document` if its values fit the declared `fields`; raise InvalidDocumentError naming the field otherwise."""
    for name, value in document.fields.items():
        if reason := _misfit(value, name, fields):
            raise InvalidDocumentError(f"field {name!r}: {reason}")
    return document


def values_of(value: FieldValue, kind: Kind) -> list[Value]:
    """Return the values to index, in ascending order and each once; raises ValueError, in words, if `value` does not fit.

    Numbers are floats, dates microseconds since 1970, and a path is itself and all that it is below.
    """
    given = value if isinstance(value, list) else [value]
    if len(given) > MAX_VALUES:
        raise ValueError(f"{len(given)} values; at most {MAX_VALUES} are allowed")
    if kind == "boolean":
        return [_boolean(value)]
    if kind == "number":
        return sorted({_number(item) for item in given})
    if kind == "date":
        return sorted({_microseconds(item) for item in given})
    if kind == "path":
        return sorted({prefix for item in given for prefix in _levels(item)})
    return sorted({_text(item, limit=0 if kind == "text" else MAX_KEYWORD_BYTES) for item in given})


def moment_of(text: str) -> int:
    """Return the microseconds since 1970 of an ISO 8601 date or time, in UTC unless it says otherwise.

    Raises ValueError.
    """
    if len(text) <= len("2025-01-31"):
        return microseconds_of(datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC))
    moment = datetime.fromisoformat(text)
    return microseconds_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _misfit(value: FieldValue, name: str, fields: Fields) -> str:
    """Return in words why `value` can't be indexed as declared; an empty string if it can."""
    kind = fields.get(name)
    if kind is None:
        return ""
    try:
        values_of(value, kind)
    except ValueError as error:
        return f"{error}; {name} is declared as a {kind}"
    return ""


def _boolean(value: FieldValue) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"{_shown(value)} is neither true nor false")


def _number(value: Scalar) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) + 0.0  # not -0.0
    raise ValueError(f"{_shown(value)} is not a number")


def _microseconds(value: Scalar) -> int:
    try:
        if isinstance(value, str):
            return moment_of(value)
        if not isinstance(value, bool):
            return microseconds_of(datetime.fromtimestamp(value, UTC))
    except (ValueError, OverflowError, OSError):
        pass
    raise ValueError(f"{_shown(value)} is not a date like 2025-01-31 or 2025-01-31T12:00:00Z")


def microseconds_of(moment: datetime) -> int:
    """Return the microseconds since 1970 of an aware datetime."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment_at(microseconds: int) -> datetime:
    """Return the time so many microseconds after 1970, in UTC; raises OverflowError outside the years 1 to 9999."""
    return _EPOCH + timedelta(microseconds=microseconds)


FIRST_MOMENT = microseconds_of(datetime.min.replace(tzinfo=UTC))
LAST_MOMENT = microseconds_of(datetime.max.replace(tzinfo=UTC))


def _levels(value: Scalar) -> list[str]:
    levels = [level for part in _text(value, MAX_KEYWORD_BYTES).split(LEVEL.strip()) if (level := part.strip())]
    if not 1 <= len(levels) <= MAX_LEVELS:
        raise ValueError(f"{_shown(value)} has {len(levels)} levels, must have 1 to {MAX_LEVELS}, like a{LEVEL}b")
    return [LEVEL.join(levels[: number + 1]) for number in range(len(levels))]


def _text(value: Scalar, limit: int) -> str:
    if isinstance(value, str):
        if limit and len(value.encode()) > limit:
            raise ValueError(f"{_shown(value)} has {len(value.encode())} bytes; at most {limit} are allowed")
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"{_shown(value)} is not a text")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
