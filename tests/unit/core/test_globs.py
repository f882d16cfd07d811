"""Globs over urls, beside a plain model: what each star may stand for."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.core.globs import MAX_LENGTH, Glob

X = "https://x.example"


@pytest.mark.parametrize(
    ("pattern", "meant", "not_meant"),
    [
        ("*.pdf", ["/a.pdf", "/a/b.pdf", "/a/.pdf", "/a.pdf?download=1"], ["/a.pdf/b", "/a.PDF", "/apdf", "/?f=a.pdf"]),
        ("index.html", ["/index.html", "/a/index.html", "/index.html?x"], ["/aindex.html", "/index.htm"]),
        ("*?page=*", ["/list?page=2", "/a/b?page="], ["/list?x=1&page=2", "/list"]),
        ("/docs/", ["/docs/", "/docs/a", "/docs/a/b?c=d"], ["/docs", "/docsa", "/a/docs/"]),
        ("/docs/*", ["/docs/", "/docs/a", "/docs/a?b"], ["/docs/a/b", "/docs"]),
        ("/docs/**", ["/docs/", "/docs/a/b", "/docs/a?b/c"], ["/docs", "/x/docs/a"]),
        ("/docs/**/*.html", ["/docs/a/b.html", "/docs/a/b/c.html"], ["/docs/b.html", "/docs/a/b.html?x=/"]),
        ("/a?b", ["/a?b"], ["/axb", "/a", "/a?bc"]),
        ("/*/print", ["/a/print", "//print"], ["/a/b/print", "/print"]),
        ("**/print/**", ["/print/", "/a/print/b", "/a/b/print/c/d"], ["/printer/a", "/a/print"]),
        ("**session=**", ["/?session=1", "/a/b?x&session=/"], ["/session"]),
        ("/[a-z].+(b)$", ["/%5Ba-z%5D.+(b)$"], ["/a.b", "/ab"]),
        ("/", ["/", "/a", "/a/b?c"], []),
        ("/b ü/*", ["/b%20%C3%BC/a"], ["/b/a"]),
        ("/%7euser/%c3%bc", ["/~user/%C3%BC"], ["/%7Euser/%C3%BC"]),
        ("*", ["/", "/a/b?c"], []),
    ],
)
def test_what_a_glob_means(pattern: str, meant: list[str], not_meant: list[str]) -> None:
    glob = Glob(pattern)
    assert {path: glob.matches(X + path) for path in meant + not_meant} == {
        **dict.fromkeys(meant, True), **dict.fromkeys(not_meant, False),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "meant", "not_meant"),
    [
        ("https://x.example/a*", ["https://x.example/a", "https://x.example/ab"], ["http://x.example/a", "https://x.example/a/"]),
        ("HTTPS://X.Example", ["https://x.example/", "https://x.example/a?b"], ["https://x.example.org/"]),
        ("https://x.example:443/a", ["https://x.example/a"], ["https://x.example:8443/a"]),
        ("https://*.example/**", ["https://a.example/", "https://a.b.example/c"], ["https://example/", "https://a.org/x.example/"]),
        ("https://bücher.example/**", ["https://xn--bcher-kva.example/a"], ["https://bucher.example/a"]),
        ("http://127.1/**", ["http://127.0.0.1/a"], ["http://127.1.0.0/a"]),
    ],
)  # fmt: skip
def test_one_with_a_scheme_means_whole_urls(pattern: str, meant: list[str], not_meant: list[str]) -> None:
    glob = Glob(pattern)
    assert [glob.matches(url) for url in meant] == [True] * len(meant)
    assert [glob.matches(url) for url in not_meant] == [False] * len(not_meant)


@pytest.mark.parametrize(
    ("pattern", "wrong"),
    [
        ("", "from 1 to 500 characters, not 0"),
        ("/" + "a" * MAX_LENGTH, "not 501"),
        ("docs/*.pdf", "begins neither with /"),
        ("/a#b", "has a #"),
        ("/a\nb", "characters that can't occur in a url"),
    ],
)
def test_what_no_url_can_be_is_an_error(pattern: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        Glob(pattern)


def model(pattern: str) -> re.Pattern[str]:
    """Return the regular expression of a path's glob, which may take long."""
    parts = re.split(r"(\*+)", f"{pattern}**" if pattern.endswith("/") else pattern)
    stars = {"": "", "*": "[^/]*"}
    return re.compile("".join(stars.get(part, ".*") if part.strip("*") == "" else re.escape(part) for part in parts))


@given(st.text("ab/*?", max_size=9), st.text("ab/?", max_size=9))
def test_it_agrees_with_a_plain_model(pattern: str, path: str) -> None:
    assert Glob(f"/{pattern}").matches(f"{X}/{path}") == bool(model(f"/{pattern}").fullmatch(f"/{path}"))


@given(st.lists(st.sampled_from(["*", "**", "a", "b", "/"]), max_size=12), st.data())
def test_what_is_made_of_a_glob_is_meant_by_it(parts: list[str], data: st.DataObject) -> None:
    stars = {"*": st.text("ab.", max_size=3), "**": st.text("ab/", max_size=4)}
    path = "".join(data.draw(stars[part]) if part in stars else part for part in parts)
    assert Glob("/" + "".join(parts)).matches(f"{X}/{path}")


def test_no_url_makes_it_slow() -> None:
    globs = [Glob("/" + star.join("a" * 60) + end) for star in ("*", "**") for end in ("b", "*b*", "**b**c")]
    urls = [f"{X}/{text}" for text in ("a" * 2000, "a/" * 1000, "a" * 1999 + "b", "ab" * 1000)]
    began = time.process_time()
    for glob in globs:
        for url in urls:
            glob.matches(url)
    assert time.process_time() - began < 2.0  # 24 matches; a regular expression would not end
