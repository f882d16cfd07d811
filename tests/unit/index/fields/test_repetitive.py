"""Texts that repeat a word again and again are told from those that do not."""

from __future__ import annotations

import random

import pytest

from lightship.index.fields.repetitive import LONG_TEXT, is_repetitive
from made import words

ORDINARY = " ".join(words(4000, seed=3))


@pytest.mark.parametrize(
    "text",
    [
        "lamp " * 5000, "lamp light " * 3000, "a " * 20_000, "灯塔" * 10_000, "x" * 20_000, "Lamp lamp LAMP " * 3000,
        " ".join(random.Random(1).choice(["lamp", "lamp", "other", "more"]) for _ in range(9000)),
    ],
)  # fmt: skip
def test_a_text_of_few_words_is(text: str) -> None:
    assert is_repetitive(text)


@pytest.mark.parametrize(
    "text", [ORDINARY, "", "lamp " * (LONG_TEXT // 5), "the quick brown fox jumps over a lazy dog " * 900]
)
def test_ordinary_and_short_texts_are_not(text: str) -> None:
    assert not is_repetitive(text)
