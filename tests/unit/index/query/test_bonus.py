"""Which bonuses a query has; how much they raise a document is in the relevance tests."""

from __future__ import annotations

from pathlib import Path

from lightship.core.model import Document
from lightship.index.query.compiler import compile_query
from lightship.index.query.language.parser import parse_query
from made import replica_of

ENGLISH = "solar power is made from the light of the sun"
RUSSIAN = "солнечная энергия, по-английски solar power"


def test_a_pair_counts_once_if_its_words_are_the_same_in_two_languages(tmp_path: Path) -> None:
    """Latin words in Russian texts have English terms."""
    documents = [
        Document(url=f"https://example.org/{language}", text=text, language=language)
        for language, text in (("en", ENGLISH), ("ru", RUSSIAN))
    ]
    view = replica_of(tmp_path, documents).view
    assert view.languages == ("en", "ru")
    compiled = compile_query(parse_query("solar power"), view.version, view.languages, "", view)
    assert str(compiled.raised).count("PhraseQuery") == 1
