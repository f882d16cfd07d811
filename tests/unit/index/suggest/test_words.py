"""Words that are suggested, and corrections: right ones first, and none of what may be right."""

from __future__ import annotations

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.index.suggest.edits import (
    begun_otherwise,
    distance_from,
    letter_bits,
    mistake_cost,
    packed_bits,
    similar,
    unrepeated,
)
from lightship.index.suggest.words import (
    COST,
    MAX_KEPT,
    MAX_WORDS,
    MOST_CORRECTED,
    SPLIT_COST,
    THREE_EDITS,
    TWICE_COST,
    TWO_EDITS,
    Words,
    is_correctable,
)

COUNTED = {
    "lighthouse": 90, "lights": 80, "light": 300, "lamp": 200, "lamps": 100, "house": 150, "environment": 70, "receive": 60,
    "government": 55, "kubernetes": 50, "database": 400, "solar": 40, "power": 90, "functional": 3, "function": 300,
    "über": 20, "straße": 30, "маяк": 40, "маяки": 10, "灯塔": 99, "2024": 90, "2014": 80, "rare": 1, "ramp": 5,
}  # fmt: skip
WORDS = Words(COUNTED.items())


def brute(one: str, other: str) -> int:
    """Return the optimal string alignment distance by its definition."""
    table = {(i, -1): i + 1 for i in range(-1, len(one))} | {(-1, j): j + 1 for j in range(-1, len(other))}
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (a != b))
            if i and j and a == other[j - 1] and one[i - 1] == b:
                table[i, j] = min(table[i, j], table[i - 2, j - 2] + 1)
    return table[len(one) - 1, len(other) - 1]


letters = st.text("abcé", max_size=7)


@given(letters.filter(bool), letters)
def test_the_distance_is_that_of_its_definition(one: str, other: str) -> None:
    assert distance_from(one)(other) == brute(one, other)


@given(letters.filter(bool), st.text("abc", min_size=1, max_size=7))
def test_what_is_one_edit_away_and_begins_otherwise(word: str, other: str) -> None:
    assert (other in begun_otherwise(word, "abc", {other})) == (brute(word, other) == 1 and other[0] != word[0])


@given(st.text("abcéА", max_size=9), st.text("abcéА", max_size=9))
def test_an_edit_changes_two_bits_of_the_letters_at_most(one: str, other: str) -> None:
    assert (letter_bits(one) ^ letter_bits(other)).bit_count() <= 2 * brute(one, other)


@given(st.text("abcéА", max_size=9), st.lists(st.text("abcéА", max_size=9), max_size=40), st.sampled_from([2, 4, 6]))
def test_words_with_similar_letters_are_found_among_many(word: str, words: list[str], most: int) -> None:
    bits = letter_bits(word)
    expected = [each for each in words if (bits ^ letter_bits(each)).bit_count() <= most]
    assert list(similar(bits, words, packed_bits(words), most)) == expected


longer = st.text("abc", min_size=TWO_EDITS, max_size=THREE_EDITS + 1)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=THREE_EDITS + 1), st.integers(1, 9)), longer)
def test_a_long_word_is_corrected_to_the_likeliest_one_within_a_few_edits(counts: dict[str, int], word: str) -> None:
    counts.pop(word, None)
    found = Words(counts.items()).correct(word)
    near = [each for each in counts if brute(word, each) == 1]
    near = near or [each for each in counts if brute(word, each) <= 2 and each[0] in word[:2]]
    if len(word) >= THREE_EDITS:
        near = near or [each for each in counts if brute(word, each) <= 3 and each[:2] == word[:2]]
    likely = [log(counts[each]) - COST * mistake_cost(word, each) for each in near]
    splits = [(word[:place], word[place:]) for place in range(2, len(word) - 1)]
    likely += [log(counts[each]) - COST * TWICE_COST for each in counts if each in unrepeated(word)]
    likely += [
        log(min(counts[one], counts[other])) - COST * SPLIT_COST
        for one, other in splits
        if one in counts and other in counts
    ]
    assert (found is None) == (not likely)
    if found:
        costs = [SPLIT_COST] if " " in found.text else [mistake_cost(word, found.text), TWICE_COST]
        assert max(likely) in [log(found.documents) - COST * cost for cost in costs]


