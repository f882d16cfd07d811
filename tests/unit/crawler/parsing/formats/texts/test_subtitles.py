"""Subtitles: what is said."""

from __future__ import annotations

import pytest

from lightship.crawler.parsing.encodings.media import SUBRIP, WEBVTT
from lightship.crawler.parsing.read import read_page

URL = "http://a.example/talk"
SRT = "1\r\n00:00:01,000 --> 00:00:02,500\r\n<i>Hello</i> there.\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,500\r\n{\\an8}How are\r\nyou?\r\n"
VTT = """WEBVTT - The talk
Language: de

NOTE a comment

intro
00:01.000 --> 00:04.000 align:start
<v Bob>Hello <c.x>there</c> &amp; <00:02.000>you.

00:05.000 --> 00:06.000
Hello there &amp; you.

STYLE
::cue {}
"""


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [(SUBRIP, SRT, "Hello there. How are you?"), (WEBVTT, VTT, "Hello there & you."), (SUBRIP, "", ""), (WEBVTT, "WEBVTT", "")],
)  # fmt: skip
def test_what_is_said(kind: str, text: str, expected: str) -> None:
    page = read_page(b"\xef\xbb\xbf" + text.encode(), kind, URL)
    assert (page.text, page.type) == (expected, "subtitles")


def test_a_header() -> None:
    page = read_page(VTT.encode(), WEBVTT, URL)
    assert (page.title, page.language) == ("The talk", "de")


def test_long_ones_have_paragraphs() -> None:
    cues = "\n\n".join(
        f"{number}\n00:{number:02}:00,000 --> 00:{number:02}:59,000\n{'word ' * 20}{number}." for number in range(50)
    )
    paragraphs = read_page(cues.encode(), SUBRIP, URL).text.split("\n\n")
    assert len(paragraphs) > 10
    assert all(each.endswith(".") for each in paragraphs)
