"""Error and login pages are distinguished from pages about them."""

from __future__ import annotations

import pytest

from lightship.crawler.parsing.html.extract import Page, extract
from lightship.crawler.parsing.signals.page_signals import NOT_FOUND

LONG = "<p>" + "Servers answer requests for pages that they do not have with a status of their own. " * 20


def page(title: str, body: str) -> Page:
    return extract(f"<html><title>{title}</title><body>{body}", "http://a.example/")


@pytest.mark.parametrize("phrase", [phrase for phrases in NOT_FOUND.values() for phrase in phrases])
def test_each_phrase_is_known_as_title_and_heading(phrase: str) -> None:
    assert page(f"{phrase.title()} – Example", "<p>Back to the start page").missing
    assert page("Example", f"<h1>Oops! {phrase.capitalize()}.</h1><p>Back to the start page").missing
    assert not page(phrase, LONG).missing
    assert not page("Example", f"<p>{phrase}, it said. We went home.").missing


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("Page not found | Example", "<p>Sorry"), ("Example", "<h1>Oops! That page can’t be found.</h1><p>Search:"),
        ("404", "<p>The page was not found"), ("Error 404 - Example", "<h1>Error 404</h1>Not found"),
        ("Not Found", "<h1>Not Found</h1><p>The requested URL was not found on this server."),
        ("Example", "<h1>The page you are looking for could not be found</h1>"), ("404错误", "<h1>抱歉，您访问的页面不存在！</h1>"),
        ("HTTP 404", "<h1>404</h1><p>Seite nicht gefunden"), ("示例网", "<h1>对不起，找不到该页面</h1>"),
    ],
)  # fmt: skip
def test_soft_404s(title: str, body: str) -> None:
    assert page(title, body).missing


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("Why is my page not found?", "<p>Because robots.txt forbids it."), ("Issue 404", "<h1>404</h1><p>Fixed."),
        ("404 Not Found - HTTP", LONG), ("Lost and found", "<p>Not found: one umbrella"), ("", "<p>nothing"),
        ("Example", "<h1>Welcome</h1><h2>Page not found</h2>"), ("Area code 404", "<p>Atlanta"), ("404", "<p>A number."),
    ],
)  # fmt: skip
def test_pages_about_something(title: str, body: str) -> None:
    assert not page(title, body).missing


def test_logins() -> None:
    form = "<form>User <input name=user> Password <input type=PASSWORD name=word><button>Log in</button></form>"
    assert page("Log in", form).login
    assert page("Anmelden", f"<h1>Anmelden</h1>{form}<p>Passwort vergessen?").login
    assert not page("Article", LONG + form).login
    assert not page("Search", "<form><input name=q></form>").login


@pytest.mark.parametrize(
    ("body", "scripted"),
    [
        ("<app-root></app-root><script src=runtime.js type=module></script>", True),
        ("<app-root><div class=spinner>Loading …</div></app-root><script src=main.js></script>", True),
        ("<div id=__next></div><script id=__NEXT_DATA__ type=application/json>{}</script><script src=/_next/a.js defer></script>", True),
        ("<script src=flutter_bootstrap.js async></script>", True), ("<div id=root>読み込み中…</div><script>x()</script>", True),
        (f"<div id=root>{LONG}</div><script src=main.js></script>", False), ("<app-root></app-root>", False),
    ],
)  # fmt: skip
def test_shells_for_scripts(body: str, scripted: bool) -> None:
    assert page("My app", body).scripted == scripted
