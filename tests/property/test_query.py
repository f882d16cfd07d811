"""Any text whatever is a query: it parses, compiles and searches, and what was asked for is respected."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lightship.core.model import Document, clean_text
from lightship.index.query.language.parser import parse_query
from lightship.searchengine.search.replica import Replica
from made import ask, made_documents, replica_of

PIECES = st.sampled_from(
    ['"', "-", "site:", "site:example.org", " ", "搜索", "引擎", "the", "Häuser", "café", "e\u0301", "\u200d", "。",
     "“", "」", "\x00", "a.b", "C++", "ß", "İ", "한국", "ｶ", "😀", ":", "/", "*", "?", "~2", "^3", "[1 TO", "AND", "OR", "NOT ", "(", ")", "+", "--", "fox*", "lang:de", "intitle:", "filetype:", "https://", "\\"]
)  # fmt: skip
TEXTS = (st.text(max_size=40) | st.lists(PIECES, max_size=14).map("".join)).map(clean_text)
RELAXED = settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


@pytest.fixture(scope="module")
def replica(tmp_path_factory: pytest.TempPathFactory) -> Replica:
    marked = Document(
        url="https://example.org/the", text='the 搜索引擎 Häuser café "a.b" C++ ß İ 한국 😀', language="de"
    )
    return replica_of(tmp_path_factory.mktemp("replica"), [*made_documents(200), marked])


@RELAXED
@given(text=TEXTS, page=st.integers(1, 3), sort=st.sampled_from(["relevance", "date"]), lang=st.sampled_from(["", "de", "\x00"]))  # fmt: skip
def test_any_text_is_searched(replica: Replica, text: str, page: int, sort: str, lang: str) -> None:
    answer = ask(replica, text, page=page, sort=sort, lang=lang)
    assert 0 <= len(answer.hits) <= 10
    assert answer.total >= len(answer.hits)
    if lang:
        assert all(hit.language == lang for hit in answer.hits)


@RELAXED
@given(text=TEXTS)
def test_a_word_and_its_exclusion_share_no_document(replica: Replica, text: str) -> None:
    word = "".join(text.split()).replace('"', "").lstrip("-")
    if parse_query(f"site:org -{word}").excluded != [word] or parse_query(f'"{word}"').phrases != [word]:
        return
    excluded = {hit.url for hit in ask(replica, f"site:org -{word}", size=100).hits}
    exact = ask(replica, f'site:org "{word}"', size=100)
    assert exact.notice or not {hit.url for hit in exact.hits} & excluded  # a notice: it is nowhere, its words are


@RELAXED
@given(text=TEXTS)
def test_a_phrase_finds_no_more_than_its_words(replica: Replica, text: str) -> None:
    words = " ".join(text.replace('"', " ").replace("-", " ").replace(":", " ").split())
    if parse_query(f'"{words}"').phrases == [words] and parse_query(words).words == words.split():
        assert ask(replica, f'"{words}"').total <= ask(replica, words).total


@RELAXED
@given(text=TEXTS, other=TEXTS)
def test_operators_select_as_sets(replica: Replica, text: str, other: str) -> None:
    a, b = ("".join(character for character in each if character.isalnum()) for each in (text, other))
    if not a or not b or {a, b} & {"AND", "OR", "NOT"}:
        return

    def found(query: str) -> set[str]:
        return {hit.url for page in (1, 2, 3) for hit in ask(replica, f"x {query}", size=100, page=page).hits}

    assert found(f"(+{a}) AND (+{b})") == found(f"+{a}") & found(f"+{b}")
    assert found(f"({a} OR {b})") == found(f"+{a}") | found(f"+{b}")
    assert found(f"+{a} NOT {b}") == found(f"+{a}") - found(f"+{b}")
