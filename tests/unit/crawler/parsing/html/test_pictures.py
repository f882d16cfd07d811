"""What pictures say to those who do not see them is text, and their captions are."""

from __future__ import annotations

import pytest

from lightship.crawler.parsing.encodings.media import HTML
from lightship.crawler.parsing.html.selection import Choice
from lightship.crawler.parsing.read import read_page

URL = "http://a.example/"
PROSE = "Some text is here, and it goes on for a while, so that it is prose."


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<img alt='A chart'>", "A chart"), ("<a href=x><img alt='One boat'></a><a href=y><img alt='Two boats'></a>", "One boat Two boats"),
        ("x<img alt='in words'>y", "x in words y"), ("<figure><img alt='A chart'><figcaption>Figure 1</figcaption></figure>", "A chart\nFigure 1"),
        ("<figure><img alt='The tides'><figcaption>Figure 1: The  tides</figcaption></figure>", "Figure 1: The tides"),
        ("<div class=wp-caption><img alt='A chart'><p class=wp-caption-text>Its caption</p></div>", "A chart\n\nIts caption"),
        ("<map><area href=x alt='The north'><area href=y alt='The south'></map>", "The north The south"),
        ("<img alt='IMG_2034.JPG'><img alt='image'><img alt=' '><img>", ""), ("<table><caption>Tides</caption><tr><td><img alt=yes></table>", "Tides\nyes"),
        ("<svg role=img><title>A drawing</title><text>no</text></svg>", "A drawing"), ("<svg role=img aria-label='A drawing'><g/></svg>", "A drawing"),
        ("<svg><title>Sign</title></svg>", ""), ("<a href=x><svg role=img><title>Sign</title></svg></a>", ""), ("<b role=img aria-label='A map'></b>", "A map"),
        ("<b role=img aria-label='rocket'>🚀</b>", "🚀"), ("<img class=lazy alt=Late><noscript><img alt=Late></noscript>", "Late"),
    ],
)  # fmt: skip
def test_the_text_of_pictures(html: str, expected: str) -> None:
    for choice in (Choice(), Choice(select=("main",))):
        page = read_page(f"<main><p>{PROSE}</p>{html}</main>".encode(), HTML, URL, choice=choice)
        said = page.text.removeprefix(PROSE).strip()
        assert said == expected


def test_a_page_of_nothing_but_pictures() -> None:
    boats = "".join(f"<a href=/{number}><img alt='Boat number {number}'></a>" for number in range(3))
    assert read_page(f"<body>{boats}</body>".encode(), HTML, URL).text == "Boat number 0 Boat number 1 Boat number 2"
