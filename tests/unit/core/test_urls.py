"""Urls are parsed as browsers do, and have one normal form."""

from __future__ import annotations

import pytest

from lightship.core.urls import TRACKING, address, normalise, site

BASE = "http://docs.example.org/a/b/c.html?q=1"


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("HTTP://EXAMPLE.com:80", "http://example.com/"),
        ("https://example.com:443/", "https://example.com/"),
        ("https://example.com:80/", "https://example.com:80/"),
        ("http://a/%7euser/./x/../b", "http://a/~user/b"),
        ("http://a/b/%2e%2e/c", "http://a/c"),
        ("http://a/%e4%b8%ad%2f%41", "http://a/%E4%B8%AD%2FA"),
        ("http://a/中?中=中", "http://a/%E4%B8%AD?%E4%B8%AD=%E4%B8%AD"),
        ("http://a//b///c", "http://a//b///c"),
        ("http://a/b c", "http://a/b%20c"),
        ("http://a/x#part", "http://a/x"),
        ("http://a/x?", "http://a/x"),
        ("http://user:secret@a/x", "http://a/x"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://ＥＸＡＭＰＬＥ.com/", "http://example.com/"),
        ("http://ex%41mple.org/", "http://example.org/"),
        (" \n http://a/\tx\n ", "http://a/x"),
        ("http:\\\\a\\b", "http://a/b"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://017700000001/", "http://127.0.0.1/"),
        ("http://[0:0::1]/", "http://[::1]/"),
        ("http://a/?b=2&a=1&b=3", "http://a/?b=2&a=1&b=3"),
        ("http://a/?x=a+b%20c", "http://a/?x=a+b%20c"),
    ],
)
def test_normal_form(link: str, url: str) -> None:
    assert normalise(link) == url


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("d.html", "http://docs.example.org/a/b/d.html"),
        ("../d", "http://docs.example.org/a/d"),
        ("../../../../d", "http://docs.example.org/d"),
        ("/d", "http://docs.example.org/d"),
        ("//other.example/d", "http://other.example/d"),
        ("\\\\other.example\\d", "http://other.example/d"),
        ("?q=2", "http://docs.example.org/a/b/c.html?q=2"),
        ("#part", "http://docs.example.org/a/b/c.html?q=1"),
        ("", "http://docs.example.org/a/b/c.html?q=1"),
        ("https:d", "https://d/"),
        ("http:d", "http://docs.example.org/a/b/d"),
    ],
)
def test_links_are_read_on_their_page(link: str, url: str) -> None:
    assert normalise(link, BASE) == url


@pytest.mark.parametrize(
    "link",
    [
        "mailto:a@b.example", "javascript:alert(1)", "ftp://a/", "file:///etc/passwd", "data:text/html,x", "http://",
        "http://a b/", "http://a:99999/", "http://[1::2::3]/", "http://a/" + "x" * 3000, "\ud800", "//", "http://%zz/",
    ],
)  # fmt: skip
def test_what_is_no_page_is_none(link: str) -> None:
    assert normalise(link) is None


@pytest.mark.parametrize("name", [name.replace("*", "source") for name in TRACKING])
def test_tracking_parameters_are_dropped(name: str) -> None:
    assert normalise(f"http://a/?{name}=1") == "http://a/"
    assert normalise(f"http://a/?b=1&{name.upper()}=x&a=2") == "http://a/?b=1&a=2"
    assert normalise(f"http://a/?x{name}=1") == f"http://a/?x{name}=1"


def test_links_of_pages_in_old_encodings_have_their_queries_in_them() -> None:
    assert normalise("/搜?q=搜索&p=1", BASE, "gb18030") == "http://docs.example.org/%E6%90%9C?q=%CB%D1%CB%F7&p=1"
    assert normalise("?q=検索", BASE, "cp932") == "http://docs.example.org/a/b/c.html?q=%8C%9F%8D%F5"
    assert normalise("?q=я搜", BASE, "cp1251") == "http://docs.example.org/a/b/c.html?q=%FF%26%2325628%3B"
    assert normalise("?q=搜", BASE, "utf-16-le") == "http://docs.example.org/a/b/c.html?q=%E6%90%9C"


def test_site_and_address() -> None:
    assert site("https://a.example:8443/x") == "https://a.example:8443"
    assert address("https://a.example/x") == ("a.example", 443)
    assert address("http://[::1]:81/") == ("::1", 81)
