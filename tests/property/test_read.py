"""Whatever bytes a server sends as a page, they are read or refused, and in bounded time."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lightship.core.errors import InvalidInputError
from lightship.crawler.parsing.encodings.media import DOCX, EPUB, HTML, MARKDOWN, PLAIN, XHTML
from lightship.crawler.parsing.read import document_of, read_page

URL = "http://a.example/page"
PIECES = [
    "<html lang=en>", "<head>", "<title>", "</title>", "<body>", "<div class=nav>", "<div id=content>", "</div>", "<main>",
    "<nav>", "<h1>", "<h2 id=x>", "<a href=x>", "<a href='//[::1'>", "</a>", "<p>", "<table><tr><td>", "</table>", "<ul><li>",
    "<script type=application/ld+json>", '{"@type":"Article","author":[{"name":1}]}', "</script>", "<noscript>", "<base href=",
    "<meta http-equiv=refresh content='0;url=", "<meta charset=", "<meta name=robots content=", "noindex", "gb2312", "'>", ">",
    "<link rel=canonical href=", "<link rel=alternate hreflang=de href=/de>", "<template>", "<svg>", "<math>", "<frameset>",
    "<select><option>", "<plaintext>", "<!--", "-->", "<![CDATA[", "]]>", "&#0;", "&#xd800;", "&nbsp;", "搜索", "\0", "\ud800",
    "words and more words ", "¶", "<input type=password>", "<time datetime=2024-13-99>", "<article>", "</body>", "</html>",
]  # fmt: skip
HTMLS = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)
BODIES = st.one_of(
    st.binary(max_size=400),
    st.tuples(HTMLS, st.sampled_from(["utf-8", "utf-16", "gb18030", "shift_jis"])).map(
        lambda made: made[0].encode(made[1], "ignore")
    ),
    st.binary(max_size=200).map(b"PK\x03\x04".__add__),
)
KINDS = st.sampled_from(
    [HTML, XHTML, MARKDOWN, PLAIN, DOCX, EPUB, "", "text/html; charset=big5", "text/html; charset=\udc80"]
)


@given(BODIES, KINDS)
@example(b"\xff\xfe\x00\xd8" * 40, HTML)
@example(b"<div class=menu>" * 300 + b"x", HTML)
@settings(max_examples=300)
def test_any_bytes_are_read_or_refused(body: bytes, kind: str) -> None:
    with contextlib.suppress(InvalidInputError):
        page = read_page(body, kind, URL)
        document = document_of(page, URL)
        for section in page.sections:
            said = " ".join(page.text[section.start :].split())
            assert said.startswith(section.heading), "a heading stands where its section begins"
        assert document.text == document.text.strip()
        assert all(link.isascii() for link in (*page.links, *page.alternates, *page.feeds))


MANY = 20_000
HOSTILE = {
    "deep": "<div>" * 10 * MANY + "x", "named": "<div class=nav>" * 3000 + "word " * MANY, "mains": "<main>" * 5000 + "x " * MANY,
    "links": "<a href=x>y</a>" * MANY, "named links": "<div class=nav><a href=x>y</a>" * MANY, "tables": "<table><tr><td>" * 5000,
    "empty names": "x" * MANY + "<div class=tabs>" * MANY, "names alone": "<div class=nav>" * MANY,
    "headings": "<h2>x<b>" * MANY, "anchors": "<a id=x><h2>" * 5000, "metas": "<meta name=x content=y>" * MANY,
    "attributes": "<div " + "a=1 " * 10 * MANY + ">x", "comments": "<!--" * 10 * MANY, "open": "<" * 50 * MANY,
    "metas of encodings": "<meta " * MANY, "entities": "&lt;" * 10 * MANY, "controls": "\x01 a" * 100, "scripts":
    "<script type=application/ld+json>[" * MANY, "blanks": " \n" * 25 * MANY, "own links": "<h2><a href=#x>" * MANY,
    "json": f"<script type=application/ld+json>{'[' * 10 * MANY}</script>", "refresh": "<meta http-equiv=refresh content='" + "0" * MANY,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages_take_bounded_time(name: str) -> None:
    began = time.process_time()
    with contextlib.suppress(InvalidInputError):
        read_page(HOSTILE[name].encode(), HTML, URL)
    assert time.process_time() - began < 10, "a page of a megabyte takes no more than seconds"
