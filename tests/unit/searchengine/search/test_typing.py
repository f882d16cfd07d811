"""A search while somebody types: the last word also stands for those that begin with it."""

from __future__ import annotations

import pytest

from lightship.core.errors import InvalidInputError
from lightship.core.model import Document
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.search.request import read_request
from lightship.searchengine.web.presenters import address
from made import ask, replica_of, urls

TEXTS = {
    "light": "A light on the hill",
    "lighthouse": "The lighthouse keeper",
    "lightning": "Thunder and lightning " + "over the sea " * 30,
    "keeper": "The keeper of goals, not of light" + " and so on" * 200,
    "russian": "Маяки стоят на берегу",
    "running": "She was running",
    "chinese": "搜索引擎",
}


@pytest.fixture(scope="module")
def replica(tmp_path_factory: pytest.TempPathFactory) -> Replica:
    documents = [
        Document(url=f"https://ex.org/{name}", title="", text=text, language="ru" if name == "russian" else "en")
        for name, text in TEXTS.items()
    ]
    replica = replica_of(tmp_path_factory.mktemp("replica"), documents)
    replica.follow_words()
    return replica


def found(replica: Replica, query: str, prefix: str = "last") -> list[str]:
    return [url.rpartition("/")[2] for url in urls(replica, query, prefix=prefix)]


def test_what_begins_with_the_last_word_is_found_after_what_has_it(replica: Replica) -> None:
    assert found(replica, "light", "") == ["light", "keeper"]
    assert found(replica, "light")[:2] == ["light", "keeper"]
    assert set(found(replica, "light")) == {"light", "keeper", "lighthouse", "lightning"}


def test_only_the_last_word_goes_on(replica: Replica) -> None:
    assert found(replica, "keep lighth") == ["lighthouse"]
    assert found(replica, "keeper ligh")[:2] == ["lighthouse", "keeper"]
    assert set(found(replica, "keeper ligh")) == {"keeper", "light", "lighthouse", "lightning"}


@pytest.mark.parametrize(
    ("query", "name"), [("маяк", "russian"), ("берег", "russian"), ("runni", "running"), ("搜索", "chinese")]
)
def test_words_of_other_scripts_and_stems(replica: Replica, query: str, name: str) -> None:
    assert found(replica, query) == [name]


def test_a_word_that_is_being_typed_is_marked_and_not_corrected(replica: Replica) -> None:
    answer = ask(replica, "lightn", prefix="last")
    assert answer.corrected is None
    assert "<mark>lightning</mark>" in answer.hits[0].snippet
    assert ask(replica, "lightnin").corrected is not None


@pytest.mark.parametrize("query", ["ligh*", '"the ligh"', "keeper -ligh", "site:ligh", "light ", "C++", ""])
def test_what_is_no_beginning_is_searched_for_as_ever(replica: Replica, query: str) -> None:
    assert found(replica, query) == found(replica, query, "")


def test_a_space_ends_the_word() -> None:
    assert read_request(b"q=ligh&prefix=last").prefix == "last"
    assert read_request(b"q=ligh+&prefix=last").prefix == ""
    assert read_request(b"q=ligh&prefix=none").prefix == ""
    with pytest.raises(InvalidInputError, match="invalid prefix 'all': must be one of none, last"):
        read_request(b"q=ligh&prefix=all")


def test_links_to_other_pages_keep_it() -> None:
    assert address(read_request(b"q=ligh&prefix=last")) == "/?q=ligh&prefix=last"
