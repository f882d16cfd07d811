"""The passage of a page that is shown, and the highlights in it."""

from __future__ import annotations

import html
import re
import time

import pytest

from lightship.index.fields.schema import SCHEMA_VERSION
from lightship.index.highlight.passage import PASSAGE
from lightship.index.highlight.search import PIECE
from lightship.index.highlight.snippet import Highlighter
from lightship.index.query.compiler import compile_query
from lightship.index.query.language.parser import parse_query

LANGUAGES = ("en", "de", "")
FILLER = "Nothing of interest stands in this sentence. " * 40


def highlighter(query: str, **frequencies: int) -> Highlighter:
    compiled = compile_query(parse_query(query), SCHEMA_VERSION, LANGUAGES)
    return Highlighter(compiled, lambda term: frequencies.get(term, 100))


def snippet(query: str, text: str, language: str | None = "en", fallback: str = "", **frequencies: int) -> str:
    return highlighter(query, **frequencies).snippet(text.encode(), language, fallback)


def marked(shown: str) -> list[str]:
    return re.findall("<mark>(.*?)</mark>", shown)


@pytest.mark.parametrize(
    ("query", "written"),
    [
        ("engine", "engines"),
        ("engines", "Engine"),
        ("history", "histories"),  # stems in i, words in y
        ("histories", "history"),
        ("ponies", "pony"),
        ("hope", "hoping"),  # the stem has an e that the word does not have
        ("reliable", "reliability"),
        ("nasa", "NASA"),
        ("cafe", "café"),
        ("café", "cafe"),
        ("malmo", "Malmø"),
        ("naïve", "NAÏVE"),
        ("3d", "3D"),
    ],
)
def test_a_word_is_found_however_it_is_written(query: str, written: str) -> None:
    assert marked(snippet(query, f"{FILLER}Here: {written}, at last. {FILLER}")) == [written]


@pytest.mark.parametrize(
    ("query", "other"), [("cat", "concatenate"), ("cat", "category"), ("port", "sport"), ("fort", "for")]
)
def test_a_part_of_a_word_or_a_word_that_only_begins_alike_is_no_match(query: str, other: str) -> None:
    assert marked(snippet(query, f"{other} and {query}")) == [query]
    assert marked(snippet(query, f"only {other}")) == []


def test_words_are_stemmed_by_the_language_of_the_page() -> None:
    assert marked(snippet("Häuser", "Das Haus und die Häuser", "de")) == ["Haus", "Häuser"]
    assert marked(snippet("running", "run", "xx")) == []  # a language without a stemmer
    assert marked(snippet("running", "run", None)) == ["run"]  # unknown: English, as in the index


def test_the_passage_is_around_the_rarest_word_anywhere_in_the_page() -> None:
    text = f"A common word. {FILLER} The quokka, common in places. {FILLER} common"
    shown = snippet("common quokka", text, quokka=2)
    assert marked(shown) == ["quokka", "common"]
    assert shown.startswith("… The ")
    assert shown.endswith(" …")


def test_of_the_places_of_the_rarest_word_the_one_with_most_others_near_wins() -> None:
    text = f"A quokka alone. {FILLER} A quokka on a beach at sunset. {FILLER} A quokka on a beach."
    assert marked(snippet("quokka beach sunset", text, quokka=1)) == ["quokka", "beach", "sunset"]


def test_a_word_at_the_very_beginning_counts() -> None:
    assert marked(snippet("quokka beach", f"Quokka. {FILLER} A beach.", quokka=1)) == ["Quokka"]
    assert snippet("quokka", f"Quokka. {FILLER * (PIECE // len(FILLER) + 1)} A quokka.").startswith(
        "<mark>Quokka</mark>."
    )
    text = f"Beach of a quokka. {FILLER} A quokka at sunset. {FILLER}"
    assert marked(snippet("quokka beach sunset", text, quokka=1, beach=2)) == ["Beach", "quokka"]


def test_a_passage_that_lacks_one_letter_of_the_text_says_so() -> None:
    assert snippet("quokka", f"{'x' * 60}-quokka").startswith("… xxx")
    assert snippet("quokka", f"{'x' * 59}-quokka").startswith("xxx")


def test_a_part_of_a_word_after_a_letter_with_an_accent_does_not_choose_the_passage() -> None:
    assert marked(snippet("cole", f"École. {FILLER} Cole.")) == ["Cole"]


def test_a_page_without_the_rarest_word_shows_the_next() -> None:
    assert marked(snippet("quokka beach", f"{FILLER} On the beach. {FILLER}", quokka=1)) == ["beach"]


def test_stop_words_are_not_highlighted_unless_there_is_nothing_else() -> None:
    assert marked(snippet("the beach", "the beach")) == ["beach"]
    assert marked(snippet("to be", "or not to be")) == ["to", "be"]


def test_chinese_is_highlighted_as_far_as_the_query_covers_it() -> None:
    shown = snippet("搜索引擎", "无关的文字。" * 100 + "这是一个搜索引擎的介绍。" + "无关的文字。" * 100, "zh")
    assert marked(shown) == ["搜索引擎"]
    assert len(shown) < PASSAGE


def test_chinese_matches_in_parts() -> None:
    assert marked(snippet("搜索引擎", "搜索很快,引擎也快", "zh")) == ["搜索", "引擎"]


def test_latin_words_next_to_chinese_have_boundaries() -> None:
    assert marked(snippet("python", "使用Python编程,不是Pythonista或pythonesque", "zh")) == ["Python"]
    assert marked(snippet("python 编程", "使用Python编程")) == ["Python", "编程"]


