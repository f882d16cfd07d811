"""The page at /about: what is indexed, and lines to copy with the address of this server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from lightship.config import SearchengineSettings
from lightship.core.errors import InvalidInputError
from lightship.core.model import Document
from lightship.http.answers import caching
from lightship.http.keys.key import Key, sign, signing_keys
from lightship.searchengine.search.api import FacetValue, IndexInfo, SearchRequest
from lightship.searchengine.web.html import render_about
from made import Caller, MadeShard, page, served

SECRET = "a secret of some length"
HOSTILE = """"'><script>alert(1)</script>"""


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    folder = tmp_path_factory.mktemp("about")
    others = [Document(url=f"https://blog.example.net:8443/{number}", text="a post") for number in range(3)]
    with served(
        folder / "store", settings=SearchengineSettings(answers=0, origins=("https://guest.example",))
    ) as caller:
        notes = Document(url="file:///home/notes.txt", text="a note")
        caller.push(MadeShard(folder / "shard").put(*(page(number) for number in range(5)), *others, notes))
        yield caller


@pytest.fixture(scope="module")
def text(caller: Caller) -> str:
    """Return the page for a browser that calls the server by a name."""
    return caller.get("/about", Host="search.test:8080").text


def lines(html: str) -> list[str]:
    """Return what can be copied."""
    return [unescape(each) for each in re.findall("<pre[^>]*><code>(.*?)</code>", html, re.DOTALL)]


def test_the_sites_are_counted_and_lead_to_their_documents(caller: Caller, text: str) -> None:
    assert ">9 documents<" in text
    assert "1 more document is of other sites, or files." in text
    shown = re.findall(r'<li><a href="([^"]+)".*?<bdi>(.*?)</bdi>.*?facts">(\d+)<', text)
    assert [(site, count) for _, site, count in shown] == [("example.org", "5"), ("blog.example.net:8443", "3")]
    for href, _, count in shown:
        assert str(caller.get(f"{unescape(href)}&format=json").json["total"]) == count


def test_the_lines_have_the_address_that_the_browser_used(text: str) -> None:
    copied = lines(text)
    assert (
        '<script src="http://search.test:8080/box.js" defer></script>\n<lightship-search></lightship-search>' in copied
    )
    assert {"http://search.test:8080/mcp", "http://search.test:8080/openwebui"} <= set(copied)
    assert {f"lightship {each} lighthouse -searchengine=search.test:8080" for each in ("search", "watch")} <= set(
        copied
    )
    assert "<code>https://guest.example</code>" in text


def test_every_address_in_a_line_answers(caller: Caller, text: str) -> None:
    paths = {path for line in lines(text) for path in re.findall(r"http://search\.test:8080(/[^\s'\"]*)", line)}
    assert {path: caller.get(path).status for path in paths if path not in ("/mcp", "/openwebui")} == {
        "/box.js": 200, "/searchclient.js": 200, "/search?q=lighthouse&format=json": 200, "/?q=%s": 200,
        "/?q=lighthouse&format=atom": 200,
    }  # fmt: skip
    assert caller.get("/mcp").status == caller.get("/openwebui").status == 405


def test_no_cache_shows_the_host_of_one_browser_to_another(caller: Caller) -> None:
    assert caller.get("/about").headers["cache-control"] == caching.NOT_KEPT
    assert caller.get("/about", Host=HOSTILE).status == 400


def test_the_public_url_goes_first(tmp_path: Path) -> None:
    with served(tmp_path, settings=SearchengineSettings(public="https://search.example.org")) as empty:
        text = empty.get("/about", Host="10.0.0.7:8080").text
    assert "10.0.0.7" not in text
    assert "https://search.example.org/mcp" in lines(text)
    assert "Nothing is indexed yet." in text
    assert "indexer -searchengine=search.example.org:443" in lines(text)
    assert "and none is yet" in text


def rendered(base: str, index: IndexInfo, sites: Sequence[FacetValue] = (), **given: Any) -> str:
    return render_about(SearchRequest(), base, index, sites, SearchengineSettings(**given))


@pytest.mark.parametrize(
    ("base", "place"),
    [
        ("http://search.test", "search.test:80"),
        ("http://[::1]:8080", "[::1]:8080"),
        ("https://a.test:444", "a.test:444"),
    ],
)
def test_a_place_has_a_port(base: str, place: str) -> None:
    assert f"indexer -searchengine={place}" in lines(rendered(base, IndexInfo()))


def test_names_are_escaped() -> None:
    text = rendered(f"http://{HOSTILE}", IndexInfo(documents=2), [FacetValue(HOSTILE, 2)], origins=(HOSTILE,))
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;alert(1)") > 3


def test_a_closed_searchengine_tells_nothing_without_a_key_and_what_a_key_sees_with_it(tmp_path: Path) -> None:
    settings = SearchengineSettings(closed=True)
    key = sign(Key("search", "guest", filter="f.site=example.org"), signing_keys([SECRET])[0])
    others = Document(url="https://vault.example/1", text="a post")
    with served(tmp_path / "store", SECRET, settings=settings) as closed:
        closed.push(MadeShard(tmp_path / "shard").put(page(1), page(2), others))
        refused, shown = Caller(closed.port).get("/about"), Caller(closed.port).get(f"/about?key={key}")
    assert refused.status == 401
    assert "example" not in refused.text
    assert ">2 documents<" in shown.text
    assert "vault" not in shown.text
    assert "It is closed" in shown.text
    [site] = re.findall(r'<li><a href="([^"]+)"', shown.text)
    assert f"key={key}" in site
    assert f'parameters="key={key}"' in shown.text


def test_an_index_with_too_many_sites_to_count_is_described_without_them(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lightship.searchengine.search.selecting.facets", _too_many)
    text = caller.get("/about").text
    assert ">9 documents<" in text
    assert 'class="sites"' not in text


def _too_many(*_: object) -> None:
    raise InvalidInputError("too many values")
