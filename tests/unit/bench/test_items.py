"""Queries for known items are made from pages, the same for the same seed."""

from __future__ import annotations

from typing import Any

import pytest
from bench.items import FUNCTION_WORDS, Item, items_of

from made import words

TITLES = ("The Lord of the Rings", "lord OF rings", "Seven Samurai", "Samurai seven", "Ran", "!!!", "Ran")


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    vocabulary = iter(words(5000, 3))
    texts = [
        " ".join(" ".join([next(vocabulary) for _ in range(length)]) + "." for length in (3, 9, 6, 12, 7, 2) * 3)
        for _ in range(30)
    ]
    return [
        {
            "url": f"https://www.example.org/{number}",
            "title": TITLES[number % len(TITLES)],
            "text": f"{text} Same on all of these pages.",
        }
        for number, text in enumerate(texts)
    ]


def made(records: list[dict[str, Any]], seed: int = 1) -> dict[str, list[Item]]:
    return {kind.name: items for kind, items in items_of(records, 20, seed).items()}


def test_the_same_seed_makes_the_same_items(records: list[dict[str, Any]]) -> None:
    assert made(records) == made(records)
    assert made(records) != made(records, seed=2)
    assert {name: len(items) for name, items in made(records).items()} == {
        "exact titles": 20, "titles without a function word": 10, "titles in another order": 10, "pasted urls": 4,
        "sentences of 5 to 8 words": 6, "pieces of longer sentences": 6,
    }  # fmt: skip


def test_pages_with_equal_titles_are_right(records: list[dict[str, Any]]) -> None:
    for item in made(records)["exact titles"]:
        assert item.query != "!!!"
        same = {each["url"] for each in records if each["title"].casefold() == item.query.casefold()}
        assert item.right == same


def test_one_function_word_is_left_out(records: list[dict[str, Any]]) -> None:
    for item in made(records)["titles without a function word"]:
        titles = {each["title"] for each in records if each["url"] in item.right}
        title = next(each for each in titles if len(each.split()) == len(item.query.split()) + 1)
        left_out = set(title.split()) - set(item.query.split()) or {"the"}
        assert {word.casefold() for word in left_out} <= FUNCTION_WORDS


def test_another_order_has_the_same_words(records: list[dict[str, Any]]) -> None:
    for item in made(records)["titles in another order"]:
        bag = sorted(item.query.casefold().split())
        same = {each["url"] for each in records if sorted(each["title"].casefold().split()) == bag}
        assert item.right == same
        assert len(bag) > 1


def test_a_url_is_pasted_in_parts(records: list[dict[str, Any]]) -> None:
    for item in made(records)["pasted urls"]:
        (url,) = item.right
        bare = item.query.removeprefix("https://").removeprefix("http://").removeprefix("www.").removesuffix("/")
        assert url == f"https://www.{bare}"


def test_a_sentence_is_on_one_page_only(records: list[dict[str, Any]]) -> None:
    for item in made(records)["sentences of 5 to 8 words"]:
        (url,) = item.right
        assert [each["url"] for each in records if item.query in each["text"]] == [url]
        assert 5 <= len(item.query.split()) <= 8


def test_a_piece_is_part_of_a_longer_sentence(records: list[dict[str, Any]]) -> None:
    texts = {each["url"]: each["text"] for each in records}
    for item in made(records)["pieces of longer sentences"]:
        (url,) = item.right
        (sentence,) = [each for each in texts[url].split(". ") if item.query.rstrip(".") in each]
        assert 5 <= len(item.query.split()) <= 8 < len(sentence.split())
