"""What each form of the query language is parsed to."""

from __future__ import annotations

import re
import time
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightship.index.query.language.expression import All, Any, Expression, Leaf, Not, leaves
from lightship.index.query.language.grouping import MAX_DEPTH
from lightship.index.query.language.languages import language_code
from lightship.index.query.language.parser import MAX_WORDS, Query, parse_query
from lightship.index.query.language.pasted_url import MAX_VARIANTS, read_url
from lightship.index.query.language.tokens import MAX_PREFIXES
from lightship.index.query.weights import weighted_words
from support import ROOT


def word(text: str) -> Leaf:
    return Leaf("word", text)


def parsed(text: str) -> dict[str, object]:
    """Return the attributes of the parsed query that are not empty, without the notice."""
    return {name: value for name, value in vars(parse_query(text)).items() if value and name != "notice"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pip install --upgrade", ["pip", "install", "upgrade"]),
        ("git commit --amend", ["git", "commit", "amend"]),
        ("tar -xzf file.tar.gz", ["tar", "xzf", "file.tar.gz"]),
        ("sudo apt-get -qq update", ["sudo", "apt-get", "qq", "update"]),
        ("java -jar app.jar --port 80", ["java", "jar", "app.jar", "port", "80"]),
        ("python -m venv", ["python", "m", "venv"]),
        ("chmod -R 755", ["chmod", "R", "755"]),
        ("kill -9", ["kill", "9"]),
        ("error -1073741819", ["error", "1073741819"]),
        ("honolulu immigration ports 1906 -1925", ["honolulu", "immigration", "ports", "1906", "1925"]),
        ("ethyl -n-methyl", ["ethyl", "n-methyl"]),
        ("--help", ["help"]),
        ("-brown", ["brown"]),
        ('-brown -"lazy dog"', ["brown", "lazy", "dog"]),
        ("NOT brown", ["brown"]),
        ("e-mail 1-2 a- -", ["e-mail", "1-2", "a-"]),
        ("+1 vote", ["1", "vote"]),
        ("Mercury (planet)", ["Mercury", "planet"]),
        ("print(x) f() g(a,b)", ["print(x)", "f()", "g(a,b)"]),
        ("a) b) (", ["a", "b"]),
        ("done :-) :(", ["done"]),
        ("C++ C# .NET AT&T", ["C++", "C#", ".NET", "AT&T"]),
        ("std::vector error: x", ["std::vector", "error:", "x"]),
        ("Official site: tokyo", ["Official", "site:", "tokyo"]),
        ("site:", ["site:"]),
        ("and or not", ["and", "or", "not"]),
        ("Portland OR", ["Portland", "OR"]),
        ("OR nurse", ["OR", "nurse"]),
        ("AND", ["AND"]),
        ("404 NOT FOUND", ["404", "NOT", "FOUND"]),
        ("TO BE OR NOT TO BE", ["TO", "BE", "OR", "NOT", "TO", "BE"]),
        ("ab* c*", ["ab*", "c*"]),
        ("fox fox FOX", ["fox", "fox", "FOX"]),
        ("😀 →", ["😀", "→"]),
    ],
)
def test_these_are_nothing_but_words(text: str, words: list[str]) -> None:
    assert parsed(text) == {"words": words}


