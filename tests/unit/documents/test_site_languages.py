"""Documents that do not show their language get the main one of their site."""

from __future__ import annotations

import pytest

from lightship.core.model import Change, Document
from lightship.documents import site_languages
from lightship.documents.site_languages import SiteLanguages

SCREWS = [
    "Schraube mit Senkkopf",
    "Dübel für Beton",
    "Mutter und Scheibe",
    "Anker aus Edelstahl",
    "Zange",
    "Hammer 300 g",
]


def put(site: str, name: object, language: str | None = None, title: str = "") -> Change:
    return Change.put(Document(url=f"https://{site}/{name}", title=title, language=language))


def languages_of(changes: list[Change]) -> list[str | None]:
    return [change.document.language if change.document else "deleted" for change in changes]


@pytest.fixture
def languages() -> SiteLanguages:
    known = SiteLanguages()
    known.completed([put("de.example", number, "de") for number in range(9)])
    known.completed([put("en.example", number, "en") for number in range(99)])
    known.completed([put("mixed.example", number, "fr" if number % 2 else "nl") for number in range(50)])
    return known


def test_an_unclear_document_gets_the_main_language_of_its_site(languages: SiteLanguages) -> None:
    asked = [put("de.example", "x"), put("en.example", "x"), put("mixed.example", "x"), put("de.example", "y", "tr")]
    assert languages_of(languages.completed(asked)) == ["de", "en", None, "tr"]


def test_a_new_site_is_like_all_sites() -> None:
    known = SiteLanguages()
    assert languages_of(known.completed([put("a.example", "x")])) == [None]
    known.completed([put(f"{number}.example", "x", "fi") for number in range(9)])
    assert languages_of(known.completed([put("b.example", "x")])) == ["fi"]


@pytest.mark.parametrize(("title", "language"), [("Привет", None), ("שלום", None), ("搜索", None), ("Fjord", "de")])
def test_a_language_is_not_given_to_another_script(languages: SiteLanguages, title: str, language: str | None) -> None:
    assert languages_of(languages.completed([put("de.example", "x", title=title)])) == [language]


def test_the_titles_of_a_catalogue_are_read_together() -> None:
    known = SiteLanguages()
    catalogue = [put("shop.example", number, title=title) for number, title in enumerate(SCREWS)]
    assert languages_of(known.completed(catalogue)) == ["de"] * len(SCREWS)
    assert languages_of(known.completed([put("shop.example", "new", title="Bohrer")])) == ["de"], "also one by one"


def test_titles_that_come_one_by_one_are_remembered() -> None:
    known = SiteLanguages()
    found = [languages_of(known.completed([put("s.example", n, title=t)]))[0] for n, t in enumerate(SCREWS * 3)]
    assert found[0] is None
    assert found[-1] == "de"


def test_deletes_and_known_documents_stay_as_they_are(languages: SiteLanguages) -> None:
    changes = [Change.delete("https://de.example/1"), put("de.example", "x", "da")]
    assert languages.completed(changes) == changes


def test_a_site_that_changes_its_language_is_believed_in_time(languages: SiteLanguages) -> None:
    languages.completed([put("en.example", number, "en") for number in range(900)])
    for number in range(4):
        languages.completed([put("en.example", f"{number}-{page}", "es") for page in range(1000)])
    assert languages_of(languages.completed([put("en.example", "x")])) == ["es"]


def test_what_is_remembered_has_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_languages, "SITES", 3)
    known = SiteLanguages()
    for number in range(50):
        known.completed([put(f"{number}.example", "x", f"{'abcdefghijkl'[number % 12]}x", title="word " * 99)])
        known.completed([put(f"{number}.example", "y", title="word " * 99)])
    assert len(known._sites) == 3
    assert len(known._all.count) <= site_languages.LANGUAGES
    assert sum(map(len, known._all._unclear)) <= site_languages.PIECE * site_languages.PIECES
