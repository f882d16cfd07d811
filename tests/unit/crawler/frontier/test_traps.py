"""Traps: which urls are told by their form, and which by what their like have brought."""

from __future__ import annotations

import logging

import pytest

from lightship.core.model import Document
from lightship.crawler.frontier.entry import State
from lightship.crawler.frontier.traps import ENOUGH, MAX_SETS, Traps
from lightship.crawler.traps.form import leads_on, trap_by_form
from lightship.crawler.traps.sessions import without_session

BASE = "https://example.org"


@pytest.mark.parametrize(
    ("url", "clean", "dropped"),
    [
        ("/a?PHPSESSID=1234abcd&b=2", "/a?b=2", "PHPSESSID"),
        ("/a;jsessionid=1A2B3C?b=2", "/a?b=2", "jsessionid"),
        ("/(S(abcdefgh1234))/a.aspx", "/a.aspx", "(S(abcdefgh1234))"),
        ("/a?sid=8f14e45fce", "/a", "sid"),
        ("/a?sid=42", "/a?sid=42", ""),  # too short for an id: a section, perhaps
        ("/a?session=spring", "/a?session=spring", ""),
        ("/a?s=8f14e45fceea167a5a36dedd4bea2543&f=2", "/a?f=2", "s"),
        ("/a?s=lamps", "/a?s=lamps", ""),  # a search
        ("/a?token=0123456789abcdef01234567", "/a", "token"),
        ("/a?b=2", "/a?b=2", ""),
    ],
)
def test_session_ids_are_left_out(url: str, clean: str, dropped: str) -> None:
    assert without_session(BASE + url) == (BASE + clean, dropped)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("/" + "a" * 1000, "characters"), ("/a" * 26, "segments"), ("/shop/red/shop/red/shop/red/x", "repeating path"),
        ("/a?" + "&".join(f"k{number}=1" for number in range(11)), "endless parameters, 11"),
        ("/a?f=1&f=2&f=3&f=4", "'f' 4 times"), ("/events/2199-01-01", "the year 2199"), ("/cal?year=2199&month=2", "the year 2199"), ("/kalender/2199/kw/1?j=2199&kw=1", "the year 2199"),
    ],
)  # fmt: skip
def test_traps_that_their_form_tells(url: str, told: str) -> None:
    assert told in trap_by_form(BASE + url)


@pytest.mark.parametrize(
    "url",
    [
        "/", "/a/b/a/b", "/1/1/1/x", "/a?f[]=1&f[]=2&f[]=3&f[]=4", "/2024/05/06/a-story", "/history/1848", "/a?b=1&c=2",
        "/node/20301", "/viewtopic.php?t=19025", "/questions/21001/x", "/item/2105120", "/1912/04/16/titanic.html",
        "/events/1912-04-16", "/cal?year=1900&month=2", "/strategy/2030/2", "/rfc/2119/3", "/din/1946-1", "/part/2105-12",
    ],
)  # fmt: skip
def test_ordinary_urls_are_none(url: str) -> None:
    assert trap_by_form(BASE + url) == ""


def test_a_form_that_brings_nothing_new_is_given_up_and_no_other() -> None:
    traps = Traps()
    for number in range(ENOUGH):
        assert traps.check(f"{BASE}/list?page={number}") == ""
        traps.known(f"{BASE}/list?page={number}")
        traps.visited(f"{BASE}/list?page={number}", State.DUPLICATE)
    assert f"only 0 of {ENOUGH} pages like {BASE}/list brought anything new" in traps.check(f"{BASE}/list?page=999")
    assert traps.brings_nothing(f"{BASE}/list?page=0"), "one that is known already"
    assert traps.check(f"{BASE}/other?page=1") == ""
    assert traps.check("https://example.com/list?page=1") == ""


def test_a_form_that_brings_some_new_pages_goes_on() -> None:
    traps = Traps()
    for number in range(10 * ENOUGH):
        traps.visited(f"{BASE}/story/{number}", State.PAGE if number % 8 == 0 else State.DUPLICATE)
    assert traps.check(f"{BASE}/story/9999") == ""


@pytest.mark.parametrize("state", [State.FAILED, State.GONE, State.NEW])
def test_visits_that_brought_no_page_tell_nothing(state: State) -> None:
    traps = Traps()
    for number in range(2 * ENOUGH):
        traps.visited(f"{BASE}/story/{number}", state)
    assert traps.check(f"{BASE}/story/9999") == ""


def test_ids_that_look_like_dates_are_ids() -> None:
    traps = Traps()
    for number in range(19_000, 22_000):
        traps.known(f"{BASE}/node/{number}")
        traps.visited(f"{BASE}/node/{number}", State.PAGE, Document(url=BASE, text="the same text"))
    assert traps.check(f"{BASE}/node/22001") == ""


def test_each_kind_that_its_form_tells_is_a_warning_once(caplog: pytest.LogCaptureFixture) -> None:
    traps = Traps()
    with caplog.at_level(logging.WARNING):
        for number in range(100):
            assert traps.check(f"{BASE}/events/{2199 - number % 50}-01-01")
            assert traps.check(f"{BASE}/{'a' * (1000 + number)}")
    assert [message.partition(":")[2][:20] for message in caplog.messages] == [
        " a calendar with the",
        " a URL of 1020 chara",
    ]


@pytest.mark.parametrize(
    ("page", "found", "leads"),
    [
        ("/shop?action=list&page=2", "/shop?action=show&id=7", True),
        ("/index.php?route=product/category&path=3", "/index.php?route=product/product&id=7", True),
        ("/shop?action=list&page=2", "/shop?action=list&page=3", False),
        ("/shop?page=2", "/shop?page=3", False),
        ("/shop?color=red", "/shop?color=red&size=2", False),
        ("/shop?paged=2", "/shop?p=7", True),
    ],
)
def test_a_list_leads_to_what_is_no_list(page: str, found: str, *, leads: bool) -> None:
    assert leads_on(BASE + page, BASE + found) is leads


def test_endless_combinations_of_parameters_are_told() -> None:
    traps = Traps()
    for number in range(MAX_SETS):
        traps.known(f"{BASE}/shop?filter{number}x=1&sort=a")
    assert "endless combinations" in traps.check(f"{BASE}/shop?colour=red&sort=a")
    assert traps.check(f"{BASE}/shop?filter0x=2&sort=b") == "", "a set that is known"


def test_what_was_learnt_comes_back_from_the_store() -> None:
    before, after = Traps(), Traps()
    visited = [(f"{BASE}/list?page={number}", State.DUPLICATE) for number in range(ENOUGH)]
    for url, state in visited:
        before.known(url)
        before.visited(url, state)
    after.load([(url, int(state), None) for url, state in visited])
    told = after.check(f"{BASE}/list?page=999")
    assert told
    assert told == before.check(f"{BASE}/list?page=999")