@given(letters, letters)
def test_a_mistake_costs_nothing_only_if_there_is_none(typed: str, meant: str) -> None:
    cost = mistake_cost(typed, meant)
    assert (cost == 0) == (typed == meant)
    assert cost <= 1.9 * brute(typed, meant)


@pytest.mark.parametrize(
    ("typed", "likely", "unlikely"),
    [
        ("comittee", "committee", "cosmittee"),  # a repeated letter before another one
        ("lihgt", "light", "libgt"),  # two in the wrong order
        ("modues", "modules", "modes"),  # a letter left out before one too many
        ("seperate", "separate", "sepirete"),  # a vowel
        ("prsons", "persons", "arsons"),  # the first letter is seldom wrong
        ("conflictd", "conflicted", "conflict"),  # nor is the last
        ("machne", "machine", "machpne"),  # a vowel is left out before another letter is
        ("cemetary", "semetary", "remetary"),  # a consonant that sounds alike
    ],
)
def test_what_a_likely_mistake_is(typed: str, likely: str, unlikely: str) -> None:
    assert mistake_cost(typed, likely) < mistake_cost(typed, unlikely)


@given(st.text("ab", max_size=4), st.text("abc", min_size=2, max_size=4), st.text("ab", max_size=4))
def test_letters_that_were_typed_twice_are_left_out_once(begin: str, part: str, end: str) -> None:
    word = begin + part + part + end
    assert begin + part + end in unrepeated(word)
    assert {len(word) - len(each) for each in unrepeated(word)} <= {2, 3, 4}


def test_a_text_without_spaces_is_no_mistake() -> None:
    assert not is_correctable("a" * (MOST_CORRECTED + 1))


def test_the_most_frequent_words_of_a_beginning_come_first() -> None:
    assert WORDS.beginning("li", 2) == [("light", 300), ("lighthouse", 90)]
    assert WORDS.beginning("мая", 5) == [("маяк", 40), ("маяки", 10)]
    assert WORDS.beginning("灯", 5) == [("灯塔", 99)]
    assert WORDS.beginning("zz", 5) == []
    assert len(WORDS.beginning("", 100)) == len(WORDS) == len(COUNTED)


@pytest.mark.parametrize(
    ("word", "right"),
    [
        ("lihgt", "light"), ("lmap", "lamp"), ("enviroment", "environment"), ("recieve", "receive"), ("goverment", "government"),
        ("kuberentes", "kubernetes"), ("databse", "database"), ("datbaase", "database"), ("fucntion", "function"),
        ("straßse", "straße"), ("маякк", "маяк"), ("solarpower", "solar power"), ("lighthuose", "lighthouse"),
        ("gouvernement", "government"), ("governvernment", "government"), ("kubrentes", "kubernetes"), ("envirnmnts", "environment"),
    ],
)  # fmt: skip
def test_a_mistyped_word_is_corrected(word: str, right: str) -> None:
    found = WORDS.correct(word)
    assert found
    assert found.text == right


@pytest.mark.parametrize("word", ["2004", "v204", "lam", "灯搭", "xyzzyq", "e_fail", "rer", "house2", "灯塔灯搭"])
def test_what_may_be_right_is_not_corrected(word: str) -> None:
    assert WORDS.correct(word) is None


def test_corrections_are_the_same_again_and_however_many_were_asked_for() -> None:
    words, asked = (
        Words(COUNTED.items()),
        ["lihgt", "xyzzyq", *(f"nothing{'abcdefghij'[n % 10] * (n // 10)}" for n in range(99))],
    )
    first = [words.correct(word) for word in asked]
    for number in range(MAX_KEPT):
        words.correct("q" * 4 + "".join("abcdefghij"[int(digit)] for digit in str(number)))
    assert [words.correct(word) for word in asked] == [words.correct(word) for word in asked] == first
    assert first[0] == ("light", 300)


def test_only_the_most_frequent_words_are_kept() -> None:
    words = Words((f"w{number:06}", number) for number in range(MAX_WORDS + 500))
    assert len(words) == MAX_WORDS
    assert (words.documents("w000499"), words.documents("w000500")) == (0, 500)
