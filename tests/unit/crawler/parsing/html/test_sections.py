"""Headings are found with their anchors, as many generators write them, and where they stand in the text."""

from __future__ import annotations

import html as escaping
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from lightship.core.sections import MAX_SECTIONS
from lightship.crawler.parsing.html.extract import Page, extract
from lightship.crawler.parsing.html.sections import mark_headings, without_marks
from lightship.crawler.parsing.html.tree import document_of_tree

URL = "https://a.example/"
MARKUPS = {
    "own id": "<h2 id=a>X</h2>",
    "MkDocs": '<h2 id="a">X<a class="headerlink" href="#a" title="Permanent link">&para;</a></h2>',
    "MkDocs, in words": '<h2 id="a">X<a class="headerlink" href="#a">Anchor</a></h2>',
    "Sphinx": '<section id="a"><span id="old"></span><h2>X<a class="headerlink" href="#a" title="Link to this heading">¶</a>'
              "</h2><p>text</section>",
    "Sphinx 1": '<div class="section" id="a"><h2>X<a class="headerlink" href="#a">¶</a></h2><p>text</div>',
    "docutils": '<div class="section" id="a"><h1><a class="toc-backref" href="#id1">X</a></h1><p>text</div>',
    "Docusaurus": '<h2 class="anchor" id="a">X<a href="#a" class="hash-link" title="Direct link to X">\u200b</a></h2>',
    "VitePress": '<h2 id="a" tabindex="-1">X <a class="header-anchor" href="#a" aria-label="Permalink">&#8203;</a></h2>',
    "Hugo": '<h2 id="a">X<a hidden class="anchor" aria-hidden="true" href="#a">#</a></h2>',
    "Jekyll": '<h2 id="a"> <a href="#a" class="anchor-heading"><svg></svg></a> X </h2>',
    "mdBook": '<h2 id="a"><a class="header" href="#a">X</a></h2>',
    "rustdoc": '<section id="a" class="method"><a class="src rightside" href="x">Source</a><h4 class="code-header">X</h4></section>',
    "rustdoc, section": '<h2 id="a" class="section-header">X<a href="#a" class="anchor">§</a></h2>',
    "Javadoc": '<section class="detail" id="a"><h3>X</h3><div>text</div></section>',
    "Javadoc 8": '<a name="a"><!--  --></a><ul class="blockList"><li class="blockList"><h4>X</h4><pre>code</pre></li></ul>',
    "GitHub": '<h2><a id="user-content-a" class="anchor" href="#a"><svg></svg></a>X</h2>',
    "GitHub, newer": '<div class="markdown-heading"><h2 class="heading-element">X</h2><a class="anchor" href="#a"><svg></svg></a></div>',
    "DocBook": '<div class="sect1"><div class="titlepage"><div><div><h2 class="title"><a id="a"></a>X</h2></div></div></div>y</div>',
    "DocBook, newer": '<div class="sect1" id="a"><div class="titlepage"><div><div><h2>X <a href="#a" class="id_link">#</a></h2></div>'
                      "</div></div>text</div>",
    "AsciiDoc": '<h2 id="a"><a class="anchor" href="#a"></a>X</h2>',
    "Doxygen": '<h2 class="memtitle"><span class="permalink"><a href="#a">&#9670;&#160;</a></span>X</h2>',
    "Texinfo": '<div class="section" id="other"><p>x<h3>X<span><a class="copiable-link" href="#a"> &para;</a></span></h3></div>',
    "MediaWiki": '<h2><span class="mw-headline" id="a">X</span><span class="mw-editsection">[<a href="/edit">edit</a>]</span></h2>',
    "by hand": '<a name="a"></a>\n<h2>X</h2>',
    "around": "<h2><a name=a>X</a></h2>",
    "in words": '<h2>X <a href="/docs/page#a">Link to this heading</a></h2>',
    "percent-encoded": '<h2>X <a href="#%61">¶</a></h2>',
    "definition": '<dl><dt id="a">X<a class="headerlink" href="#a">¶</a></dt><dd>What it does.</dd></dl>',
}  # fmt: skip
WITHOUT = {
    "nothing": "<h2>X</h2>",
    "another one's": "<a name=other>text</a><h2>X</h2>",
    "not at its beginning": "<div id=s><p>first</p><h2>X</h2></div>",
    "back to the top": '<h2>X <a href="#top">↑</a></h2>',
}


