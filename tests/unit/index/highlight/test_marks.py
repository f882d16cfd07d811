"""What is marked beyond single words: phrases, odd words, titles; the best passage; pages where the quick way finds nothing."""

from __future__ import annotations

import html
import re
import time

import pytest

from lightship.index.fields.schema import FORMS, SCHEMA_VERSION
from lightship.index.highlight.passage import PASSAGE
from lightship.index.highlight.snippet import Highlighter
from lightship.index.query.compiler import compile_query
from lightship.index.query.language.parser import parse_query
from lightship.index.query.vocabulary import Vocabulary

LANGUAGES = ("en", "de", "fr", "ru", "ar", "")
FILLER = "Nothing of interest stands in this sentence. " * 60


class Known:
    """An index in which each of `forms` stands in some odd word, and words begin with `prefixes`."""

    documents = 1000

    def __init__(self, *forms: str, prefixes: tuple[str, ...] = ()) -> None:
        self._forms, self._prefixes = forms, prefixes

    @property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(SCHEMA_VERSION, LANGUAGES, self)

    def documents_in(self, language: str) -> int:
        return 1000

    def documents_with(self, field: str, term: str) -> int:
        return 1 if field != FORMS or term in self._forms else 0

    def terms_with_prefix(self, field: str, prefix: str, limit: int) -> list[str]:
        return [term for term in self._prefixes if term.startswith(prefix)][:limit]


def highlighter(query: str, known: Known | None = None, version: int = SCHEMA_VERSION) -> Highlighter:
    compiled = compile_query(parse_query(query), version, LANGUAGES, "", known or Known())
    return Highlighter(compiled, lambda term: 100)


def marked(shown: str) -> list[str]:
    return [html.unescape(part) for part in re.findall("<mark>(.*?)</mark>", shown)]


def marks(query: str, text: str, language: str | None = "en", *forms: str) -> list[str]:
    return marked(highlighter(query, Known(*forms)).snippet(text.encode(), language))


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ('"fourth faction"', "A fourth faction, not the fourth or a faction", ["fourth faction"]),
        ('"fourth faction"', "fourth, faction!", ["fourth, faction"]),
        ('"fourth factions"', "The Fourth Faction", ["Fourth Faction"]),
        ('"fourth faction" faction', "A fourth faction and a faction", ["fourth faction", "faction"]),
        ('"Python 3.11"', "Python 3.11 has 3 and 11", ["Python 3.11"]),
        ('"to be or not"', "to be or not to be", ["to be or not"]),
        ('"a b" "b c"', "a b c", ["a b c"]),
        ('"don\'t stop"', "Don’t stop, don't", ["Don’t stop"]),
        ('"mortal"', "mortal and mortals", ["mortal", "mortals"]),
        ('"搜索 engine"', "搜索 engine 和搜索引擎", ["搜索 engine", "搜索"]),
    ],
)
def test_a_phrase_is_marked_as_one_and_its_words_nowhere_else(query: str, text: str, expected: list[str]) -> None:
    assert marks(query, text) == expected


def test_the_passage_of_a_phrase_is_where_it_stands() -> None:
    text = f"A fourth one. {FILLER} A faction. {FILLER} Then the fourth faction rose. {FILLER}"
    assert marks('"fourth faction"', text) == ["fourth faction"]
    assert marks('"fourth factions"', text) == ["fourth faction"]


def test_words_side_by_side_come_before_more_words_apart() -> None:
    text = f"Power of the state, and solar. {FILLER} Solar power. {FILLER} Power, and then something that is solar."
    assert marks("solar power", text) == ["Solar", "power"]
    many = "Solar panels. " * 50 + FILLER * 3 + "The solar power plant. " + FILLER
    assert marks("solar power", many) == ["solar", "power"]


@pytest.mark.parametrize(
    ("query", "language", "word"),
    [
        ("strasse", "de", "Straße"),
        ("oeuvre", "fr", "Œuvre"),
        ("office", "en", "oﬃce"),
        ("елка", "ru", "Ёлка"),
        ("αθηνα", None, "Αθήνα"),
        ("مدرسة", "ar", "المَدْرَسة"),
        ("שלום", None, "שָׁלוֹם"),
        ("ガイド", "ja", "ｶﾞｲﾄﾞ"),
        ("हिंदी", "hi", "हिन्दी"),
        ("ค้นหา", "th", "ค้นหา"),
        ("incesenet", "az", "İncesenet"),
        ("viet", "vi", "Việt"),
    ],
)
def test_what_is_written_otherwise_is_found_anywhere_in_a_long_text(query: str, language: str, word: str) -> None:
    for filler in (FILLER, FILLER.replace("interest", "intérêt"), FILLER.replace("interest", "интерес")):
        assert marks(query, f"{filler} {word}. {filler}", language) == [word]


