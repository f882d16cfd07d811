"""Whatever bytes a server sends as a page, they are read or refused, and in bounded time."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lightship.core.errors import InvalidInputError
from lightship.crawler.parsing.encodings.media import ARCHIVES, HTML, PDF, TYPES
from lightship.crawler.parsing.read import document_of, read_page

URL = "http://a.example/page"
PIECES = [
    "<html lang=en>", "<head>", "<title>", "</title>", "<body>", "<div class=nav>", "<div id=content>", "</div>", "<main>",
    "<nav>", "<h1>", "<h2 id=x>", "<a href=x>", "<a href='//[::1'>", "</a>", "<p>", "<table><tr><td>", "</table>", "<ul><li>",
    "<script type=application/ld+json>", '{"@type":"Article","author":[{"name":1}]}', "</script>", "<noscript>", "<base href=",
    "<meta http-equiv=refresh content='0;url=", "<meta charset=", "<meta name=robots content=", "noindex", "gb2312", "'>", ">",
    "<link rel=canonical href=", "<link rel=alternate hreflang=de href=/de>", "<template>", "<svg>", "<math>", "<frameset>",
    "<select><option>", "<plaintext>", "<!--", "-->", "<![CDATA[", "]]>", "&#0;", "&#xd800;", "&nbsp;", "搜索", "\0", "\ud800",
    "words and more words ", "¶", "=====\n", "\n", ":a: b\n", ".. note:: x\n", "   ", "`a <b>`_", "|x|", "{a}", "[[a]]", "::\n",
    "{\\rtf1 ", "\\par ", "\\'e9", "\\u8364?", "WEBVTT\n\n", "00:01.000 --> 00:02.000\n", "Subject: =?utf-8?q?a?=\n", '"nbformat":4',
    "Content-Type: multipart/mixed; boundary=a\n", "--a\n", "<?xml-stylesheet?>", "----\n", "|===\n", "<input type=password>", "<time datetime=2024-13-99>", "<article>", "</body>", "</html>",
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
    [HTML, *sorted(TYPES.keys() - {PDF}), "", "text/html; charset=big5", "text/html; charset=\udc80"]
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


def nested_parts(depth: int) -> str:
    """Return a message of so many parts in each other."""
    parts = (f"Content-Type: multipart/mixed; boundary=b{each}\n\n--b{each}\n" for each in range(depth))
    return "Subject: x\n" + "".join(parts) + "\n" + "line\n" * MANY


HOSTILE_TEXTS = {
    "indents": "\n".join(" " * (each % 1000) + "x" for each in range(MANY)), "adornments": "x\n=\n" * MANY, "roles": "`" * MANY,
    "names": ".. |a| replace:: b\n" * MANY + "|a|" * MANY, "stars": "*a " * MANY, "one line": "a " * 10 * MANY, "items": "* " * MANY,
    "attributes": ":a: b\n" * MANY + "{a}" * MANY, "open blocks": "----\n....\n" * MANY, "terms": "a::\n" * MANY, "tables": "|a|\n" * MANY,
    "groups": "{\\rtf1" + "{}" * 5 * MANY, "open groups": "{\\rtf1" + "{\\b " * 900 + "x" * MANY, "characters": "{\\rtf1" + "\\u1?" * 5 * MANY,
    "paragraphs": "{\\rtf1" + "\\par " * 5 * MANY, "cues": "00:01.000 --> 00:02.000\nx\n\n" * MANY, "headers": "a: b\n" * MANY,
    "parts": "Subject: x\nContent-Type: multipart/mixed; boundary=a\n\n" + "--a\n\nx\n" * MANY, "nested parts": nested_parts(500),
    "encoded": "Subject: " + "=?utf-8?q?a?= " * MANY, "elements": "<?xml-stylesheet?><a>" + "<b>x</b>" * MANY, "words": "Subject: x\n\n" + "=?" * MANY,
    "mixed": "<?xml-stylesheet?>" + "<a>x" * 900 + "y " * MANY + "</a>" * 900, "cells": '{"nbformat":4,"cells":[' + '{"cell_type":"code"},' * MANY,
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(TYPES.keys() - ARCHIVES - {PDF}))
def test_hostile_texts_take_bounded_time(kind: str) -> None:
    for name, text in HOSTILE_TEXTS.items():
        began = time.process_time()
        with contextlib.suppress(InvalidInputError):
            read_page(text.encode(), kind, URL)
        assert time.process_time() - began < 5, f"{name}: a text of a tenth of a megabyte takes no more than seconds"
