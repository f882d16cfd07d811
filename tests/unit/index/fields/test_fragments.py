"""Fragments lead to elements and words, whatever characters they have."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from ada_url import URL
from hypothesis import given
from hypothesis import strategies as st

from lightship.index.fields.fragments import fragment_of, with_fragment, with_words, words_at

PAGE = "https://a.example/page"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_browser_finds_the_id_again(anchor: str) -> None:
    url = with_fragment(PAGE, fragment_of(anchor))
    assert url.isascii()
    assert url.isprintable()
    assert URL(url).href == url, "a browser changes nothing of it"
    assert unquote(urlsplit(url).fragment, errors="strict") == anchor
    assert ":~:" not in url, "nothing of an id is taken for a directive"


@pytest.mark.parametrize(
    ("url", "words", "whole"),
    [
        (PAGE, "a, b-c & d", f"{PAGE}#:~:text=a%2C%20b%2Dc%20%26%20d"),
        (f"{PAGE}#/route", "x", f"{PAGE}#/route:~:text=x"),
        (PAGE, "größer", f"{PAGE}#:~:text=gr%C3%B6%C3%9Fer"),
        (PAGE, "", PAGE),
        ("file:///home/page.txt", "x", "file:///home/page.txt"),
    ],
)
def test_words_are_encoded_as_the_specification_says(url: str, words: str, whole: str) -> None:
    assert with_words(url, words) == whole


@pytest.mark.parametrize(
    ("line", "word", "words"),
    [
        ("only this", "this", "only this"),
        ("• an item of a list", "item", "an item of a list"),
        ("12. second", "second", "second"),
        ("before it " * 9 + "needle and then there is more to read in this line, much more", "needle",
         "needle and then there is more to read in this line, much"),
        ("前の文。検索エンジンの索引は分散できる。次の文", "索引", "検索エンジンの索引は分散できる"),
        ("字" * 200, "字", ""),
    ],
)  # fmt: skip
def test_words_around_a_place_are_whole(line: str, word: str, words: str) -> None:
    assert words_at(line, line.index(word)) == words


@given(st.text(alphabet="ab .•1文。", max_size=300), st.integers(0, 300))
def test_words_stand_in_the_line(line: str, place: int) -> None:
    words = words_at(line, min(place, len(line)))
    assert words in line
    assert words == words.strip()