@pytest.mark.parametrize(
    "text", ["", "-", "-?", "---", "?!", "-*", "*", "()", "(((", ")", '"', '""', '"?!"', "- - -", "+", "-()", "++ --", "…", "，。", "-(!)"]
)  # fmt: skip
def test_signs_alone_ask_for_nothing(text: str) -> None:
    assert parse_query(text).is_empty


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jaguar -car", {"words": ["jaguar"], "excluded": ["car"]}),
        ("jaguar -CAR -football", {"words": ["jaguar"], "excluded": ["CAR", "football"]}),
        ("java -coffee", {"words": ["java"], "excluded": ["coffee"]}),
        ("jaguar NOT car", {"words": ["jaguar"], "excluded": ["car"]}),
        ("jaguar AND NOT car", {"words": ["jaguar"], "required": [word("jaguar")], "excluded": ["car"]}),
        ('a -"b c"', {"words": ["a"], "excluded": ["b c"]}),
        ("搜索 －引擎", {"words": ["搜索"], "excluded": ["引擎"]}),
        ("tar NOT xzf", {"words": ["tar"], "excluded": ["xzf"]}),
        ("+fox dog", {"words": ["fox", "dog"], "required": [word("fox")]}),
        ('+"lazy dog"', {"phrases": ["lazy dog"]}),
        ("“lazy dog” «x»", {"phrases": ["lazy dog", "x"]}),
        ('a AND "b c"', {"words": ["a"], "phrases": ["b c"], "required": [word("a")]}),
        ("a AND b c", {"words": ["a", "b", "c"], "required": [word("a"), word("b")]}),
        ("a b OR c d", {"words": ["a", "b", "c", "d"], "required": [Any((word("b"), word("c")))]}),
        ("a OR b AND c", {"words": ["a", "b", "c"], "required": [Any((word("a"), All((word("b"), word("c")))))]}),
        ("(a OR b) AND c", {"words": ["a", "b", "c"], "required": [Any((word("a"), word("b"))), word("c")]}),
        ("（a OR b） c", {"words": ["a", "b", "c"], "required": [Any((word("a"), word("b")))]}),
        ("(a b) OR (c d)", {"words": ["a", "b", "c", "d"], "required": [Any((All((word("a"), word("b"))), All((word("c"), word("d")))))]}),
        ("x NOT (a OR b)", {"words": ["x"], "required": [Not(Any((word("a"), word("b"))))]}),
        ("x -(a b)", {"words": ["x"], "required": [Not(All((word("a"), word("b"))))]}),
        ('"a b" OR c', {"words": ["a", "b", "c"], "required": [Any((Leaf("phrase", "a b"), word("c")))]}),
        ("(a OR b", {"words": ["a", "b"], "required": [Any((word("a"), word("b")))]}),
        ("kuber* x", {"words": ["x"], "prefixes": ["kuber"]}),
        ("x -kuber*", {"words": ["x"], "required": [Not(Leaf("prefix", "kuber"))]}),
        ("assert_*", {"prefixes": ["assert"]}),
        ("site:Example.ORG a", {"words": ["a"], "sites": ["example.org"]}),
        ("a site: example.org", {"words": ["a"], "sites": ["example.org"]}),
        ("site：example.org", {"sites": ["example.org"]}),
        ("a -SITE:https://www.Example.org/Docs/", {"words": ["a"], "excluded_sites": ["example.org/docs"]}),
        ("site:a.org site:b.org", {"sites": ["a.org", "b.org"]}),
        ("(site:a.org OR site:b.org) c", {"words": ["c"], "required": [Any((Leaf("site", "a.org"), Leaf("site", "b.org")))]}),
        ("-brown site:a.org", {"excluded": ["brown"], "sites": ["a.org"]}),
        ("-brown lang:de", {"excluded": ["brown"], "required": [Leaf("language", "de")]}),
        ("-site:a.org", {"excluded_sites": ["a.org"]}),
        ("lang:de lang:French a", {"words": ["a"], "required": [Any((Leaf("language", "de"), Leaf("language", "fr")))]}),
        ("filetype:PDF a", {"words": ["a"], "required": [Leaf("type", ".pdf")]}),
        ("intitle:fox a", {"words": ["fox", "a"], "required": [Leaf("title", "fox")]}),
        ('intitle:"the fox"', {"words": ["the", "fox"], "required": [Leaf("title", "the fox")]}),
        ("a -intitle:fox", {"words": ["a"], "required": [Not(Leaf("title", "fox"))]}),
        ("intext:fox", {"words": ["fox"], "required": [word("fox")]}),
    ],
)  # fmt: skip
def test_a_query_is_parsed_to(text: str, expected: dict[str, object]) -> None:
    assert parsed(text) == expected


@pytest.mark.parametrize(
    ("text", "notice"),
    [
        ("jaguar -car", None),
        ("pip install --upgrade", None),
        ("python -m venv", None),
        ("tar -xzf", "“-xzf” was searched for, not excluded; to exclude it, write NOT xzf."),
        ("1906 -1925", "“-1925” was searched for, not excluded; to exclude it, write NOT 1925."),
        ("-brown", "Nothing else was asked for, so “brown” was searched for, not excluded."),
        ("404 NOT FOUND", "AND, OR and NOT are read as words in a query all in capitals; use + and - instead."),
        ("inurl:fox", "Not supported here: inurl:. Its words are searched for everywhere."),
        ("allintitle: fox", "Not supported here: allintitle:. Its words are searched for everywhere."),
        ("before:2020 x", "Not supported here: before:. Its words are searched for everywhere."),
        ("the day before: 2020", None),
        ("lang:klingon x", "“lang:klingon” was read as a word: write a language like lang:de or lang:german."),
        ("ab*", "“ab*” was read as a word: a * needs 3 letters before it."),
        ("ﷺ" * MAX_WORDS, f"Only the first {MAX_WORDS} words of the query were used."),  # each is four words
        ("word " * (MAX_WORDS + 1), f"Only the first {MAX_WORDS} words of the query were used."),
    ],
)
def test_a_notice_says_what_was_read_otherwise(text: str, notice: str | None) -> None:
    assert parse_query(text).notice == notice


