"""Mistyped words are corrected, what may be right is not, and the answer says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from lightship.core.model import Document
from lightship.searchengine.search.replica import Replica
from made import ask, replica_of

TEXTS = {
    "einstein": "Albert Einstein wrote about relativity",
    "albert": "Marv Albert, a sports announcer",
    "solar": "Solar power for houses, and the environment",
    "mixed": "über Straßenbahnen und Züge",
    "russian": "Старый маяк стоит на берегу",
    "code": "error E_FAIL in iPhone15 and getUserName",
}


@pytest.fixture(scope="module")
def replica(tmp_path_factory: pytest.TempPathFactory) -> Replica:
    languages = {"mixed": "de", "russian": "ru"}
    documents = [
        Document(url=f"https://ex.org/{name}/{number}", title=name, text=text, language=languages.get(name, "en"))
        for name, text in TEXTS.items()
        for number in range(3)
    ]
    replica = replica_of(tmp_path_factory.mktemp("replica"), documents)
    replica.follow_words()
    return replica


@pytest.mark.parametrize(
    ("query", "instead", "first"),
    [
        ("albert einstien", "albert einstein", "einstein"),
        ("Einstien", "einstein", "einstein"),
        ("solar pwoer", "solar power", "solar"),
        ("solarpower", "solar power", "solar"),
        ("enviroment", "environment", "solar"),
        ("маякк", "маяк", "russian"),
        ("strasenbahnen", "straßenbahnen", "mixed"),
    ],
)
def test_a_mistyped_word_is_corrected_and_said(replica: Replica, query: str, instead: str, first: str) -> None:
    answer = ask(replica, query)
    assert answer.corrected is not None
    assert (answer.query, answer.corrected.asked, answer.corrected.instead) == (query, query, instead)
    assert answer.hits[0].url.startswith(f"https://ex.org/{first}/")
    assert "<mark>" in answer.hits[0].snippet
    asked = ask(replica, query, corrections=False)
    assert asked.corrected is None
    assert asked.total <= answer.total


@pytest.mark.parametrize(
    "query",
    [
        "einstein", "albert", '"albert einstien"', "-einstien albert", "einstien AND albert", "E_FIAL", "iphone16", "zzzzqq",
        "the", "sol", "2024", "einstien relativty anouncer sprots", "https://ex.org/einstien", "getusername",
    ],
)  # fmt: skip
def test_what_may_be_right_is_not_corrected(replica: Replica, query: str) -> None:
    assert ask(replica, query).corrected is None


def test_without_words_nothing_is_corrected(tmp_path: Path) -> None:
    replica = replica_of(tmp_path, [Document(url="https://ex.org/", text="Solar power")])
    assert ask(replica, "pwoer").corrected is None
    replica.follow_words()
    assert ask(replica, "pwoer").corrected is not None


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("relat", "einstein"),
        ("re", "einstein"),
        ("xylophone mar", "albert"),
        ("м", "russian"),
        ("Relativ", "einstein"),
        ("xylophone relativi", "einstein"),
        ("announc", "albert"),  # the text has announcer, whose stem is announc
        ("straß", "mixed"),
        ("мая", "russian"),
    ],
)
def test_a_last_word_that_is_being_typed_begins_others(replica: Replica, query: str, first: str) -> None:
    answer = ask(replica, query, prefix="last")
    assert answer.hits
    assert answer.hits[0].url.startswith(f"https://ex.org/{first}/")
    assert "<mark>" in answer.hits[0].snippet
    assert answer.corrected is None


@pytest.mark.parametrize(
    "query",
    [
        "albert",
        "solar house",
        '"relat',
        '"relat"',
        "solar -relat",
        "solar AND relat",
        "intitle:relat",
        "relat!",
        "灯塔",
    ],
)
def test_other_last_words_stay_as_they_are(replica: Replica, query: str) -> None:
    plain, open_ended = (ask(replica, query, prefix=prefix, corrections=False) for prefix in ("", "last"))
    assert [hit.url for hit in plain.hits] == [hit.url for hit in open_ended.hits]


def test_a_last_word_that_begins_none_is_corrected(replica: Replica) -> None:
    answer = ask(replica, "albert einstien", prefix="last")
    assert answer.corrected
    assert answer.corrected.instead == "albert einstein"


def test_what_most_people_are_typing_comes_first(tmp_path_factory: pytest.TempPathFactory) -> None:
    texts = ["the government of an island"] * 9 + ["the goverment of an island", "another text"]
    documents = [
        Document(url=f"https://ex.org/{number}", title="An island", text=text, language="en")
        for number, text in enumerate(texts)
    ]
    replica = replica_of(tmp_path_factory.mktemp("replica"), documents)
    answer = ask(replica, "gove", prefix="last")
    assert answer.total == 10
    assert (
        len({hit.score for hit in answer.hits}) == 1
    )  # a rare word, often a mistake, is no better than a frequent one


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Replica:
    """Return a replica in which most documents have the same words, and a few have rare ones."""
    texts = ["the commission considers spell definite measures to numeric ends"] * 1200
    texts += [
        "a commision of few words",
        "Comisson Commissor Spel",
        "measures that define others",
        "measures and defined ones",
        "a méansure",
    ]
    documents = [
        Document(url=f"https://ex.org/{number}", text=text, language="en") for number, text in enumerate(texts)
    ]
    documents.append(Document(url="https://ex.org/long", text="filler " * 200 + "numerick", language="en"))
    replica = replica_of(tmp_path_factory.mktemp("large"), documents)
    replica.follow_words()
    return replica


def test_documents_with_a_word_as_typed_are_above_those_with_what_it_is_corrected_to(large: Replica) -> None:
    answer = ask(large, "commision measures")
    assert answer.corrected is not None
    assert answer.corrected.instead == "commission measures"
    assert answer.hits[0].url == "https://ex.org/1200"
    assert "<mark>commision</mark>" in answer.hits[0].snippet
    assert "<mark>commission</mark>" in answer.hits[1].snippet
    assert answer.total == 1203
    assert ask(large, "commision", sort="date").total == 1201
    assert ask(large, "commision", corrections=False).total == 1


def test_a_word_that_is_found_only_by_the_stem_of_others_is_corrected(large: Replica) -> None:
    assert ask(large, "definate", corrections=False).total == 2
    answer = ask(large, "definate")
    assert answer.corrected is not None
    assert (answer.corrected.instead, answer.total) == ("definite", 1200)


def test_a_longer_form_of_a_word_with_an_accent_is_corrected(large: Replica) -> None:
    assert ask(large, "meansures", corrections=False).total == 1
    answer = ask(large, "meansures")
    assert answer.corrected is not None
    assert answer.corrected.instead == "measures"


@pytest.mark.parametrize(
    "query",
    [
        "spel",  # short, so that it is near to others
        "meansure",  # it has an accent where it stands
        "numericks",  # a longer form of a word that stands only where how words are written is not known
        "commissor",  # a name, two edits away
        "defines",  # no document has it as it is written, but defined and define have its stem, and it is far from definite
        "numerick",  # it stands only where how words are written is not known
        "few", "comisson's", '"commision"', "commision commissor comisson defines numerick",
    ],
)  # fmt: skip
def test_rare_words_may_be_right(large: Replica, query: str) -> None:
    answer = ask(large, query)
    assert answer.corrected is None
    assert answer.total
