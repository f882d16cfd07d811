"""Normalized texts with a map back to the original."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.index.analysis.normalize import normalized
from lightship.index.highlight.alignment import Folding, aligned, folded_singly

LETTERS = "aZ9 .'-’–™ßæœﬁé½²İıёйάךּ́̈\u00ad\u200b\u200d\ufeffｱｶﾞﾊﾟ가각ᄒ한ᅡ한ㅎㅏ한ก้ำນ་བཀྵहिन्दीम्बक़मँমংরায়اأآةُـلا١۲𝔸👍🏽❤️🇩🇪搜"
texts = st.text(st.sampled_from(LETTERS), max_size=40) | st.text(max_size=20)


@given(texts)
def test_an_aligned_text_is_the_normalized_one(text: str) -> None:
    text += "ё"  # all of a text is normalized in one of two ways: fix the way
    assert aligned(text).text == normalized(text).text


@given(texts)
def test_each_character_comes_from_a_place_in_the_text_in_order(text: str) -> None:
    made = aligned(text)
    assert len(made.starts) == len(made.ends) == len(made.text)
    assert all(0 <= start < end <= len(text) for start, end in zip(made.starts, made.ends, strict=True))
    assert list(made.starts) == sorted(made.starts)


@pytest.mark.parametrize(
    ("text", "part", "origin"),
    [
        ("the oﬃce", "office", "oﬃce"),
        ("co\u00adop now", "coop", "co\u00adop"),
        ("क़लम", "कलम", "क़लम"),
        ("ｶﾞｲﾄﾞ", "ガイド", "ｶﾞｲﾄﾞ"),
        ("सम्बन्ध", "संबंध", "सम्बन्ध"),
        ("مُحَمَّد", "محمد", "مُحَمَّد"),
    ],
)
def test_a_part_is_found_in_the_original(text: str, part: str, origin: str) -> None:
    made = aligned(text)
    start = made.text.index(part)
    first, last = made.span(start, start + len(part))
    assert text[first:last] == origin


@given(texts)
def test_what_is_folded_singly_keeps_its_places(text: str) -> None:
    folded = folded_singly(text)
    assert folded is None or len(folded) == len(text)


@given(texts, st.integers(0, 200))
def test_the_origin_of_a_place_is_the_last_one_whose_beginning_is_not_longer(text: str, place: int) -> None:
    folding = Folding(text)
    origin = folding.origin(place, folding.normal)
    assert 0 <= origin <= len(text)
    assert origin == 0 or len(folding.normal(text[:origin])) <= place


def test_folding_is_that_of_the_analyzer() -> None:
    assert Folding("Straße Æsir Þór naïve").fold("Straße Æsir Þór naïve") == b"strasse aesir thor naive"
    assert Folding("Œuvre Ｐｙ Ёлка").fold("Œuvre Ｐｙ Ёлка").decode() == "oeuvre py елка"
