from __future__ import annotations

import string
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.core.errors import InvalidInputError, LightshipError, UriTooLongError, status_of
from lightship.searchengine.search.api import MAX_RESULTS, MAX_SIZE, SearchRequest
from lightship.searchengine.search.request import (
    MAX_QUERY_STRING,
    accepted_format,
    choose_format,
    is_reachable,
    last_page,
    read_request,
)

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("query_string", "request_"),
    [
        (b"", SearchRequest()),
        (b"q=", SearchRequest()),
        (b"q=news", SearchRequest(query="news")),
        (b"q=two+words&page=3&size=20", SearchRequest(query="two words", page=3, size=20)),
        (b"q=a&sort=date&lang=zh", SearchRequest(query="a", sort="date", lang="zh")),
        (b"q=a&lang=en-US", SearchRequest(query="a", lang="en")),
        (b"q=a&lang=English", SearchRequest(query="a", lang="en")),
        ("q=a&lang=Français".encode(), SearchRequest(query="a", lang="fr")),
        (b"q=a&lang=%00", SearchRequest(query="a")),
        (b"q=a&page=&size=&sort=&lang=", SearchRequest(query="a")),
        (b"q=a&utm_source=x&fbclid=y&page[]=7", SearchRequest(query="a")),
        (b"q=a&prefix=last&corrections=off", SearchRequest(query="a", prefix="last", corrections=False)),
        (b"q=first&q=last", SearchRequest(query="last")),
        (b"q=%E6%90%9C%E7%B4%A2", SearchRequest(query="搜索")),
        ("q=搜索".encode(), SearchRequest(query="搜索")),
        (b"q=+a%0A%09b%E3%80%80c+", SearchRequest(query="a b c")),
    ],
)
def test_reads_what_is_asked(query_string: bytes, request_: SearchRequest) -> None:
    assert read_request(query_string) == request_


@pytest.mark.parametrize(
    ("query_string", "query"),
    [
        (b"q=a%00b", "a b"),
        (b"q=%FF%FEa", "\ufffd\ufffda"),
        (b"q=\xffa", "\ufffda"),
        (b"q=%ED%A0%80", "\ufffd\ufffd\ufffd"),  # a lone surrogate, as some programs encode it
        (b"q=100%", "100%"),
    ],
)
def test_cleans_what_is_not_text(query_string: bytes, query: str) -> None:
    assert read_request(query_string).query == query


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "x", "٣", "²", "1e3", " ", "9" * 5000])
@pytest.mark.parametrize("name", ["page", "size"])
def test_bad_numbers_say_what_is_allowed(name: str, value: str) -> None:
    with pytest.raises(InvalidInputError, match=f"^invalid {name} .*: must be a whole number from 1 to "):
        read_request(f"q=a&{name}={quote(value)}".encode())


def test_size_has_a_limit() -> None:
    assert read_request(f"size={MAX_SIZE}".encode()).size == MAX_SIZE
    with pytest.raises(InvalidInputError, match=f"from 1 to {MAX_SIZE}$"):
        read_request(f"size={MAX_SIZE + 1}".encode())


@pytest.mark.parametrize(("name", "least", "most"), [("snippet", 20, 2000), ("text", 0, 10_000)])
def test_texts_have_a_limit(name: str, least: int, most: int) -> None:
    for length in (least, most):
        assert getattr(read_request(f"q=a&{name}={length}".encode()), name) == length
    for length in (least - 1, most + 1):
        with pytest.raises(InvalidInputError, match=f"^invalid {name} .* from {least} to {most}$"):
            read_request(f"q=a&{name}={length}".encode())


def test_bad_choices_say_what_is_allowed() -> None:
    with pytest.raises(InvalidInputError, match="invalid format 'xml': must be one of html, json, text"):
        choose_format(b"q=a&format=xml", CHROME)


@pytest.mark.parametrize("lang", ["klingon", "c++", "e", "english german"])
def test_what_is_no_language_is_refused(lang: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^invalid lang .*: must be a language code like en, or its name"):
        read_request(f"q=a&lang={quote(lang)}".encode())


def test_a_query_string_over_the_limit_is_414() -> None:
    at_limit = b"q=" + b"a" * (MAX_QUERY_STRING - 2)
    assert len(read_request(at_limit).query) == MAX_QUERY_STRING - 2
    for reject in (read_request, lambda query_string: choose_format(query_string, CHROME)):
        with pytest.raises(UriTooLongError, match=f"over the limit of {MAX_QUERY_STRING}") as caught:
            reject(at_limit + b"a")
        assert status_of(caught.value) == 414


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "text"),
        ("*/*", "text"),
        (CHROME, "html"),
        ("TEXT/HTML; charset=utf-8", "html"),
        ("application/json", "json"),
        ("application/json, text/plain, */*", "json"),
        ("text/html;q=0.5, application/json;q=0.9", "json"),
        ("text/html;q=0, */*;q=0.1", "text"),
        ("text/html;q=nan, application/json;q=x", "text"),
        ("image/png", "text"),
        (",;,;q=", "text"),
    ],
)
def test_accept_header_chooses_the_format(accept: str, expected: str) -> None:
    assert accepted_format(accept) == expected
    assert choose_format(b"q=a", accept) == expected


def test_format_parameter_wins() -> None:
    assert choose_format(b"q=a&format=json", CHROME) == "json"
    assert choose_format(b"q=a&format=html", "*/*") == "html"
    assert choose_format(b"q=a&format=text", CHROME) == "text"
    assert choose_format(b"q=a&format=", CHROME) == "html"


@pytest.mark.parametrize(
    ("total", "size", "last"),
    [
        (0, 10, 1),
        (1, 10, 1),
        (10, 10, 1),
        (11, 10, 2),
        (10**9, 10, MAX_RESULTS // 10),
        (10**9, 7, MAX_RESULTS // 7 + 1),
    ],
)
def test_last_page(total: int, size: int, last: int) -> None:
    assert last_page(total, size) == last


@given(total=st.integers(0, 10**7), size=st.integers(1, MAX_SIZE))
def test_exactly_the_pages_up_to_the_last_can_be_reached(total: int, size: int) -> None:
    last = last_page(total, size)
    assert is_reachable(SearchRequest(page=last, size=size))
    if total > MAX_RESULTS:
        assert not is_reachable(SearchRequest(page=last + 1, size=size))


@given(st.binary(max_size=60) | st.text(string.printable, max_size=60).map(str.encode))
def test_any_bytes_give_a_request_or_a_clear_error(query_string: bytes) -> None:
    try:
        asked = read_request(query_string)
    except LightshipError as error:
        assert status_of(error) == 400
    else:
        assert asked.query.encode() == " ".join(asked.query.split()).encode()


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60))
def test_words_come_through(words: str) -> None:
    assert read_request(urlencode({"q": words}).encode()).query == " ".join(words.split())
