"""Suggestions over HTTP: words and titles, filtered like a search, in the forms of programs and browsers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from lightship.core.model import Document
from made import Caller, MadeShard, served, shards_of
from support import wait_until

PAGES = [
    ("Solar power", "Solar panels make power from light.", "en", "a"),
    ("Solar eclipse", "The moon covers the sun: a solar eclipse.", "en", "a"),
    ("Wind power", "Windmills and turbines, power from wind. Solaris is a novel.", "en", "b"),
    ("Sonnenkraft", "Kraft der Sonne, solar und Solarzelle", "de", "b"),
    ("Маяк", "Старый маяк и маяки моря", "ru", "b"),
    ("हिन्दी भाषा", "हिन्दी में खोज", "hi", "a"),
    ("灯塔", "灯塔 照亮 海面", "zh", "a"),
]


@pytest.fixture(scope="module", params=[1, 3])
def caller(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    folder, shards = tmp_path_factory.mktemp("served"), request.param
    documents = [
        Document(
            url=f"https://{brand}.example/{number}", title=title, text=text, language=language, fields={"brand": brand}
        )
        for number, (title, text, language, brand) in enumerate(PAGES)
    ]
    with served(folder / "store") as caller:
        parts = shards_of(documents, shards)
        caller.push(
            *(MadeShard(folder / str(n), n, shards, fields="brand:keyword").put(*part) for n, part in enumerate(parts))
        )
        wait_until(lambda: caller.get("/suggest?q=sol").json.get("suggestions"), 30, "the words")
        yield caller


def suggested(caller: Caller, query: str, **more: str) -> list[tuple[str, str]]:
    reply = caller.get(f"/suggest?{urlencode({'q': query, **more})}")
    assert reply.status == 200, reply.text
    assert reply.json["query"] == " ".join(query.split())
    return [(each["kind"], each["text"]) for each in reply.json["suggestions"]]


def words(caller: Caller, query: str, **more: str) -> list[str]:
    return [text for kind, text in suggested(caller, query, **more) if kind == "word"]


def test_words_complete_the_last_one_and_titles_follow(caller: Caller) -> None:
    assert words(caller, "sol")[:1] == ["solar"]
    assert {"solaris", "solarzelle"} <= set(words(caller, "sol"))
    found = suggested(caller, "sol")
    assert [kind for kind, _ in found] == sorted((kind for kind, _ in found), key="word title".index)
    assert {("title", "Solar power"), ("title", "Solar eclipse")} <= set(found)
    assert words(caller, "solar p") == ["solar power", "solar panels"] or set(words(caller, "solar p")) == {
        "solar power",
        "solar panels",
    }
    assert words(caller, "solar ecli") == ["solar eclipse"]
    assert words(caller, "wind ecli") == []


@pytest.mark.parametrize(
    ("query", "word"), [("мая", "маяки"), ("हिं", "हिंदी"), ("हि", "हिंदी"), ("SOLA", "solar"), ("pow", "power")]
)
def test_every_script_and_case_is_completed(caller: Caller, query: str, word: str) -> None:
    assert word in words(caller, query)


def test_they_are_filtered_like_a_search(caller: Caller) -> None:
    assert "solarzelle" in words(caller, "sol", lang="de")
    assert "solaris" not in words(caller, "sol", lang="de")
    assert "solaris" in words(caller, "brand:b sol")
    assert {text for kind, text in suggested(caller, "so", **{"f.brand": "b"}) if kind == "title"} == {"Sonnenkraft"}


@pytest.mark.parametrize(
    "query", ["", " ", "-", "sol ", "sol-", '"', "zzzz", "\0", "a" * 3000, "灯", "lang:", "site:x"]
)
def test_nothing_to_complete_is_no_error(caller: Caller, query: str) -> None:
    assert isinstance(suggested(caller, query.strip() if query != "\0" else ""), list)


def test_the_form_for_browsers(caller: Caller) -> None:
    reply = caller.get("/suggest?q=sola&format=opensearch&size=3")
    assert reply.headers["content-type"] == "application/x-suggestions+json"
    query, texts, descriptions, urls = reply.json
    assert query == "sola"
    assert len(texts) == len(descriptions) == len(urls) == 3
    assert urls[0] == ""
    assert urls[-1].startswith("https://")


@pytest.mark.parametrize("given", ["f.colour=red", "size=0", "lang=klingon", "size=x"])
def test_a_wrong_parameter_is_an_error(caller: Caller, given: str) -> None:
    reply = caller.get(f"/suggest?q=sol&{given}")
    assert (reply.status, reply.headers["content-type"]) == (400, "application/json")
    assert reply.json["error"]


def test_before_anything_is_installed(tmp_path: Path) -> None:
    with served(tmp_path / "store") as caller:
        assert caller.get("/suggest?q=sol").status == 503
