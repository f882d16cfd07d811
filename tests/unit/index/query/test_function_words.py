"""Function words rank what other words find, and find documents only if these find none."""

from __future__ import annotations

from pathlib import Path

import pytest

from lightship.core.model import Document
from made import ask, replica_of, urls

TEXTS = {
    "pluto": "moons pluto",
    "both": "the moons of pluto are small",
    "earth": "the size of the earth",
    "band": "the who",
}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("moons of pluto", {"both", "pluto"}),
        ("the pluto", {"both", "pluto"}),
        ("the xyzzy", {"both", "earth", "band"}),  # no document has anything else
        ("the who", {"both", "earth", "band"}),
        ("the who pluto", {"both", "pluto"}),
        ("of", {"both", "earth"}),
        ("the earth*", {"earth"}),
        ("the xyzzy*", {"both", "earth", "band"}),
    ],
)
def test_function_words_find_only_what_other_words_do_not(tmp_path: Path, query: str, found: set[str]) -> None:
    documents = [Document(url=f"https://example.org/{name}", text=text) for name, text in TEXTS.items()]
    replica = replica_of(tmp_path, documents)
    assert set(urls(replica, query)) == {f"https://example.org/{name}" for name in found}
    assert ask(replica, query).total == len(found)


def test_function_words_rank(tmp_path: Path) -> None:
    documents = [
        Document(url="https://example.org/c", text="vitamin c and some more"),
        Document(url="https://example.org/a", text="vitamin a and some more"),
    ]
    assert urls(replica_of(tmp_path, documents), "vitamin a")[0] == "https://example.org/a"