@pytest.mark.parametrize(
    ("text", "words", "variant"),
    [
        (
            "https://en.wikipedia.org/wiki/Anarchism",
            ["wiki", "Anarchism"],
            "http://www.en.wikipedia.org/wiki/Anarchism/",
        ),
        ("en.wikipedia.org/wiki/Köln", ["en.wikipedia.org/wiki/Köln"], "https://en.wikipedia.org/wiki/K%C3%B6ln"),
        ("https://en.wikipedia.org/wiki/K%C3%B6ln", ["wiki", "Köln"], "https://en.wikipedia.org/wiki/Köln"),
        ("www.example.org", ["www.example.org"], "https://example.org/"),
        ("https://example.org/?utm_source=x#top", ["?utm_source=x"], "https://example.org/"),
        ("https://example.org/#/route", ["example.org"], "https://example.org/#/route"),
        ("file:///home/a%20b.txt", ["home", "a", "b.txt"], "file:///home/a%20b.txt"),
        ("http://localhost:8080/x", ["x"], "http://localhost:8080/x"),
        ("node.js", ["node.js"], "https://node.js/"),
    ],
)
def test_a_url_is_looked_up_in_its_variants(text: str, words: list[str], variant: str) -> None:
    query = parse_query(text)
    assert query.words == words
    assert variant in query.url_variants


@pytest.mark.parametrize("text", ["a/b", "tcp/ip", "1,234.56", "3.11", "U.S.", "e.g.", "std::vector", "https://", "me@example.org", "https://a.org b"])  # fmt: skip
def test_other_texts_are_no_url(text: str) -> None:
    assert not parse_query(text).url_variants


@pytest.mark.parametrize(
    ("text", "code"),
    [("de", "de"), ("de-AT", "de"), ("zh_Hant", "zh"), ("English", "en"), ("DEUTSCH", "de"), ("日本語", "ja"), ("gsw", "gsw"),
     ("klingon", None), ("", None), ("c++", None), ("d", None)],
)  # fmt: skip
def test_a_language_is_known_by_its_code_or_name(text: str, code: str | None) -> None:
    assert language_code(text) == code


def test_repeated_words_count_and_function_words_of_questions_do_not() -> None:
    assert weighted_words(["fox", "Fox", "dog"]) == {"fox": pytest.approx(2**0.7), "dog": 1.0}
    assert weighted_words(["The", "Who"]) == {"The": 1.0, "Who": 1.0}
    names = weighted_words(["WHO", "guidelines", "for", "the", "treatment", "of", "malaria"])
    assert list(names) == ["WHO", "guidelines", "treatment", "malaria"]
    assert list(weighted_words(["what", "is", "the", "capital", "of", "the", "largest", "country"])) == [
        "capital",
        "largest",
        "country",
    ]


PIECES = ['"', "-", "+", "(", ")", "--", " ", " ", " ", "AND", "OR", "NOT", "site:", "lang:de", "intitle:", "filetype:pdf", "a.org/b",
          "fox*", "fox", "搜索", "é", "1", "😀", "inurl:x", "https://a.org/b", "*", ":", "：", "（", "»"]  # fmt: skip
TEXTS = st.text(max_size=200) | st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


def depth(node: Expression) -> int:
    if isinstance(node, Leaf):
        return 1
    return 1 + max(map(depth, [node.part] if isinstance(node, Not) else list(node.parts)), default=0)


def asked(query: Query) -> list[str]:
    """Return everything that a query looks up."""
    required = [leaf.text for node in query.required for leaf in leaves(node)]
    return [
        *query.words, *query.prefixes, *query.phrases, *query.excluded, *query.sites, *query.excluded_sites, *required,
        *query.url_variants,
    ]  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(TEXTS)
