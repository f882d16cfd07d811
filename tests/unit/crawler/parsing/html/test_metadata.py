"""The metadata of pages in meta elements, Open Graph, Dublin Core and JSON-LD."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from lightship.core.sections import Section
from lightship.crawler.parsing.html.extract import MAX_TITLE, Page, extract
from lightship.crawler.parsing.html.metadata import parse_time
from lightship.crawler.parsing.read import document_of

URL = "http://a.example/"
SITE = "<meta property=og:site_name content='The site'>"


def page(html: str) -> Page:
    return extract(html, URL)


def linked(data: object) -> str:
    return f'<script type="application/ld+json">{msgspec.json.encode(data).decode()}</script>'


def test_meta_elements_and_open_graph() -> None:
    found = page("""<html><head><meta property="og:title" content=" Shared  title "><meta NAME=Author content="A. Writer">
    <meta property=og:description content=short><meta property=article:published_time content=2024-03-01T12:00:00+02:00>
    <meta property=article:modified_time content=2024-03-05><meta property=og:locale content=pt_BR></head><body>x""")
    assert (found.title, found.description, found.author) == ("Shared title", "short", "A. Writer")
    assert (found.published, found.modified) == (
        datetime(2024, 3, 1, 10, tzinfo=UTC), datetime(2024, 3, 5, tzinfo=UTC),
    )  # fmt: skip
    assert found.language == "pt"


def test_a_title_that_is_only_the_name_of_the_site_tells_pages_apart_by_another() -> None:
    named = "<title> The  site</title><meta property=og:site_name content='The site'>"
    assert page(f"{named}<meta property=og:title content=Shared><h1>Heading</h1>").title == "Shared"
    assert page(f"{named}<body><h1>Heading</h1>").title == "Heading"
    assert page(f"{named}<body><p>x").title == "The site"
    assert page("<title>Own</title><meta property=og:site_name content='The site'><h1>Heading</h1>").title == "Own"


def test_the_title_element_and_plain_description_come_first() -> None:
    found = page("""<title>Own</title><meta property=og:title content=Shared><meta property=og:description content=shared>
    <meta name=description content=own>""")
    assert (found.title, found.description) == ("Own", "own")


def test_json_ld() -> None:
    article = {
        "@type": ["NewsArticle"], "headline": "Head", "description": "about", "datePublished": "2023-01-02",
        "dateModified": "2023-02-03T04:05:06Z", "inLanguage": "fr-CA",
        "author": [{"@type": "Person", "name": "One"}, "Two", {"name": 3}, "https://a.example/three"],
    }  # fmt: skip
    for data in (
        article,
        [{"@type": "Organization", "name": "no"}, article],
        {"@graph": [{"@type": "WebSite"}, article]},
    ):
        found = page(linked(data))
        assert (found.title, found.description, found.author) == ("Head", "about", "One, Two")
        assert (found.published, found.modified) == (
            datetime(2023, 1, 2, tzinfo=UTC), datetime(2023, 2, 3, 4, 5, 6, tzinfo=UTC),
        )  # fmt: skip
        assert found.language == "fr"


@pytest.mark.parametrize(
    "script",
    [
        "", "{", "null", "[[[]]]", "[" * 100_000, '{"@type":"Article","author":{"name":{"name":[]}}}', '"Article"',
        '{"@type":{"@type":"Article"}}', '{"@type":"Article","headline":["x"],"datePublished":20240101}', "\ud800",
        '{"@graph":' * 2000 + "1" + "}" * 2000, '{"@type":"Article","name":"' + "x" * 300_000 + '"}',
    ],
)  # fmt: skip
def test_broken_json_ld_is_passed_over(script: str) -> None:
    found = page(f'<title>T</title><script type="application/ld+json">{script}</script><p>text')
    assert (found.title, found.author, found.published) == ("T", "", None)


def test_marked_times_and_authors() -> None:
    found = page(
        '<article><header><time datetime="2020-05-06T07:08:09Z">May</time> by <a rel=author>B. C.</a></header>x'
    )
    assert (found.published, found.author) == (datetime(2020, 5, 6, 7, 8, 9, tzinfo=UTC), "B. C.")
    found = page('<meta name=author content="https://social.example/me"><p itemprop=author>D. E.</p>')
    assert found.author == "D. E."


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2024-02-29", datetime(2024, 2, 29, tzinfo=UTC)), (" 20240229 ", datetime(2024, 2, 29, tzinfo=UTC)),
        ("2024-02-29T23:00:00-0300", datetime(2024, 3, 1, 2, tzinfo=UTC)),
        ("Thu, 29 Feb 2024 10:00:00 GMT", datetime(2024, 2, 29, 10, tzinfo=UTC)),
        ("yesterday", None), ("", None), ("0000-00-00", None), ("1970-01-01", None), ("2999-01-01", None),
        ("2024-13-01", None), ("9" * 1000, None), ("0001-01-01T00:00:00+23:59", None),
    ],
)  # fmt: skip
def test_times(text: str, time: datetime | None) -> None:
    assert parse_time(text) == time


def test_the_document_has_it() -> None:
    html = """<meta name=author content=W><meta name=date content=2024-01-02><h1 id=one>One</h1><h2>Two</h2>text"""
    document = document_of(page(html), URL)
    assert document.sections == [Section("One", 0, 1, "one"), Section("Two", 5, 2)]
    assert document.ranked_headings == ["One", "Two"]
    assert document.fields == {"author": "W", "published": "2024-01-02T00:00:00+00:00"}
    assert document.modified == datetime(2024, 1, 2, tzinfo=UTC)
    header = datetime(2024, 5, 5, tzinfo=UTC)
    assert document_of(page(html), URL, modified=header).modified == header
    assert document_of(page("plain"), URL).fields == {}


@pytest.mark.parametrize(
    ("html", "title"),
    [
        (f"<title>The site</title>{SITE}{linked({'@graph': [{'@type': 'WebSite', 'name': 'no'}, {'@type': 'Report', 'headline': 'Linked'}]})}", "Linked"),
        (f"<title>The site</title>{SITE}<meta name=dc.title content='Dublin title'><p>x", "Dublin title"),
        (f"<title>Own</title>{SITE}<meta property=og:title content=Shared>{linked({'@type': 'Article', 'headline': 'Linked'})}", "Own"),
        (f"<title>{'題' * 900}</title><h1>見出し", "題" * MAX_TITLE), (f"<title>  {'word ' * 300}</title>", ("word " * 100)[:MAX_TITLE]),
        ("<body><div class=t>No heading</div><p>x", ""), ("<svg><title>icon</title></svg><h2>Kopf</h2><p>x", "Kopf"),
        ("<title> </title><div role=heading aria-level=1>Überschrift</div><p>x", "Überschrift"),
    ],
    ids=["linked data", "Dublin Core", "own", "long", "long words", "none", "of a picture", "blank"],
)  # fmt: skip
def test_titles(html: str, title: str) -> None:
    assert page(html).title == title
