"""Declared fields: what may be declared, which values fit, and what they are indexed as."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.core.declaration import (
    KINDS,
    MAX_DECLARED,
    MAX_KEYWORD_BYTES,
    MAX_LEVELS,
    MAX_VALUES,
    Kind,
    canonical,
    check_fields,
    conforming,
    declared,
    moment_of,
    values_of,
    weights,
)
from lightship.core.errors import InvalidDocumentError, InvalidInputError
from lightship.core.model import Document, FieldValue

MICRO = 1_000_000


def test_a_declaration_has_one_form() -> None:
    assert canonical(" price : number, brand:keyword,") == "brand:keyword,price:number"
    assert canonical(canonical("b:path,a:text")) == "a:text,b:path"
    assert canonical(" b : text^2 ,a:text") == canonical(canonical("a:text,b:text^2")) == "a:text,b:text^2"
    assert (dict(declared("b:text^2")), dict(weights("a:text,b:text^2"))) == ({"b": "text"}, {"b": 2})
    assert not declared("")
    assert not weights("")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("price", "kind '' must be one of keyword, number"),
        ("price:money", "kind 'money' must be one of"),
        ("Price:number", "lower-case letters"),
        ("1st:number", "begins with a letter"),
        ("größe:number", "lower-case letters"),
        ("x" * 64 + ":number", "lower-case letters"),
        ("site:keyword", "every document has this field already"),
        ("sort:keyword", "is reserved"),
        ("a:number,a:keyword", "declared twice"),
        *(
            (f"a:{kind}", "only a text has a weight, a whole number up to 4, as in text\\^2")
            for kind in ("keyword^2", "text^", "text^1", "text^5", "text^2.5", "text^٢", "text^2^2")
        ),
        (",".join(f"f{number}:number" for number in range(MAX_DECLARED + 1)), "65 fields are declared, at most 64"),
    ],
)
def test_a_wrong_declaration_is_refused_and_says_why(text: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        declared(text)


@pytest.mark.parametrize(
    ("kind", "value", "indexed"),
    [
        ("keyword", "Acme", ["Acme"]),
        ("keyword", ["b", "a", "b"], ["a", "b"]),
        ("keyword", 9780, ["9780"]),
        ("number", 3, [3.0]),
        ("number", [2.5, -0.0, 0], [0.0, 2.5]),
        ("date", "1970-01-02", [86_400 * MICRO]),
        ("date", "1970-01-01T01:00:00+01:00", [0]),
        ("date", "1970-01-01T00:00:00.000001Z", [1]),
        ("date", "1969-12-31T23:59:59.5", [-MICRO // 2]),
        ("date", [3, 1.5], [1_500_000, 3 * MICRO]),
        ("boolean", False, [False]),
        ("path", "a > b > c", ["a", "a > b", "a > b > c"]),
        ("path", ["a>b", " a "], ["a", "a > b"]),
        ("text", "any words", ["any words"]),
    ],
)
def test_what_a_value_is_indexed_as(kind: Kind, value: object, indexed: list[object]) -> None:
    found = values_of(value, kind)  # type: ignore[arg-type]
    assert (found, list(map(type, found))) == (indexed, list(map(type, indexed)))


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("keyword", True, "True is not a text"),
        ("keyword", 1.5, "1.5 is not a text"),
        ("keyword", "ä" * (MAX_KEYWORD_BYTES // 2 + 1), "has 1002 bytes; at most 1000"),
        ("keyword", ["x"] * (MAX_VALUES + 1), "1001 values; at most 1000"),
        ("number", "3 or so", "'3 or so' is not a number"),
        ("number", True, "True is not a number"),
        ("number", [1, "x"], "'x' is not a number"),
        ("date", "yesterday", "'yesterday' is not a date like 2025-01-31"),
        ("date", "2025-02-30", "is not a date"),
        ("date", True, "is not a date"),
        ("date", 1e300, "is not a date"),
        ("boolean", 1, "1 is neither true nor false"),
        ("boolean", [True], "is neither true nor false"),
        ("path", " > ", "has 0 levels"),
        ("path", ">".join("a" * (MAX_LEVELS + 1)), "has 21 levels"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_or_left_out(kind: Kind, value: object, said: str) -> None:
    document = Document(url="https://ex.org/", fields={"x": value, "other": 1})  # type: ignore[dict-item]
    fields = declared(f"x:{kind}")
    with pytest.raises(InvalidDocumentError, match=rf"field 'x': .*{said}.*; x is declared as a {kind}"):
        check_fields(document, fields)
    kept, wrong = conforming(document, fields)
    assert (kept.fields, list(wrong)) == ({"other": 1}, ["x"])


def test_what_is_not_declared_may_be_anything() -> None:
    document = Document(url="https://ex.org/", fields={"x": [1, "a", True]})
    assert check_fields(document, declared("y:number")) is document
    assert conforming(document, declared("y:number")) == (document, {})


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        ("number", " 12.50 ", 12.5), ("number", ["1", 2, "-3"], [1.0, 2, -3.0]), ("boolean", "True", True),
        ("boolean", "false", False), ("keyword", "12.50", "12.50"), ("number", 7, 7),
    ],
)  # fmt: skip
def test_a_text_becomes_what_its_field_is_declared_as(kind: str, value: FieldValue, read: FieldValue) -> None:
    kept, wrong = conforming(Document(url="https://ex.org/", fields={"x": value}), declared(f"x:{kind}"))
    assert (kept.fields, wrong) == ({"x": read}, {})


@pytest.mark.parametrize("value", ["12,50", "1e5", "nan", "9" * 400, "", "٣"])
def test_a_text_that_is_no_plain_number_is_left_out(value: str) -> None:
    kept, wrong = conforming(Document(url="https://ex.org/", fields={"x": value}), declared("x:number"))
    assert (kept.fields, list(wrong)) == ({}, ["x"])


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(st.sampled_from(KINDS), scalars.filter(lambda value: value is not None) | st.lists(st.text() | st.integers()))
def test_any_value_fits_or_is_told(kind: Kind, value: object) -> None:
    try:
        found = values_of(value, kind)  # type: ignore[arg-type]
    except ValueError as error:
        assert str(error)
    else:
        assert found == sorted(set(found))


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_keep_their_microseconds(moment: datetime) -> None:
    assert moment_of(moment.isoformat()) == (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