def test_any_text_is_a_query_of_bounded_size(text: str) -> None:
    query = parse_query(text)
    assert all(asked(query))
    assert len(asked(query)) <= 2 * MAX_WORDS + MAX_VARIANTS
    assert len(query.prefixes) <= MAX_PREFIXES
    assert all(depth(node) <= 3 * MAX_DEPTH + 3 for node in query.required)
    if not (query.words or query.prefixes or query.phrases):  # it only filters
        assert query.is_empty or query.sites or query.excluded_sites or query.required


@settings(max_examples=500, deadline=None)
@given(TEXTS)
def test_the_words_that_were_parsed_are_parsed_to_themselves(text: str) -> None:
    words = parse_query(text).words
    plain = [each for each in words if each.isalnum() and each not in ("AND", "OR", "NOT")]
    assert parse_query(" ".join(plain)).words == plain


@given(st.lists(st.sampled_from(["fox", "Dog", "7", "AND", "or", "a"]), max_size=300).map(" ".join))
def test_a_plain_query_is_parsed_as_any_other(text: str) -> None:
    assert parse_query(text) == parse_query(f"{text} \u200b")  # which is no word, and not plain


def written(node: Expression) -> str:
    """Return `node` as a query."""
    if isinstance(node, Leaf):
        return f'"{node.text}"' if node.kind == "phrase" else node.text
    if isinstance(node, Not):
        return f"NOT ({written(node.part)})"
    return f"({(' OR ' if isinstance(node, Any) else ' AND ').join(map(written, node.parts))})"


LEAVES = st.sampled_from([word("fox"), word("dog"), word("搜索"), Leaf("phrase", "lazy dog")])
NODES = st.recursive(
    LEAVES, lambda nodes: st.lists(nodes, min_size=2, max_size=3).map(tuple).flatmap(lambda parts: st.sampled_from([Any(parts), All(parts)])), max_leaves=8
)  # fmt: skip


def plain(node: Expression) -> Expression:
    """Return `node` with each conjunction in a conjunction as part of it."""
    if not isinstance(node, Any | All):
        return node
    parts: list[Expression] = []
    for part in map(plain, node.parts):
        parts += part.parts if isinstance(node, All) and isinstance(part, All) else [part]
    return type(node)(tuple(parts))


@settings(max_examples=300, deadline=None)
@given(NODES)
def test_an_expression_that_is_written_out_is_read_back(node: Expression) -> None:
    if depth(node) < MAX_DEPTH:
        required = parse_query(f"{written(Any((node, word('x'))))} y").required
        assert required == [plain(Any((node, word("x"))))]


@pytest.mark.parametrize(
    "piece",
    ["(", "((a) ", '"', "-", "site: ", "site:a ", "a OR ", "NOT ", "+", "a* ", "：", "x)", "lang: ", "é", "-(a OR "],
)
def test_parsing_takes_linear_time(piece: str) -> None:
    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        best = float("inf")
        for _ in range(3):
            started = time.process_time()
            parse_query(text)
            best = min(best, time.process_time() - started)
        return best

    assert seconds(64_000) < 20 * seconds(8_000) + 0.05  # quadratic would be 64 times


def test_a_query_without_phrases_keeps_everything_else() -> None:
    query = parse_query('a "b c" site:a.org ("d e" OR f) -g')
    relaxed = query.without_phrases()
    assert relaxed
    assert relaxed.words == [*query.words, "b", "c"]
    assert relaxed.required == [Any((Any((word("d"), word("e"))), word("f")))]
    unchanged = ("sites", "excluded", "excluded_sites", "prefixes")
    assert {name: asdict(query)[name] for name in unchanged} == {name: asdict(relaxed)[name] for name in unchanged}
    assert parse_query("a b").without_phrases() is None


@pytest.mark.parametrize("text", ["<https://a.org/b>", " https://a.org/b "])
def test_a_url_may_have_brackets_or_blanks_around_it(text: str) -> None:
    found = read_url(text)
    assert found
    assert found.variants[0] == "https://a.org/b"


def test_what_the_documentation_shows_is_part_of_the_language() -> None:
    table = (ROOT / "docs/searching.md").read_text().partition("| query | finds |\n|---|---|")[2].partition("\n\n")[0]
    queries = [query for line in table.strip().splitlines() for query in re.findall("`([^`]+)`", line.split("|")[1])]
    assert len(queries) > 15
    for query in queries:
        read = parse_query(query)
        assert read.notice is None, query
        assert "solar" not in query or read.words or read.phrases, query
