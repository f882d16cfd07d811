"""The addresses that `site:` and `filetype:` find."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lightship.index.fields.address import MAX_LEVELS, address_values, read_address, site_value, type_value


@pytest.mark.parametrize(
    ("url", "values"),
    [
        ("https://www.Example.org/Docs/A/b.HTML?x=1", ["www.example.org", "example.org", "org", ".html", "example.org/docs", "example.org/docs/a", "example.org/docs/a/b.html"]),
        ("http://other.net:8080/x", ["other.net:8080", "other.net", "net", "www.other.net", "other.net/x"]),
        ("https://example.org/", ["example.org", "org", "www.example.org"]),
        ("https://example.org?a/b.pdf", ["example.org", "org", "www.example.org"]),
        ("https://a.example.org/K%C3%B6ln", ["a.example.org", "example.org", "org", "www.a.example.org", "a.example.org/köln"]),
        ("http://münchen.example/", ["xn--mnchen-3ya.example", "example", "www.xn--mnchen-3ya.example"]),
        ("http://1.2.3.4/a", ["1.2.3.4", "1.2.3.4/a"]),
        ("http://[::1]:80/a", ["[::1]:80", "[::1]", "[::1]/a"]),
        ("http://localhost/a", ["localhost", "localhost/a"]),
        ("file:///x/y.pdf", [".pdf"]),
        ("urn:a:b", []),
    ],
)  # fmt: skip
def test_a_document_is_found_by(url: str, values: list[str]) -> None:
    assert address_values(read_address(url)) == values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("example.org", "example.org"),
        ("HTTPS://Example.ORG", "example.org"),
        ("www.example.org", "www.example.org"),
        ("https://www.example.org/Docs/", "example.org/docs"),
        ("example.org:443", "example.org"),
        ("example.org:8080", "example.org:8080"),
        ("example.org:8080/x", "example.org/x"),
        ("*.example.org", "example.org"),
        (".example.org", "example.org"),
        ("example.org.", "example.org"),
        ("example.org/*", "example.org"),
        ("example.org/a/b?c#d", "example.org/a/b"),
        ("user:secret@example.org", "example.org"),
        ("München.example", "xn--mnchen-3ya.example"),
        ("例え.jp/x", "xn--r8jz45g.jp/x"),
        ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
        ("org", "org"),
        ("[::1]:8080", "[::1]:8080"),
        ("..", ""),
        ("/", ""),
        ("http://", ""),
        ("*", ""),
    ],
)
def test_what_a_person_writes_as_a_site(text: str, value: str) -> None:
    assert site_value(text) == value


@pytest.mark.parametrize(
    ("text", "value"), [("pdf", ".pdf"), (".PDF", ".pdf"), ("*.7z", ".7z"), ("a b", ""), ("", ""), ("toolongtobe", "")]
)
def test_the_ending_of_a_path(text: str, value: str) -> None:
    assert type_value(text) == value


@given(
    st.lists(
        st.text(
            st.characters(blacklist_characters="/?#%", blacklist_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=8
        ),
        max_size=12,
    )
)
def test_a_page_is_found_by_every_prefix_of_its_path(segments: list[str]) -> None:
    url = f"https://www.example.org/{'/'.join(segments)}"
    values = address_values(read_address(url))
    assert len(values) <= MAX_LEVELS + 5
    for count in range(min(len(segments), MAX_LEVELS)):
        asked = f"example.org/{'/'.join(segments[: count + 1])}"
        if not asked.endswith("*"):
            assert site_value(asked) in values


@given(st.text(max_size=60))
@example(":80/0")
@example("？")
@example("a／b")
@example("a＠b")
@example("a：80")
@example("＊.a")
@example("．1")
@example("@@")
def test_any_text_is_a_site_or_none(text: str) -> None:
    value = site_value(text)
    assert site_value(value) in (value, value.removeprefix("www."))
