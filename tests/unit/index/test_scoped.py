"""A scoped view has only some documents: everything that it is asked goes through its filter."""

from __future__ import annotations

import pytest

from lightship.core.errors import InvalidInputError
from lightship.core.model import Document
from lightship.index import scoped as scoping
from lightship.index.reader import View
from lightship.index.scoped import scoped
from lightship.index.suggest.scoped_words import ScopedWords
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.store.store import Store
from made import MadeShard, push

RED = (("team", "red"),)


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    folder = tmp_path_factory.mktemp("scoped")
    texts = {
        "red": ["a crimson lamp", "ein roter Leuchtturm", "crimson harbours"],
        "blue": ["a cobalt lamp", "cobalt", "crimson"],
    }
    documents = [
        Document(url=f"https://{team}.example/{number}", text=text, fields={"team": team}, language="de" if "ein" in text else "en")
        for team, some in texts.items() for number, text in enumerate(some)
    ]  # fmt: skip
    store = Store(str(folder / "store"))
    push(store, MadeShard(folder / "shard", fields="team:keyword").put(*documents))
    return Replica(store).view


def test_statistics_are_those_of_the_documents_seen(view: View) -> None:
    seen = scoped(view, RED)
    assert (seen.documents, seen.whole, view.whole) == (3, 6, None)
    assert (seen.languages, seen.is_scoped, view.is_scoped) == (("en", "de"), True, False)
    assert scoped(view, (("team", "blue"),)).languages == ("en",)
    counts = {
        word: (seen.documents_with("text", word), view.documents_with("text", word))
        for word in ("lamp", "cobalt", "crimson")
    }
    assert counts == {"lamp": (1, 2), "cobalt": (0, 2), "crimson": (2, 3)}
    assert seen.terms_with_prefix("text", "c", 10) == ["crimson"]
    assert not seen.varies("team")


def test_words_are_completed_and_corrected_from_the_documents_seen(view: View) -> None:
    words = ScopedWords(scoped(view, RED))
    assert words.beginning("cr", 5) == [("crimson", 2)]
    assert words.beginning("co", 5) == words.beginning("c", 5) == []
    found = words.correct("crimsom")
    assert found is not None
    assert found.text == "crimson"
    assert words.correct("cobalz") is None


def test_a_filter_by_an_unknown_field_is_an_error_and_is_not_kept(view: View) -> None:
    for filters in ((("nosuch", "x"),), (("-nosuch", "x"),), (*RED, ("-nosuch", "x"))):
        with pytest.raises(InvalidInputError):
            scoped(view, filters)
        assert filters not in view.scopes


def test_a_few_filters_are_kept(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoping, "MOST", 2)
    view.scopes.clear()
    assert scoped(view, RED) is scoped(view, RED)
    for name in "abc":
        scoped(view, (("team", name),))
    assert list(view.scopes) == [(("team", "b"),), (("team", "c"),)]