def test_japanese_and_korean_are_highlighted() -> None:
    assert marked(snippet("検索", "全文検索エンジン", "ja")) == ["検索"]
    assert marked(snippet("검색", "전문 검색 엔진", "ko")) == ["검색"]


def test_without_a_match_the_description_or_the_beginning_is_shown() -> None:
    assert snippet("quokka", FILLER, fallback="What it is about.") == "What it is about."
    assert snippet("quokka", "Quokka.", fallback="What it is about.") == "<mark>Quokka</mark>."
    assert snippet("quokka", FILLER).startswith("Nothing of interest")
    assert snippet("quokka", "") == ""
    assert marked(snippet("beach", "nothing", fallback="a beach")) == ["beach"]


def test_a_text_that_begins_with_a_letter_of_several_bytes_is_shown_from_there() -> None:
    assert snippet("quokka", "État de droit") == "État de droit"
    assert snippet("搜索", "搜索引擎", "zh") == "<mark>搜索</mark>引擎"


def test_nothing_of_the_page_is_markup() -> None:
    text = "<script>alert('beach')</script> & \"beach\" <mark>beach</mark>"
    shown = snippet("beach script", text)
    plain = html.unescape(re.sub("</?mark>", "", shown.replace("&lt;mark&gt;", "[").replace("&lt;/mark&gt;", "]")))
    assert plain == text.replace("<mark>", "[").replace("</mark>", "]")
    assert marked(shown) == ["script", "beach", "script", "beach", "beach"]
    assert "<" not in re.sub("</?mark>", "", shown)


def test_a_passage_is_short_and_whole_words() -> None:
    shown = snippet("needle", "word " * 3000 + "needle " + "word " * 3000)
    plain = re.sub("</?mark>", "", shown)
    assert len(plain) <= PASSAGE + 4
    assert set(plain.split()) == {"…", "word", "needle"}


@pytest.mark.parametrize("text", ["a" * 1_000_000, "ab " * 300_000, "é" * 500_000, "搜" * 500_000, "abé " * 250_000])
def test_a_huge_text_is_no_trouble(text: str) -> None:
    started = time.process_time()
    assert snippet("abc aa 索引 é", text)
    assert time.process_time() - started < 2


def test_a_rare_word_at_the_end_of_a_huge_text_is_found() -> None:
    assert marked(snippet("quokka", "word é " * 200_000 + "quökka")) == ["quökka"]


ALIKE = [f"lamp{number:05x}z" for number in range(60_000)]  # each begins like the query's word, but is a different word
ALIKE_ACCENTS = [f"lämp{number:05x}é" for number in range(60_000)]
HOSTILE = {
    "words that begin alike": ("lamp", " ".join(ALIKE)),
    "with accents": ("lamp", " ".join(ALIKE_ACCENTS)),
    "with letters that Latin-1 has not": ("lamp", " ".join(ALIKE).replace("a", "ą")),
    "one letter": ("c", " ".join(f"c{number:x}" for number in range(150_000))),
    "a letter within words": ("a e i", "xaexi" * 200_000),
    "letters of all kinds": ("lamp", "ąłéżš" * 200_000),
    "many words": (" ".join(f"lamp{number:05x}y" for number in range(64)), " ".join(ALIKE)),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_texts_that_are_made_to_be_slow_cost_little(kind: str) -> None:
    query, text = HOSTILE[kind]
    highlighting, long = highlighter(query), (text * 4)[: 4 << 20].encode()
    started = time.process_time()
    shown = [highlighting.snippet(long, "en") for _ in range(100)]
    assert time.process_time() - started < 2  # 0.1 to 0.3 s; searching everything takes 50 s and more
    assert all(shown)


def test_a_word_that_stands_everywhere_costs_no_more_than_reading() -> None:
    """The first few of its places are compared."""
    highlighting, text = highlighter("quokka beach sunset", quokka=1), b"A quokka on a beach. " * 5000
    assert marked(highlighting.snippet(text, "en"))[:2] == ["quokka", "beach"]
    assert highlighting.spent < 3 * len(text)


def test_every_place_that_is_compared_is_counted() -> None:
    others = [f"other{number}z" for number in range(30)]
    highlighting = highlighter(f"quokka {' '.join(others)}", quokka=1)
    highlighting.snippet(b"A quokka. A quokka.", "en")
    assert highlighting.spent > 2 * len(others) * 256


def test_all_texts_of_an_answer_are_looked_at_unless_they_are_long() -> None:
    highlighting, text = highlighter("quokka zebra"), f"{FILLER * 3} A zebra. {FILLER * 3}".encode()
    assert all(marked(highlighting.snippet(text, "en")) == ["zebra"] for _ in range(100))


@pytest.mark.parametrize("before", range(PIECE - 12, PIECE + 4))
@pytest.mark.parametrize("letter", ["x", "é", "搜"])
def test_a_word_where_two_pieces_of_a_text_meet_is_found(before: int, letter: str) -> None:
    width = len(letter.encode())
    text = letter * ((before - 1) // width) + " quokka. " + "the end " * 40
    assert marked(snippet("quokka", text)) == ["quokka"]
    assert marked(snippet("quokka", text.replace("quokka", "quökka"))) == ["quökka"]
    assert marked(snippet("quokka", text.replace("quokka", "quokkas and quokkaberry"))) == ["quokkas"]
    assert marked(snippet("okka", text)) == []
