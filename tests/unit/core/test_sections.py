"""Sections of documents are checked where they come in, and a wrong one is named."""

from __future__ import annotations

import json

import pytest

from lightship.core.errors import InvalidDocumentError
from lightship.core.sections import MAX_ANCHOR, MAX_HEADING, MAX_SECTIONS, Section
from lightship.documents.jsonl import parse_line

TEXT = "Usage\nStart it.\nLimits\nNone."


def line(*sections: object) -> bytes:
    return json.dumps({"url": "https://a.example/", "text": TEXT, "sections": sections}).encode()


def test_sections_are_taken_as_given() -> None:
    given = {"heading": "Limits", "start": 16, "level": 2, "anchor": "überschrift 2"}
    found = parse_line(line({"heading": "Usage", "start": 0}, given), strict=True)
    assert found.sections == [Section("Usage", 0), Section("Limits", 16, 2, "überschrift 2")]
    assert TEXT[found.sections[1].start :].startswith("Limits")


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"heading": "Usage"}, r"`start` - at `\$\.sections\[1\]`"),
        ({"start": 3}, r"`heading` - at `\$\.sections\[1\]`"),
        ({"heading": " ", "start": 3}, r"empty heading - at `\$\.sections\[1\]\.heading`"),
        ({"heading": "\x01", "start": 3}, r"empty heading"),
        (
            {"heading": "x" * (MAX_HEADING + 1), "start": 3},
            rf"limit is {MAX_HEADING} - at `\$\.sections\[1\]\.heading`",
        ),
        (
            {"heading": "x", "start": 3, "anchor": "x" * (MAX_ANCHOR + 1)},
            r"limit is \d+ - at `\$\.sections\[1\]\.anchor`",
        ),
        ({"heading": "x", "start": -1}, r"-1 is not in the text.* - at `\$\.sections\[1\]\.start`"),
        ({"heading": "x", "start": len(TEXT) + 1}, r"is not in the text, which has \d+ characters"),
        ({"heading": "x", "start": 0}, r"before the previous section, at 1"),
        ({"heading": "x", "start": 3, "level": 7}, r"level 7 is not between 1 and 6 - at `\$\.sections\[1\]\.level`"),
        ({"heading": "x", "start": 3, "level": "2"}, r"at `\$\.sections\[1\]\.level`"),
        ({"heading": "x", "start": 1.5}, r"at `\$\.sections\[1\]\.start`"),
        ({"heading": "x", "start": 3, "ancor": "y"}, r"unknown key 'ancor' - at `\$\.sections\[1\]`"),
        ("Usage", r"at `\$\.sections\[1\]`"),
    ],
)
def test_a_wrong_section_is_named(section: object, told: str) -> None:
    with pytest.raises(InvalidDocumentError, match=told):
        parse_line(line({"heading": "first", "start": 1}, section))


def test_the_number_of_sections_is_bounded() -> None:
    parse_line(line(*[{"heading": "x", "start": 1}] * MAX_SECTIONS))
    with pytest.raises(InvalidDocumentError, match=rf"{MAX_SECTIONS + 1} sections: the limit is {MAX_SECTIONS}"):
        parse_line(line(*[{"heading": "x", "start": 1}] * (MAX_SECTIONS + 1)))
