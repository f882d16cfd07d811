"""Texts in Rich Text Format."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lightship.core.errors import InvalidDocumentError
from lightship.crawler.parsing.encodings.media import RTF, kind_of
from lightship.crawler.parsing.read import read_page

URL = "http://a.example/document"
FONTS = rb"{\fonttbl{\f0\fnil\fcharset0 Calibri;}{\f1\fcharset204 Cyr;}{\f2\fcharset128 Jp;}}"
INFO = rb"{\info{\title The t\'eftle}{\author A. Utor}{\subject About}{\creatim\yr2024\mo2\dy3\hr4\min5}{\revtim\yr2024\mo3\dy4}}"


def text(content: bytes) -> str:
    return read_page(rb"{\rtf1\ansi\ansicpg1252\deff0" + FONTS + content + b"}", RTF, URL).text


def test_a_document() -> None:
    body = (
        rb"{\rtf1\ansi"
        + FONTS
        + INFO
        + rb"{\pard\outlinelevel0 Heading\par}\pard Text \b bold\b0 .\par \pard\outlinelevel1 Sub\par}"
    )
    page = read_page(body, "", URL)
    assert (page.title, page.author, page.description, page.type) == ("The tïtle", "A. Utor", "About", "rtf")
    assert (page.published, page.modified) == (
        datetime(2024, 2, 3, 4, 5, tzinfo=UTC),
        datetime(2024, 3, 4, tzinfo=UTC),
    )
    assert [(each.heading, each.level) for each in page.sections] == [("Heading", 1), ("Sub", 2)]
    assert page.text == "Heading\n\nText bold.\n\nSub"
    assert kind_of("application/octet-stream", body) == RTF


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (rb"10 \u8364? \u-10179?\u-8704?x", "10 € 😀x"), (rb"{\uc0 a\u8364 b} \u8364\'80c", "a€b €c"),
        (rb"{\f1 \'cf\'f0\'e8} {\f2 \'8c\'9f\'8d\'f5}", "При 検索"), (rb"\'80 \emdash  \{x\} a\~b c\_d", "€ — {x} a b c-d"),
        (rb"{\header no}{\*\unknown no}{\pict 00ff}{\*\shptxt yes}", "yes"), (rb"a{\footnote\pard note}b", "anoteb"),
        (rb"{\field{\*\fldinst HYPERLINK x}{\fldrslt shown}}", "shown"), (rb"a\bin4 }}}}b", "ab"), (rb"a\'zzb", "a'zzb"),
        (rb"\trowd A\cell B\cell\row C\par", "A B\n\nC"), (b"one\r\ntwo", "onetwo"), (rb"a}}}} b", "a b"),
    ],
)  # fmt: skip
def test_what_is_text(content: bytes, expected: str) -> None:
    assert text(content) == expected


@pytest.mark.parametrize(("body", "problem"), [(b"no", "begin with"), (rb"{\rtf1" + b"{" * 2000, "nested")])
def test_broken_and_hostile_ones_are_refused(body: bytes, problem: str) -> None:
    with pytest.raises(InvalidDocumentError, match=problem):
        read_page(body, RTF, URL)
