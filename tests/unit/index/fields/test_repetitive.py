"""Words that a text repeats thousands of times are told, and no others."""

from __future__ import annotations

import random

import pytest

from lightship.index.analysis.words import terms
from lightship.index.fields.repetitive import OFTEN, repeated
from made import words

ORDINARY = " ".join(words(4000, seed=3))


def found(text: str) -> set[str]:
    return set(repeated(text, lambda sample: terms(sample, "en")))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lamp " * 5000, {"lamp"}),
        ("lamp light " * 6000, {"lamp", "light"}),
        ("a " * 10_000, {"a"}),
        ("Lamp/lamp-LAMPS," * 3000, {"lamp"}),
        ("lamp light " * 6000 + ORDINARY * 20, {"lamp", "light"}),
        (" ".join(random.Random(1).choices(["lamp", *"abcdefgh"], [1, *[0.05] * 8], k=9000)), {"lamp"}),
        ("one two three four five six seven eight nine ten " * 20_000, {"one", "two", "three", "four", "five", "ten"}),
    ],
)  # fmt: skip
def test_words_that_a_text_has_thousands_of_times_are_told(text: str, expected: set[str]) -> None:
    assert expected <= found(text)


@pytest.mark.parametrize(
    "text", [ORDINARY * 10, "", "lamp " * (OFTEN // 2), "the quick brown fox jumps over a lazy dog " * 900]
)
def test_ordinary_and_short_texts_repeat_none(text: str) -> None:
    assert not found(text)


def test_other_words_where_samples_of_another_text_are_hide_nothing() -> None:
    text = "lamp " * 100_000
    hidden = "".join(
        "other words " * 12 + text[start : start + 1900] for start in range(0, len(text), 2048)
    )  # at the beginning of each step
    assert found(hidden) == {"lamp"}
