"""Near-duplicates have fingerprints that differ in few bits, other texts in many."""

from __future__ import annotations

import hashlib
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightship.crawler.parsing.signals.fingerprint import NEAR, SHORTEST, distance, fingerprint, fingerprints
from made import words

KNOWN = 0x7A2CAC1B91115C40
TEXT = " ".join(words(2000, seed=1))


def test_equal_texts_have_equal_ones_whatever_their_blanks_and_case() -> None:
    assert fingerprint(TEXT) == fingerprint("\n\n".join(TEXT.upper().split())) != 0


def test_a_fingerprint_is_the_same_on_every_machine_and_day() -> None:
    assert fingerprint(" ".join(map(str, range(100)))) == KNOWN


def test_a_changed_word_of_a_long_text_changes_few_bits() -> None:
    distances = []
    for seed in range(40):
        pieces = TEXT.split()
        pieces[random.Random(seed).randrange(len(pieces))] = "changed"
        distances.append(distance(fingerprint(TEXT), fingerprint(" ".join(pieces))))
    assert max(distances) <= 2 * NEAR
    assert sum(found <= NEAR for found in distances) >= 36, "it is a matter of chance, but mostly within"


@pytest.mark.parametrize("seed", range(2, 22))
def test_other_texts_of_the_same_words_are_far_away(seed: int) -> None:
    assert distance(fingerprint(TEXT), fingerprint(" ".join(words(2000, seed)))) > 4 * NEAR


def test_chinese_is_compared_by_its_characters() -> None:
    text = "".join(chr(0x4E00 + random.Random(number).randrange(3000)) for number in range(1000))
    assert distance(fingerprint(text), fingerprint(text[:500] + "新" + text[501:])) <= NEAR
    assert distance(fingerprint(text), fingerprint(text[::-1])) > 4 * NEAR


@pytest.mark.parametrize(
    "text", ["", "short", "word " * (SHORTEST - 1), "搜索" * (SHORTEST // 2 - 1), "... !!! " * 100]
)
def test_short_texts_have_none(text: str) -> None:
    assert fingerprint(text) == 0


def test_distance() -> None:
    assert [distance(one, other) for one, other in ((0, 0), (5, 5), (0, 7), (2**64 - 1, 0))] == [0, 0, 3, 64]


CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
FACTORS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
LETTERS = st.text(st.sampled_from("ab1_-. \n\x1c\x85\xa0é²İ漢あ한\u2028\udc80"), max_size=300)


@settings(max_examples=40)
@given(st.one_of(LETTERS, st.text(max_size=200), LETTERS.map(lambda text: text * 20)))
def test_they_are_what_a_plain_computation_gives(text: str) -> None:
    words = re.findall(f"[{CJK}]|[^\\W_{CJK}]+", text.lower())
    hashes = [
        int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
        for word in words
    ]
    triples = zip(hashes, hashes[1:], hashes[2:], strict=False)
    shingles = {sum(map(int.__mul__, three, FACTORS)) % 2**64 for three in triples}
    bits = [sum(shingle >> bit & 1 for shingle in shingles) * 2 > len(shingles) for bit in range(64)]
    alike = sum(1 << bit for bit, is_set in enumerate(bits) if is_set) if len(words) >= SHORTEST else 0
    telling = {
        word: number
        for word, number in zip(words, hashes, strict=True)
        if len(word) > 3 or not (word.isascii() and word.isalpha())
    }
    assert fingerprints(text) == (alike, sum(telling.values()) % 2**64)
