from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.searchengine.search.api import Answer, Hit, HitSection, IndexInfo, SearchRequest
from lightship.searchengine.web import presenters
from lightship.searchengine.web.html import (
    SECURITY_HEADERS,
    STATIC,
    asset_url,
    render_error,
    render_opensearch,
    render_page,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
INDEX = IndexInfo(layout="a", documents=129_102, fresh_as_of=NOW - timedelta(seconds=2))
HOSTILE = """"'><script>alert(1)</script><img src=x onerror=alert(1)>"""


class Page(HTMLParser):
    """The start tags and the text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag and wanted.items() <= attrs.items()]


def hit(url: str = "https://example.org/a", title: str = "A title", snippet: str = "", language: str = "en") -> Hit:
    return Hit(url=url, title=title, snippet=snippet, score=1.0, site="example.org", language=language, modified=NOW)


def answer(
    *hits: Hit, query: str = "news", total: int | None = None, page: int = 1, index: IndexInfo = INDEX, notice: str = ""
) -> Answer:
    count = len(hits) if total is None else total
    return Answer(
        query=query, total=count, page=page, size=10, took_ms=1.94, index=index, hits=list(hits), notice=notice or None
    )


def page(asked: SearchRequest, given_answer: Answer | None, index: IndexInfo | None = None) -> Page:
    return Page(render_page(asked, given_answer, index, now=NOW))


def test_empty_page_has_a_focused_box_and_tells_of_the_index() -> None:
    shown = page(SearchRequest(), None, INDEX)
    assert "autofocus" in shown.all("input", name="q")[0]
    assert "129,102 documents index fresh as of 2 s ago" in shown.text
    assert shown.all("time", datetime="2026-11-23T11:59:58+00:00")


def test_results() -> None:
    shown = page(SearchRequest(query="news"), answer(hit(snippet="some <mark>news</mark> &amp; more", language="zh")))
    link = shown.all("a", href="https://example.org/a")[0]
    assert link["rel"] == "noopener noreferrer nofollow"
    assert "autofocus" not in shown.all("input", name="q")[0]
    assert shown.all("input", name="q")[0]["value"] == "news"
    assert shown.all("h2", lang="zh", dir="auto")
    assert shown.all("p", lang="zh", dir="auto")
    assert len(shown.all("mark")) == 1
    for text in ("1 result in 1.9 ms", "index fresh as of 2 s ago", "some news & more", "23 Nov 2026"):
        assert text in shown.text


@pytest.mark.parametrize("url", ["file:///home/me/My%20notes.md", "urn:isbn:1", "javascript:alert(1)", "JAVASCRIPT:x"])
def test_only_web_addresses_become_links(url: str) -> None:
    shown = page(SearchRequest(query="news"), answer(hit(url)))
    assert not [attrs for attrs in shown.all("a") if attrs.get("rel") == "noopener noreferrer nofollow"]
    assert presenters.readable_url(url) in shown.text


def test_a_letter_stands_for_the_icon_of_a_site() -> None:
    shown = [
        presenters.result_of(hit(url), SearchRequest())
        for url in ("https://www.example.org/a", "https://example.org/b", "urn:-")
    ]
    assert [each.letter for each in shown] == ["E", "E", "U"]
    assert shown[0].hue == shown[1].hue
    assert presenters.result_of(hit("https://灯塔.example/"), SearchRequest()).letter == "灯"
    style = (STATIC / "style.css").read_text()
    assert all(f".hue-{hue} " in style for hue in range(presenters.HUES))


@pytest.mark.parametrize(("language", "direction"), [("ar", "rtl"), ("he", "rtl"), ("en", None), ("zh", None)])
def test_a_result_has_the_direction_of_its_language(language: str, direction: str | None) -> None:
    shown = page(SearchRequest(query="news"), answer(hit(language=language)))
    assert [attrs.get("dir") for attrs in shown.all("li") if attrs.get("dir")] == [direction] * bool(direction)


def test_a_result_without_a_title_is_named_by_its_url() -> None:
    assert "https://example.org/搜索" in page(
        SearchRequest(query="news"), answer(hit("https://example.org/%E6%90%9C%E7%B4%A2", title=" "))
    ).text  # fmt: skip


def test_what_matches_in_a_title_is_marked() -> None:
    found = Hit(url="urn:a", title="A & B", title_html="A &amp; <mark>B</mark>", snippet="", score=1.0, site="")
    shown = page(SearchRequest(query="b"), answer(found))
    assert len(shown.all("mark")) == 1
    assert "A & B" in shown.text


def test_sections_are_links_below_the_title() -> None:
    first = HitSection(
        heading="Use & limits", heading_html="Use &amp; <mark>limits</mark>", path=["A title", "Guide"],
        url="https://example.org/a#limits",
    )  # fmt: skip
    other = HitSection(heading="<b>", heading_html="&lt;b&gt;", url="https://example.org/a#%27%3E")
    words = HitSection(heading="", url="https://example.org/a#:~:text=deep%20down")
    top = HitSection(heading="A title", url="https://example.org/a#top")
    found = msgspec.structs.replace(hit(), sections=[first, other, words, top])
    shown = render_page(SearchRequest(query="news"), answer(found), now=NOW)
    links = [each["href"] for each in Page(shown).all("a", rel="noopener noreferrer nofollow")]
    assert links == ["https://example.org/a", *(each.url for each in (first, other, words))], "but not twice to the top"
    assert "<bdi>Use &amp; <mark>limits</mark></bdi>" in shown
    assert "<bdi>Guide</bdi>" in shown
    assert "<bdi>A title</bdi>" not in shown
    assert "<bdi>&lt;b&gt;</bdi>" in shown
    assert "To this passage" in shown


def test_sections_of_what_is_no_web_address_are_not_links() -> None:
    section = HitSection(heading="x", url="javascript:alert(1)#x")
    found = msgspec.structs.replace(hit(url="javascript:alert(1)"), sections=[section])
    assert "javascript:alert" not in str(page(SearchRequest(query="news"), answer(found)).all("a"))


def test_nothing_hostile_is_unescaped() -> None:
    bad = Hit(
        url=f"https://example.org/{HOSTILE}", title=HOSTILE, title_html=HOSTILE, snippet=HOSTILE, score=1.0,
        site=HOSTILE, language=HOSTILE,
    )  # fmt: skip
    asked = SearchRequest(query=HOSTILE, lang=HOSTILE)
    for html in (
        render_page(asked, answer(bad, query=HOSTILE, notice=HOSTILE)),
        render_page(asked, answer(query=HOSTILE)),
        render_page(asked, answer(query=HOSTILE, total=5, page=2)),
        render_page(asked, None),
        render_error(400, HOSTILE),
    ):
        shown = Page(html)
        assert [script["src"] for script in shown.all("script")] == [asset_url("search.js")]
        assert len(shown.all("img")) == 1  # the logo
        assert not [name for _, attrs in shown.tags for name in attrs if name.startswith("on")]


@given(st.text("<>/mark&;\"'ltgp x", max_size=40))
def test_what_is_marked_keeps_its_text_and_no_tag_but_mark(snippet: str) -> None:
    safe = presenters.safe_marked(snippet)
    assert set(re.findall("<[^>]*>", safe)) <= {"<mark>", "</mark>"}
    assert safe.count("<mark>") == safe.count("</mark>")
    assert presenters.safe_marked(safe) == safe


def test_an_escaped_snippet_stays_as_it_is() -> None:
    snippet = "a &lt;b&gt; <mark>c &amp; d</mark> e"
    assert presenters.safe_marked(snippet) == snippet


def test_pager_keeps_the_search() -> None:
    asked = SearchRequest(query="a b", page=3, size=20, sort="date", lang="zh")
    shown = page(asked, answer(hit(), total=123, page=3))
    kept = "/?q=a+b&lang=zh&sort=date&size=20"
    assert shown.all("a", rel="prev")[0]["href"] == f"{kept}&page=2"
    assert shown.all("a", rel="next")[0]["href"] == f"{kept}&page=4"
    current = [attrs["href"] for attrs in shown.all("a") if attrs.get("aria-current") == "page"]
    assert current == [f"{kept}&page=3"]
    assert [attrs["value"] for attrs in shown.all("input", type="hidden")] == ["zh", "date", "20"]


@pytest.mark.parametrize(
    ("current", "total", "pages"),
    [
        (1, 10, []),
        (1, 11, [1, 2]),
        (1, 999, [1, 2, 3, 4, 5]),
        (9, 999, [7, 8, 9, 10, 11]),
        (100, 999, [96, 97, 98, 99, 100]),
    ],
)
def test_pager_window(current: int, total: int, pages: list[int]) -> None:
    pager = presenters.pager_of(SearchRequest(query="a", page=current), total)
    assert [int(link.text) for link in pager.pages] == pages if pager else not pages


def test_first_and_last_page_have_no_way_out() -> None:
    first, last = (presenters.pager_of(SearchRequest(query="a", page=number), 15) for number in (1, 2))
    assert first
    assert last
    assert (first.previous, last.next) == ("", "")
    assert first.next
    assert last.previous


def test_a_page_beyond_the_last_links_to_the_first_and_the_last() -> None:
    shown = page(SearchRequest(query="news", page=99), answer(total=123, page=99))
    assert "There is no page 99" in shown.text
    assert shown.all("a", href="/?q=news")
    assert shown.all("a", href="/?q=news&page=13")
    assert not shown.all("nav")


def test_more_results_than_can_be_reached() -> None:
    shown = page(SearchRequest(query="news", page=5000), answer(total=123_456, page=5000))
    assert "only the first 10,000 can be shown" in shown.text
    assert shown.all("a", href="/?q=news&page=1000")


def test_no_result_suggests_what_helps() -> None:
    query = '"exact words" -not site:example.org'
    links = {
        link.text: link.href
        for link in presenters.suggestions_of(SearchRequest(query=query, lang="zh", page=2))
        if link.href
    }
    assert links == {
        "Search without the quotation marks": "/?q=exact+words+-not+site%3Aexample.org&lang=zh",
        "Search without the words after “-”": "/?q=%22exact+words%22+site%3Aexample.org&lang=zh",
        "Search all sites": "/?q=%22exact+words%22+-not&lang=zh",
        "Search in all languages": "/?q=%22exact+words%22+-not+site%3Aexample.org",
    }
    assert "Nothing found for" in page(SearchRequest(query="xyzzy"), answer(query="xyzzy")).text
    assert not [link for link in presenters.suggestions_of(SearchRequest(query="well-known")) if link.href]


def test_nothing_indexed_yet() -> None:
    assert "Nothing is indexed yet" in page(SearchRequest(), None).text
    assert "Nothing is indexed yet" in page(SearchRequest(query="news"), answer(index=IndexInfo())).text


def test_languages_are_offered_when_there_is_a_choice() -> None:
    asked = SearchRequest(query="a", page=2)
    assert presenters.languages_of(asked, [hit()]) == []
    links = presenters.languages_of(asked, [hit(), hit(language="zh")])
    assert [(link.text, link.href) for link in links] == [
        ("All languages", "/?q=a"), ("English", "/?q=a&lang=en"), ("中文", "/?q=a&lang=zh"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "crumbs"),
    [
        ("https://www.example.org/", ["example.org"]),
        ("https://example.org:8080/a%20b/c?d=e", ["example.org:8080", "a b", "c?d=e"]),
        ("https://bank.example@evil.example/a", ["evil.example", "a"]),
        ("https://example.org/1/2/3/4/5", ["example.org", "1", "…", "4", "5"]),
        ("https://example.org/a%E2%80%AEb%00", ["example.org", "ab "]),
        ("https://[bad/", ["https://[bad/"]),
    ],
)
def test_crumbs(url: str, crumbs: list[str]) -> None:
    assert presenters.result_of(hit(url), SearchRequest()).crumbs == crumbs


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s ago"), (59, "59 s ago"), (60, "1 min ago"), (7200, "2 h ago"), (3 * 86400, "3 days ago")],
)
def test_age(seconds: int, text: str) -> None:
    assert presenters.age(NOW - timedelta(seconds=seconds), NOW) == text


def test_error_page() -> None:
    shown = Page(render_error(414, "query string has 20000 bytes, over the limit of 16384"))
    assert "Query string has 20000 bytes" in shown.text
    assert "414" in shown.text
    assert shown.all("input", name="q")
    assert "Status 599" in Page(render_error(599, "odd")).text


def test_opensearch_description() -> None:
    root = ET.fromstring(render_opensearch("http://localhost:8080"))
    templates = [url.attrib["template"] for url in root if url.tag.endswith("Url")]
    assert templates[0] == "http://localhost:8080/?q={searchTerms}"


def test_assets_are_there_and_named_by_content() -> None:
    for name in ("style.css", "search.js", "icon.svg"):
        assert re.fullmatch(rf"/static/{re.escape(name)}\?v=[0-9a-f]{{16}}", asset_url(name))
    assert (STATIC / "style.css").stat().st_size < 18_000
    assert (STATIC / "search.js").stat().st_size < 13 << 10


def test_no_inline_style_or_script() -> None:
    asked = SearchRequest(query="news")
    for html in (
        render_page(asked, answer(hit(), total=50)),
        render_page(SearchRequest(), None),
        render_error(404, "x"),
    ):
        shown = Page(html)
        assert not shown.all("style")
        assert [script.get("src") for script in shown.all("script")] == [asset_url("search.js")]
        assert not [attrs for _, attrs in shown.tags if "style" in attrs]
    assert "'unsafe" not in SECURITY_HEADERS["Content-Security-Policy"]
