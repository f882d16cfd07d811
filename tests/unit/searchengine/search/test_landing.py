"""A hit lands where the words are: on the right section of pages by several generators."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from lightship.core.model import Document
from lightship.core.sections import Section
from lightship.crawler.parsing.read import document_of, read_page
from lightship.judging.local import LocalIndex, build
from lightship.searchengine.search.api import Hit
from made import words

MARKUPS = {  # of a section: its anchor is `id`
    "mkdocs": '<h2 id="{id}">{heading}<a class="headerlink" href="#{id}" title="Permanent link">&para;</a></h2><p>{text}</p>',
    "sphinx": '<section id="{id}"><span id="old-{id}"></span><h2>{heading}<a class="headerlink" href="#{id}">¶</a></h2><p>{text}</p>'
              "</section>",
    "docbook": '<div class="sect1"><div class="titlepage"><div><div><h2 class="title"><a id="{id}"></a>{heading}</h2></div></div></div>'
               "<p>{text}</p></div>",
    "javadoc": '<a name="{id}"><!-- --></a><ul class="blockList"><li><h4>{heading}</h4><div>{text}</div></li></ul>',
    "github": '<div class="markdown-heading"><h2>{heading}</h2><a class="anchor" href="#{id}"><svg></svg></a></div><p>{text}</p>',
}  # fmt: skip
FILES = "http://docs.example"
LEAST = 0.95


def made_pages(name: str, chance: random.Random) -> Iterator[tuple[str, str, list[tuple[str, str, str]]]]:
    """Yield the url, the HTML, and the sections (id, heading, text) of pages by the generator `name`."""
    vocabulary = words(800, 7)
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]
    for number in range(20):
        sections = []
        for part in range(12):
            heading = " ".join(chance.choices(vocabulary, k=chance.randint(1, 3)))
            text = " ".join(chance.choices(vocabulary, weights, k=chance.randint(30, 90)))
            sections.append((f"ß-{number}.{part}", heading, text))
        parts = "".join(MARKUPS[name].format(id=each, heading=said, text=text) for each, said, text in sections)
        html = f"<html><title>Page {number}</title><body><main><h1>Page {number}</h1><p>Intro.</p>{parts}</main></body></html>"
        yield f"{FILES}/{name}/{number}", html, sections


@pytest.mark.parametrize("name", MARKUPS)
def test_queries_made_from_sections_find_them(tmp_path: Path, name: str) -> None:
    chance = random.Random(5)
    pages = list(made_pages(name, chance))
    build(str(tmp_path), (document_of(read_page(html.encode(), "text/html", url), url) for url, html, _ in pages))
    index = LocalIndex(str(tmp_path))
    right = 0
    queries = 100
    for _ in range(queries):
        url, _, sections = chance.choice(pages)
        anchor, heading, text = chance.choice(sections)
        query = f"{heading} {' '.join(chance.sample(text.split(), 3))}"
        hit = next((hit for hit in index.search(query, 10) if hit.url == url), None)
        right += bool(hit and hit.sections and hit.sections[0].url == f"{url}#%C3%9F-{anchor[2:]}")
    assert right >= LEAST * queries


def found(tmp_path: Path, query: str, *documents: Document) -> Hit:
    build(str(tmp_path), documents)
    (hit,) = LocalIndex(str(tmp_path)).search(query, 1)
    return hit


TEXT = "Guide\nIntro.\nInstall\nGet it.\nLinux\nA package for Linux.\nLimits\nNone of note."
SECTIONS = [
    Section("Guide", 0, 1, "guide"),
    Section("Install", 13, 2),
    Section("Linux", 29, 3, "on linux"),
    Section("Limits", 56, 2),
]


def test_the_first_section_is_that_of_the_snippet(tmp_path: Path) -> None:
    hit = found(tmp_path, "linux package", Document(url=f"{FILES}/a", title="Guide", text=TEXT, sections=SECTIONS))
    (first,) = hit.sections
    assert hit.snippet == "A <mark>package</mark> for <mark>Linux</mark>."
    assert (first.heading, first.heading_html, first.path) == ("Linux", "<mark>Linux</mark>", ["Guide", "Install"])
    assert first.url == f"{FILES}/a#on%20linux"


def test_a_section_without_an_anchor_has_a_text_fragment_unless_it_is_near_the_top(tmp_path: Path) -> None:
    near = found(tmp_path / "a", "note", Document(url=f"{FILES}/a", text=TEXT, sections=SECTIONS))
    assert near.sections[0].url == f"{FILES}/a"
    below = f"{'A line of words.' * 200}\n"
    moved = [Section(each.heading, each.start + len(below), each.level, each.anchor) for each in SECTIONS]
    far = found(tmp_path / "b", "note", Document(url=f"{FILES}/a", text=below + TEXT, sections=moved))
    assert (far.sections[0].heading, far.sections[0].url) == ("Limits", f"{FILES}/a#:~:text=None%20of%20note.")


def test_a_page_without_headings_has_a_text_fragment_where_the_words_are_deep(tmp_path: Path) -> None:
    top = found(tmp_path / "a", "zebra", Document(url=f"{FILES}/a", text=f"A zebra. {'More words. ' * 500}"))
    assert top.sections == []
    deep = found(
        tmp_path / "b", "zebra", Document(url=f"{FILES}/a", text=f"{'More words. ' * 500}\nOne zebra, well-known.")
    )
    assert [(each.heading, each.url) for each in deep.sections] == [
        ("", f"{FILES}/a#:~:text=One%20zebra%2C%20well%2Dknown.")
    ]
    file = found(tmp_path / "c", "zebra", Document(url="file:///a.txt", text=f"{'More words. ' * 500}\nOne zebra."))
    assert file.sections[0].url == "file:///a.txt"


def test_headings_are_escaped(tmp_path: Path) -> None:
    sections = [Section("<b> & zebra", 6, 2, "'\"><script>")]
    hit = found(tmp_path, "zebra", Document(url=f"{FILES}/a", text="Intro\n<b> & zebra\nA zebra.", sections=sections))
    assert hit.sections[0].heading_html == "&lt;b&gt; &amp; <mark>zebra</mark>"
    assert hit.sections[0].url == f"{FILES}/a#'%22%3E%3Cscript%3E"
