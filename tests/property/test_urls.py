"""A normal url is its own normal form, whatever it was made of."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from lightship.core import urls
from lightship.core.model import check_url

PIECES = [
    "http:", "https:", "//", "/", "\\", "?", "#", "&", "=", ";", ":", "@", "..", ".", "%", "%2e", "%2F", "%7e", "%C3",
    "%zz", "a", "b.example", "bücher", "中", "0x7f.1", "127.1", "[::1]", ":80", ":443", " ", "\t", "+", "'", '"', "<",
    "|", "^", "`", "{", "~", "utm_source=x", "gclid=1", "xn--a", "ß", "\u3002", "\u200d", "\x7f", "\x00", "😀",
]  # fmt: skip
MADE = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
LINKS = st.one_of(st.text(max_size=60), MADE, MADE.map("http://a.example/".__add__))
ENCODINGS = st.sampled_from(["utf-8", "gb18030", "cp932", "cp1251"])


@given(LINKS, ENCODINGS)
@example("http://a.example/x?utm_a=1&&b", "utf-8")
def test_a_normal_url_is_its_own_normal_form(link: str, encoding: str) -> None:
    url = urls.normalise(link, "http://base.example/d/e?f", encoding)
    if url is not None:
        assert urls.normalise(url) == url
        assert urls.normalise(url, "http://other.example/x", "gb18030") == url
        assert check_url(url) == url
        assert url.isascii()
        assert "#" not in url
        assert url.startswith(urls.site(url) + "/")
        assert urls.address(url)[0]


@given(LINKS)
def test_what_identifies_nothing_is_dropped(link: str) -> None:
    url = urls.normalise(link)
    if url is not None:
        joint = "&" if "?" in url else "?"
        assert urls.normalise(f"{url}{joint}utm_source=x&gclid=y#part") == url
