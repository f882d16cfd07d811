"""/cached: the text of a document as it is indexed, with the words of a query marked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from lightship.core.model import Document
from lightship.searchengine.web.cached import PAGE_CHARACTERS
from made import Caller, MadeShard, served

FILE = "file:///notes/a%20b.txt"
PAGE = "https://example.org/tower?a=1&b=2"
LONG = "https://example.org/long"
DOCUMENTS = [
    Document(url=FILE, title="", text="First <b>keeper</b>.\n\nSecond paragraph & more"),
    Document(url=PAGE, title="<i>Tower</i>", text="Der Turm der Türme", language="de"),
    Document(url=LONG, title="Long", text="word " * (PAGE_CHARACTERS // 5) + "the end"),
    Document(url="https://example.org/empty", title="Empty", text=""),
]


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    folder: Path = tmp_path_factory.mktemp("cached")
    with served(folder / "store") as calling:
        calling.push(MadeShard(folder / "shard").put(*DOCUMENTS))
        yield calling


def cached(caller: Caller, url: str, query: str = "", form: str = "html", status: int = 200) -> str:
    reply = caller.get(f"/cached?url={quote(url, safe='')}&q={quote(query)}&format={form}")
    assert reply.status == status, reply.text
    return reply.text


def test_a_file_can_be_read(caller: Caller) -> None:
    shown = cached(caller, FILE, "keepers")
    assert '<p dir="auto">First &lt;b&gt;<mark>keeper</mark>&lt;/b&gt;.</p>' in shown
    assert '<p dir="auto">Second paragraph &amp; more</p>' in shown
    assert "/notes/a b.txt" in shown
    assert 'href="file:' not in shown


def test_a_result_that_a_browser_can_not_open_leads_to_it(caller: Caller) -> None:
    found = caller.get("/?q=keeper&format=html").text
    assert '<a href="/cached?url=file%3A%2F%2F%2Fnotes%2Fa%2520b.txt&amp;q=keeper"' in found
    assert 'href="file:' not in found
    assert "/cached" not in caller.get("/?q=turm&format=html").text


def test_words_are_marked_in_the_language_of_the_document(caller: Caller) -> None:
    shown = cached(caller, PAGE, "Turm")
    assert "Der <mark>Turm</mark> der <mark>Türme</mark>" in shown
    assert "&lt;i&gt;Tower&lt;/i&gt;" in shown
    assert f'<a href="{PAGE.replace("&", "&amp;")}"' in shown


def test_other_forms(caller: Caller) -> None:
    assert cached(caller, PAGE, form="text") == "Der Turm der Türme"
    assert caller.get(f"/cached?format=json&url={quote(PAGE, safe='')}").json == {
        "url": PAGE, "title": "<i>Tower</i>", "language": "de", "modified": None, "characters": 18, "page": 1, "pages": 1,
        "text": "Der Turm der Türme",
    }  # fmt: skip


def test_a_long_text_has_pages(caller: Caller) -> None:
    first = cached(caller, LONG, "end")
    assert f'<a href="/cached?url={quote(LONG, safe="")}&amp;q=end&amp;page=2" rel="next">Next</a>' in first
    assert "the end" not in first
    second = caller.get(f"/cached?format=json&page=2&url={quote(LONG, safe='')}").json
    assert (second["page"], second["pages"], second["text"]) == (2, 2, "the end")
    reply = caller.get(f"/cached?page=3&url={quote(LONG, safe='')}")
    assert (reply.status, "this text has 2" in reply.text) == (400, True)


def test_a_document_without_text(caller: Caller) -> None:
    assert "This document has no text." in cached(caller, "https://example.org/empty")


@pytest.mark.parametrize(
    ("asked", "status", "message"),
    [
        ("url=https%3A%2F%2Fexample.org%2Fnone", 404, "not in the index: https://example.org/none"),
        ("url=javascript%3Aalert(1)", 400, "url scheme 'javascript' is not allowed"),
        ("", 400, "missing parameter url; write /cached?url="),
        ("url=%FF%FE", 400, "url"),
        ("url=https%3A%2F%2Fexample.org%2Flong&page=0", 400, "invalid page"),
        ("url=https%3A%2F%2Fexample.org%2Flong&page=999999999", 400, "there is no page"),
    ],
)
def test_what_can_not_be_shown(caller: Caller, asked: str, status: int, message: str) -> None:
    reply = caller.get(f"/cached?{asked}&format=json")
    assert (reply.status, message in reply.json["error"]) == (status, True), reply.text
