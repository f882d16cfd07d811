"""Queries on documents in several scripts and languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from lightship.core.model import Document
from lightship.index.fields.schema import SCHEMA_VERSION
from lightship.index.query.compiler import compile_query
from lightship.index.query.fields import ADDRESSES_SINCE
from lightship.index.query.language.parser import MAX_WORDS, parse_query
from lightship.searchengine.search.replica import Replica
from made import ask, replica_of, urls, words

DOCUMENTS = {
    "fox": "The quick brown fox jumps over the lazy dog",
    "dog": "A brown dog and a quick cat are running",
    "hamlet": "To be, or not to be: that is the question",
    "cafe": "A café in Paris, and a naïve résumé",
    "nfd": "Une cre\u0301merie",
    "engine": "搜索引擎是一个很好的工具",
    "reverse": "用引擎来搜索世界",
    "mixed": "学习Python编程和C语言",
    "one": "茶",
    "kana": "カタカナとひらがな",
    "korean": "한국어 검색 엔진",
    "cpp": "C++ and node.js, e-mail foo_bar 3.14",
}
GERMAN = {"haus": "Die alten Häuser in der Stadt", "recht": "Das Bundesverfassungsgericht hat entschieden"}


@pytest.fixture(scope="module")
def replica(tmp_path_factory: pytest.TempPathFactory) -> Replica:
    documents = [Document(url=f"https://docs.example.org/{name}", text=text) for name, text in DOCUMENTS.items()]
    documents += [
        Document(url=f"http://other.net:8080/{name}", text=text, language="de") for name, text in GERMAN.items()
    ]
    documents.append(Document(url="https://zh.example.org/zh", text="天气", language="zh"))
    documents.append(Document(url="https://titles.example.org/titled", title="All of the Ravens", text="corvids"))
    return replica_of(tmp_path_factory.mktemp("replica"), documents)


def names(replica: Replica, query: str, lang: str = "") -> set[str]:
    found = urls(replica, query, size=100, lang=lang)
    assert len(found) == len(set(found))
    return {url.rpartition("/")[2] for url in found}


def test_words_are_stemmed_by_the_languages_of_the_documents_and_no_others(replica: Replica) -> None:
    assert replica.view.languages == ("en", "de")  # the Latin words of Chinese texts are English


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("fox", {"fox"}),
        ("FOX", {"fox"}),
        ("jump", {"fox"}),
        ("run", {"dog"}),
        ("quick brown", {"fox", "dog"}),
        ('"quick brown"', {"fox"}),
        ('"brown quick"', {"fox", "dog"}),  # nowhere: its words instead
        ('"xyzzy brown"', {"fox", "dog"}),
        ('"xyzzyx xyzzy"', set()),
        ('"quick brown" cat', {"fox"}),
        ("“quick brown”", {"fox"}),
        ("brown -fox", {"dog"}),
        ('brown -"quick brown"', {"dog"}),
        ('brown -"brown quick"', {"fox", "dog"}),
        ("brown --fox", {"fox", "dog"}),
        ("--help", set()),
        ("quick --running", {"fox", "dog"}),
        ('brown "', {"fox", "dog"}),
        ('"quick brown', {"fox", "dog"}),
        ('fox "" dog', {"fox", "dog"}),
        ("to be or not to be", {"hamlet"}),
        ("cafe", {"cafe"}),
        ("café", {"cafe"}),
        ("cafe\u0301", {"cafe"}),
        ("CAFÉ", {"cafe"}),
        ("resume", {"cafe"}),
        ("re\u0301sume\u0301", {"cafe"}),
        ("crémerie", {"nfd"}),
        ("cremerie", {"nfd"}),
        ("搜索引擎", {"engine", "reverse"}),
        ('"搜索引擎"', {"engine"}),
        ("「搜索引擎」", {"engine"}),
        ('"引擎搜索"', {"engine", "reverse"}),
        ("引擎搜索", {"engine", "reverse"}),
        ("引擎 -搜索引擎", {"reverse"}),
        ('引擎 -"引擎搜索"', {"engine", "reverse"}),
        ("茶", {"one"}),
        ("索", {"engine", "reverse"}),
        ("python编程", {"mixed"}),
        ('"Python编程"', {"mixed"}),
        ("カタカナ", {"kana"}),
        ("ｶﾀｶﾅ", {"kana"}),
        ("검색", {"korean"}),
        ("c++", {"cpp", "mixed"}),
        ("node.js", {"cpp"}),
        ("haus", {"haus"}),
        ("Häuser", {"haus"}),
        ("hauser", {"haus"}),
        ("Bundesverfassungsgerichts", {"recht"}),
        ("site:other.net", {"haus", "recht"}),
        ("site:other.net:8080", {"haus", "recht"}),
        ("site:other.net:81", set()),
        ("site:OTHER.net stadt", {"haus"}),
        ("brown site:example.org", {"fox", "dog"}),
        ("brown site:docs.example.org", {"fox", "dog"}),
        ("brown site:ample.org", set()),
        ("brown site:org", {"fox", "dog"}),
        ("brown site:*.example.org", {"fox", "dog"}),
        ("brown site: example.org", {"fox", "dog"}),
        ("brown SITE:Docs.Example.ORG", {"fox", "dog"}),
        ("brown site:https://docs.example.org", {"fox", "dog"}),
        ("brown site:www.docs.example.org:443", {"fox", "dog"}),
        ("brown site:www.example.org", set()),
        ("brown AND fox", {"fox"}),
        ("brown AND fox AND cat", set()),
        ("fox OR cat", {"fox", "dog"}),
        ("(fox OR cat) lazy", {"fox", "dog"}),
        ("+fox brown", {"fox"}),
        ("brown NOT fox", {"dog"}),
        ("brown -(quick lazy)", {"dog"}),
        ("brown NOT (fox OR cat)", set()),
        ("(fox AND lazy) OR (cat AND lazy)", {"fox"}),
        ('"lazy dog" OR "quick cat"', {"fox", "dog"}),
        ('"lazy cat" OR "quick rat"', {"fox", "dog"}),  # neither is anywhere
        ("fox OR NOT brown", {*DOCUMENTS, *GERMAN, "zh", "titled"} - {"dog"}),
        ("qui*", {"fox", "dog"}),
        ("runn*", {"dog"}),
        ("questi*", {"hamlet"}),
        ("häus*", {"haus"}),
        ("brown -jum*", {"dog"}),
        ("brown +laz*", {"fox"}),
        ("lang:de", set(GERMAN)),
        ("stadt lang:German", {"haus"}),
        ("stadt lang:en", set()),
        ("lang:de lang:zh", {*GERMAN, "zh"}),
        ("brown -lang:de", {"fox", "dog"}),
        ("intitle:raven", {"titled"}),
        ('intitle:"of the ravens"', {"titled"}),
        ("intitle:brown", set()),
        ("https://docs.example.org/fox", {"fox"}),
        ("https://docs.example.org/nowhere/fox", {"fox"}),
        ("-?", set()),
        ("---", set()),
        ("-*", set()),
        ("→", set()),
        ("site:other.net site:zh.example.org", {"haus", "recht", "zh"}),
        ("-site:docs.example.org", {"haus", "recht", "zh", "titled"}),
        ("-site:example.org", {"haus", "recht"}),
        ("-brown site:zh.example.org", {"zh"}),
        ("nothinglikethis", set()),
        ("", set()),
        ("!!! ...", set()),
        ("😀", set()),
        ("-", set()),
        ("fox 😀 -", {"fox"}),
        ("a" * 5000, set()),
    ],
)
def test_a_query_finds(replica: Replica, query: str, found: set[str]) -> None:
    assert names(replica, query) == found


def test_only_exclusions_are_words(replica: Replica) -> None:
    answer = ask(replica, "-brown")
    assert {hit.url.rpartition("/")[2] for hit in answer.hits} == {"fox", "dog"}
    assert answer.notice == "Nothing else was asked for, so “brown” was searched for, not excluded."
    assert names(replica, "-!!!") == set()


def test_lang_keeps_one_language(replica: Replica) -> None:
    assert names(replica, "stadt", lang="de") == {"haus"}
    assert names(replica, "stadt", lang="en") == set()
    assert names(replica, "-haus lang:de") == {"recht"}


def test_an_exact_match_is_above_a_scattered_one(replica: Replica) -> None:
    assert urls(replica, "搜索引擎")[0].endswith("engine")


def test_filters_do_not_change_scores(replica: Replica) -> None:
    plain, filtered = ask(replica, "fox"), ask(replica, "fox site:docs.example.org -cat")
    assert [hit.score for hit in plain.hits] == [hit.score for hit in filtered.hits]


def test_german_is_stemmed_as_german_and_english_as_english(tmp_path: Path) -> None:
    """Each in its own language: English stemming does not change the German plural, and vice versa."""
    replica = replica_of(
        tmp_path,
        [
            Document(url="https://e.org/de", text="viele Katzen", language="de"),
            Document(url="https://e.org/en", text="many relational ponies", language="en"),
            Document(url="https://e.org/fi", text="Katzen ponies", language="xx"),
        ],
    )
    assert names(replica, "katze") == {"de"}
    assert names(replica, "pony") == {"en"}
    assert names(replica, "katzen") == {"de", "fi"}


def test_of_300_words_the_first_256_are_used(replica: Replica) -> None:
    answer = ask(replica, " ".join(["fox", *words(299, 3)]))
    assert answer.notice == f"Only the first {MAX_WORDS} words of the query were used."
    assert [hit.url.rpartition("/")[2] for hit in answer.hits] == ["fox"]
    assert names(replica, " ".join([*words(299, 3), "fox"])) == set()


@pytest.mark.parametrize(
    "query",
    [
        "引擎" + "字" * 1000,  # no spaces, but bounded all the same
        "fox." + ".".join(words(2000, 3)),
        '"' + " ".join(words(2000, 3)) + '"',
        "fox " + " ".join(f"site:{word}.org" for word in words(1000, 3)),
        "fox " + " ".join(f"-{word}" for word in words(1000, 3)),
    ],
)
def test_what_a_query_costs_is_bounded(replica: Replica, query: str) -> None:
    parsed = parse_query(query)
    assert parsed.notice
    asked = [*parsed.words, *parsed.phrases, *parsed.excluded, *parsed.sites, *parsed.excluded_sites]
    assert 0 < sum(map(len, asked)) <= MAX_WORDS * 8
    ask(replica, query)


def test_256_words_are_all_used() -> None:
    many = parse_query("NOT " * 4000)  # these are words, because they join nothing
    assert len(many.words) <= MAX_WORDS
    assert many.notice == f"Only the first {MAX_WORDS} words of the query were used."
    assert parse_query(" AND ".join(["word"] * MAX_WORDS)).notice is None
    query = parse_query(" ".join(["word"] * MAX_WORDS))
    assert (len(query.words), query.notice) == (MAX_WORDS, None)


def test_a_long_unspaced_text_is_cut_and_found(replica: Replica) -> None:
    assert names(replica, DOCUMENTS["engine"] + "字" * 500) >= {"engine"}


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("vitamin a", ["vitamin", "a"]),
        ("IT jobs", ["it", "job"]),
        ("will smith", ["will", "smith"]),
        ("US who report", ["us", "who", "report"]),
        ("to be or not to be", ["to", "be", "or", "not"]),
        ("what is the who", ["what", "is", "the", "who"]),
        ("what is the capital of the largest country in europe", ["capit", "largest", "countri", "europ"]),
    ],
)
def test_function_words_are_left_out_of_questions_only(query: str, terms: list[str]) -> None:
    assert list(compile_query(parse_query(query), SCHEMA_VERSION, ("en",)).terms) == terms


def test_another_language_keeps_its_words() -> None:
    assert "was" in compile_query(parse_query("die welt was"), SCHEMA_VERSION, ("en", "de")).terms


@pytest.mark.parametrize("last", ['-"fox dog"', "-fox-dog", "site:example.org", "-site:example.org"])
def test_what_is_left_out_or_kept_is_not_cut_to_a_part_where_the_words_of_a_query_are_over(last: str) -> None:
    """A part of it would leave out, or keep, other documents."""
    query = parse_query(f"{'word ' * (MAX_WORDS - 1)}{last}")
    assert (query.excluded, query.sites, query.excluded_sites) == ([], [], [])
    assert query.notice


def test_a_phrase_that_is_nowhere_gives_way_to_its_words_with_a_notice(replica: Replica) -> None:
    answer = ask(replica, '"brown quick" dog')
    assert answer.notice == "No page has exactly “brown quick”; showing pages with its words."
    assert "<mark>brown</mark>" in answer.hits[0].snippet
    assert ask(replica, '"quick brown"').notice is None
    assert ask(replica, '"brown quick" "fox lazy"').notice == (
        "No page has exactly these phrases; showing pages with their words."
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://docs.example.org/fox",
        "http://docs.example.org/fox/",
        "docs.example.org/fox",
        "www.docs.example.org/fox#section",
        "HTTPS://DOCS.EXAMPLE.ORG/fox?utm_source=mail",
        "<https://docs.example.org/fox>",
    ],
)
def test_a_pasted_url_finds_its_page_first(replica: Replica, url: str) -> None:
    assert urls(replica, url)[0] == "https://docs.example.org/fox"


def test_a_url_that_is_not_indexed_is_searched_for_by_its_words(replica: Replica) -> None:
    assert names(replica, "https://unknown.example/articles/lazy-fox") >= {"fox"}


def test_a_prefix_is_marked_in_snippets(replica: Replica) -> None:
    assert "<mark>quick</mark>" in ask(replica, "qui*").hits[0].snippet


def test_what_is_required_does_not_change_scores(replica: Replica) -> None:
    plain, required = ask(replica, "quick fox lazy"), ask(replica, "quick +fox +lazy")
    assert required.hits[0].score == plain.hits[0].score


def test_a_repeated_word_counts_more(replica: Replica) -> None:
    once, twice = ask(replica, "fox cat"), ask(replica, "fox cat cat")
    scores = [{hit.url.rpartition("/")[2]: hit.score or 0.0 for hit in answer.hits} for answer in (once, twice)]
    assert scores[1]["fox"] == pytest.approx(scores[0]["fox"])
    assert scores[1]["dog"] == pytest.approx(scores[0]["dog"] * 2**0.7, rel=1e-3)


def test_a_path_filters_where_the_index_has_paths(replica: Replica, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = ask(replica, "stadt site:http://other.net:8080/haus")
    if SCHEMA_VERSION < ADDRESSES_SINCE:
        assert answer.notice == "This index can't filter by paths yet: the whole site was searched."
        monkeypatch.setattr("lightship.index.query.compiler.ADDRESSES_SINCE", SCHEMA_VERSION)
    assert names(replica, "site:other.net/haus") == {"haus"}
    assert names(replica, "site:other.net:8080/HAUS/") == {"haus"}
    assert names(replica, "site:other.net/ha") == set()
    assert names(replica, "site:other.net -site:other.net/haus") == {"recht"}
