"""The links of a page: links, canonical, meta refresh, translations, feeds."""

from __future__ import annotations

from typing import Any

import pytest

from lightship.crawler.parsing.html.extract import Page, extract

URL = "http://a.example/d/page"


def page(html: str, **options: Any) -> Page:
    return extract(html, URL, **options)


def test_links_are_normal_urls_each_once_in_order() -> None:
    html = """<a href=x>1</a><a href="./x#part">2</a><map><area href=y></map><a href="mailto:a@b">3</a><a name=z>4</a>
    <iframe src=/frame></iframe><a href="?utm_source=here">5</a><a rel="external NoFollow" href=/never>6</a>
    <link rel=next href=/next><link rel=stylesheet href=/style.css>"""
    assert page(html).links == [
        "http://a.example/next", "http://a.example/d/x", "http://a.example/d/y", "http://a.example/frame", URL,
    ]  # fmt: skip


def test_base_moves_links_and_the_first_one_counts() -> None:
    html = "<head><base target=_top><base href=/e/><base href=/f/><link rel=canonical href=p></head><a href=x>1</a>"
    found = page(html)
    assert (found.links, found.canonical) == (["http://a.example/e/x"], "http://a.example/e/p")
    assert page("<base href='javascript:x'><a href=x>1</a>").links == ["http://a.example/d/x"]


def test_a_page_says_nofollow() -> None:
    html = """<meta name=robots content="NOFOLLOW"><link rel=canonical href=/c>
    <link rel=alternate hreflang=de href=/de><a href=x>1</a>"""
    found = page(html)
    assert (found.links, found.alternates, found.canonical) == ([], [], "http://a.example/c")


@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("0; url=/new", "http://a.example/new"), ("0;URL='/new'", "http://a.example/new"),
        ('1 , url = "new?a=1" junk', "http://a.example/d/new?a=1"), ("0;/new", "http://a.example/new"),
        ("0.5; url=new", "http://a.example/d/new"), ("0 url=/new", "http://a.example/new"),
        ("300", None), ("0", None), ("0; url=", None), ("0; url=page", None), ("0; url=javascript:alert(1)", None),
        ("30; url=/new", None), ("", None), ("x; url=/new", None),
    ],
)  # fmt: skip
def test_meta_refresh(content: str, target: str | None) -> None:
    html = f"""<META HTTP-EQUIV=Refresh CONTENT='{content}'>""" if "'" not in content else (
        f"""<meta http-equiv=refresh content="{content}">"""
    )  # fmt: skip
    assert page(html).refresh == target


def test_a_late_refresh_is_a_link_and_one_for_want_of_scripts_is_none() -> None:
    found = page("<meta http-equiv=refresh content='30; url=/later'>")
    assert (found.refresh, found.links) == (None, ["http://a.example/later"])
    found = page("<noscript><meta http-equiv=refresh content='0; url=/plain'></noscript>text")
    assert (found.refresh, found.links) == (None, [])


def test_translations_and_feeds() -> None:
    html = """<link rel=alternate hreflang=de href=/de/><link rel="Alternate" hreflang=x-default href=/>
    <link rel=alternate type=application/rss+xml href=/rss hreflang=en><link rel=alternate type=application/atom+xml href=atom>
    <link rel="alternate" type="application/feed+json" href=/feed.json><link rel=alternate type=text/html href=/print>
    <link rel="alternate stylesheet" href=/dark.css>"""
    found = page(html)
    assert found.alternates == ["http://a.example/de/", "http://a.example/"]
    assert found.feeds == ["http://a.example/rss", "http://a.example/d/atom", "http://a.example/feed.json"]


def test_queries_of_links_are_in_the_encoding_of_the_page() -> None:
    assert page("<a href='/s?q=搜'>x</a>", encoding="gb18030").links == ["http://a.example/s?q=%CB%D1"]


def test_the_number_of_links_is_limited() -> None:
    html = "".join(f"<a href=/{number}>x</a><link rel=alternate hreflang=de href=/{number}>" for number in range(7000))
    found = page(html)
    assert (len(found.links), len(found.alternates)) == (5000, 200)