def page(html: str) -> Page:
    return extract(f"<body><p>Before it.</p>{html}<p>some text", URL)


@pytest.mark.parametrize("name", MARKUPS)
def test_anchors_of_generators(name: str) -> None:
    (section,) = page(MARKUPS[name]).sections
    assert (section.heading, section.anchor) == ("X", "a")


@pytest.mark.parametrize("name", WITHOUT)
def test_headings_without_an_anchor(name: str) -> None:
    (section,) = page(WITHOUT[name]).sections
    assert (section.heading, section.anchor) == ("X", "")


@pytest.mark.parametrize("anchor", ["größe", "第一章", "two words", "a%20b", "x&amp;y", "a'b"])
def test_ids_are_taken_as_they_are(anchor: str) -> None:
    (section,) = page(f'<h2 id="{anchor}">X</h2>').sections
    assert section.anchor == unescape(anchor)


def test_a_permalink_is_not_text() -> None:
    found = page(
        '<h2 id=a>Using it<a href="#a" class=headerlink title="Permalink to this heading">Permalink to this heading</a></h2>'
    )
    assert "Permalink" not in found.text


def test_levels_and_places() -> None:
    found = page("<h1>A <b>title</b></h1><p>x<h4 id=deep> Deep\n down </h4>y<dl><dt id=f>f(x)</dt><dd>z</dl>")
    assert [(each.heading, each.level) for each in found.sections] == [("A title", 1), ("Deep down", 4), ("f(x)", 5)]
    assert [found.text[each.start :].split("\n")[0] for each in found.sections] == ["A title", "Deep down", "f(x)"]


def test_the_number_of_sections_is_bounded() -> None:
    assert len(page("<h2>x</h2>" * (MAX_SECTIONS + 9)).sections) == MAX_SECTIONS


HEADINGS = st.text(alphabet="aß第 ¶\n&<\x01\U0001f600", min_size=1, max_size=20)
BODIES = st.sampled_from(
    ["", "<p>some  words", "<pre> code\n  more</pre>", "<ul><li>one<li>二</ul>", "<nav>menu</nav>", "<table><tr><td>x"]
)


@given(st.lists(st.tuples(st.integers(1, 6), HEADINGS, BODIES), max_size=8))
def test_every_heading_stands_where_it_is_said_to(parts: list[tuple[int, str, str]]) -> None:
    html = "".join(f"<h{n}> {escaping.escape(said)} </h{n}>{body}" for n, said, body in parts)
    found = extract(html, URL)
    starts = [section.start for section in found.sections]
    assert starts == sorted(set(starts))
    for section in found.sections:
        assert " ".join(found.text[section.start :].split()).startswith(section.heading)


@given(st.lists(st.tuples(st.integers(1, 6), HEADINGS, BODIES), max_size=8))
def test_marks_change_nothing_of_the_text(parts: list[tuple[int, str, str]]) -> None:
    html = "".join(f"x<h{n}>{escaping.escape(said.replace(chr(1), ''))}</h{n}>{body}" for n, said, body in parts)
    tree = HTMLTree.parse(html)
    mark_headings(document_of_tree(tree))
    assert without_marks(str(extract_plain_text(tree)))[0] == str(extract_plain_text(html)).strip()


def test_what_looks_like_a_mark_does_no_harm() -> None:
    found = extract("<p>&#2;0&#3;fake&#4; &#4;<h2 id=a>X</h2>", URL)
    assert found.text.split("\n")[-1] == "X"
    assert not set("\x02\x03\x04") & set(found.text)
    assert [each.anchor for each in found.sections] == ["a"]