def test_odd_words_are_found_by_their_forms_anywhere() -> None:
    assert marks("email", f"{FILLER} An e-mail here. {FILLER}", "en", "email") == ["e-mail"]
    assert marks("email", f"{FILLER}’ An e-mail here. {FILLER}", "en", "email") == ["e-mail"]
    assert marks("function", f"{FILLER} The fooBarFunction. {FILLER}", "en", "function") == ["Function"]
    assert marks("dont", f"{FILLER} They don’t know. {FILLER}") == ["don’t"]
    assert marks("C++", f"C is old. {FILLER} Here is C++. {FILLER}", "en", "c++") == ["C++"]


def test_a_part_that_is_a_letter_or_number_is_not_marked_beside_the_whole() -> None:
    assert marks("3.11", "3.11 is above 3 and 11", "en", "3.11") == ["3.11"]
    assert marks("3.11", "3 and 11") == ["3", "11"]
    assert marks("node.js", "node.js and node", "en", "nodej") == ["node.js", "node"]


def test_words_of_a_prefix_are_marked() -> None:
    known = Known(prefixes=("kubernet",))
    shown = highlighter("kuber*", known).snippet(f"{FILLER} About Kubernetes. {FILLER}".encode(), "en")
    assert marked(shown) == ["Kubernetes"]


def test_a_syllable_is_never_cut() -> None:
    assert marks("กน", "กินข้าว", "th") == []
    assert marks("ข้า", "ข่าข้าวข้", "th") == ["ข้า"]


def test_where_a_run_is_whole_its_meaningless_parts_are_not_marked() -> None:
    assert marks("サンドボックス", "サンドボックスとサンドとボックス", "ja") == ["サンドボックス"]
    assert marks("搜索引擎", "搜索引擎,搜索", "zh") == ["搜索引擎", "搜索"]


def test_titles_are_escaped_and_marked() -> None:
    assert highlighter("beach").marked(["A <b>beach</b> & more", "Nothing", "", "Beach"], "en") == [
        "A &lt;b&gt;<mark>beach</mark>&lt;/b&gt; &amp; more", "Nothing", "", "<mark>Beach</mark>",
    ]  # fmt: skip


def test_an_index_of_the_former_version_is_marked_too() -> None:
    shown = highlighter("beach 搜索 naïve", version=1)
    assert marked(shown.snippet("The beach, naive, 搜索引擎".encode(), "en")) == ["beach", "naive", "搜索"]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("zzz", "ß æ œ ﬁ ё " * 300_000),
        ("ค้นหา", "ค้นห ำ" * 250_000),
        ("ค้นหา", "กินข้าว" * 200_000),
        ("हिंदी", "हिन्द " * 250_000),
        ("dont", "don'z " * 700_000),
        ('"a b"', "a c " * 1_000_000),
        ("c++", "c+ c# c, " * 450_000),
        ("مدرسة", "مدرسا " * 350_000),
        ("搜索引擎", "搜引索擎" * 340_000),
    ],
)
def test_the_slow_way_is_bounded(query: str, text: str) -> None:
    highlighting, long = highlighter(query), text.encode()[: 4 << 20]
    started = time.process_time()
    for _ in range(100):
        highlighting.snippet(long, "xx")
    assert time.process_time() - started < 2  # about 0.1 s


def test_a_passage_is_short() -> None:
    shown = highlighter("needle").snippet(("wörd ß " * 3000 + "needle " + "wörd " * 3000).encode(), "de")
    assert len(re.sub("</?mark>", "", shown)) <= PASSAGE + 4


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        (
            "market",
            "A market-based (market) Market/place, markets. Marketplace",
            ["market", "market", "Market", "markets"],
        ),
        ("georgia", "Georgia's flag, Georgia’s", ["Georgia", "Georgia"]),
        ("ship", "relationship, ship/boat, steam-ship", ["ship", "ship"]),
        ("bar", "fooBar, foobar, HTTPBar; bar2, 2bar", ["Bar", "Bar"]),
        ("email", "e-mail (e-mail) e-mails, Email e-commerce", ["e-mail", "e-mail", "e-mails", "Email"]),
    ],
)
def test_signs_around_and_within_words_decide_what_is_marked(query: str, text: str, expected: list[str]) -> None:
    assert marks(query, text, "en", "bar", "email") == expected
    assert marks(query, f"{text} ", "en", "bar", "email") == expected


def test_texts_are_marked_together_as_each_by_itself() -> None:
    texts = [
        "The e-mail of a beach", "", "Don't (email), fooBar", "A cafe\u0301 on the beach.", "E-MAIL! <b>", "Strände & Beaches",
        "beach", "“Beach”", "foo bar", "x" * 50 + " bar",
    ]  # fmt: skip
    for query in ("email beach", "bar dont", "café", '"on the beach"', "c++ e-mail", "strand"):
        together = highlighter(query).marked(texts, "en")
        assert together == [highlighter(query).marked([text], "en")[0] for text in texts]
        assert len(together) == len(texts)
