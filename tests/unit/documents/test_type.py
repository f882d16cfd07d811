"""The type of a document: what it says itself; what is no short text is a field of its own, as in records of others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lightship.core.errors import InvalidDocumentError
from lightship.documents.jsonl import parse_line


def line(**more: Any) -> bytes:
    return json.dumps({"url": "https://example.org/", "text": "a page", **more}).encode()


def test_a_type_is_compared_without_regard_to_case() -> None:
    assert parse_line(line(type=" Issue  Report ")).type == "issue report"
    assert parse_line(line(type=None)).type == ""


@pytest.mark.parametrize("given", [["a", "b"], 7, "x" * 41])
def test_what_is_no_short_text_is_a_field(given: object) -> None:
    document = parse_line(line(type=given))
    assert document.type == ""
    assert document.fields == {"type": given}
    with pytest.raises(InvalidDocumentError):
        parse_line(line(type=given), strict=True)
