"""Content is not lost by its name, its size, or because a click shows it."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from lightship.crawler.parsing.html.extract import extract
from lightship.crawler.parsing.read import read_page

PROSE = (
    "The harbour master keeps a careful record of every vessel that enters the port, and of the name of its captain. "
)
LONG = f"<p>{PROSE * 3}</p>" * 4


class Case(NamedTuple):
    """The body of a page, words that must be in its text, and words that must not."""

    body: str
    kept: str
    left_out: str


KEPT = {
    "slug of docutils": Case(
        f"<main><h1>Manual</h1>{LONG}<div class=section id=skipping-tests><h2>Skipping tests</h2><p>Use skipifalpha.</p></div>"
        "<section id=cookies><h2>Cookies</h2><p>Set cookiebravo.</p></section></main>", "skipifalpha cookiebravo", ""),
    "id chosen by the author": Case(
        f"<div class=chapter><h1>Guide</h1>{LONG}<div class=section id=nav><div class=titlepage><div><div><h3>How to find a way"
        "</h3></div></div></div><p>By the starsalpha.</p></div></div>", "starsalpha way", ""),
    "section with a line of links before its heading": Case(
        f"<div><h1>Manual</h1>{LONG}<div class=chapter id=Menu-Entry><div class=header><p>Next: <a href=x>Framenext</a></p></div>"
        f"<hr><h3>3.1 Menu Entry</h3><p>Entries deltaone.</p></div></div>", "Menu Entry deltaone", ""),
    "classes of an article are its tags": Case(
        f"<main><h1>Blog</h1><article class='post tag-cookies category-menu'><h2>Baking</h2><p>{PROSE * 3}</p></article>"
        f"<article class='post tag-nav'><p>{PROSE * 3} navalpha</p></article>{LONG}</main>", "Baking navalpha", ""),
    "classes that say what a part has": Case(
        f"<div><div class='post type-post tag-cookies hentry'><p>Baking deltaone.</p></div><div class='part has-sidebar no-menu'>"
        f"<p>Golftwo.</p></div><div class=text><h1>Blog</h1>{LONG}</div></div>", "deltaone Golftwo", ""),
    "named like navigation, but of prose": Case(
        f"<main><h1>Menus</h1>{LONG}<div class=menu-description><p>{PROSE * 3} menubravo</p></div></main>", "menubravo", ""),
    "a cookie banner is not of the page": Case(
        f"<div class=cookie-banner><p>We use cookiesframe.</p></div><main><h1>Page</h1>{LONG}</main>", "Page", "cookiesframe"),
    "short sections beside a long one": Case(
        f"<div><div><h1>Introduction</h1>{LONG}</div><div><h2>Install<a href=#install>¶</a></h2><p>Run foxtrot.</p></div>"
        "<div><h2>Licence</h2><p>See <a href=/licence>the golf licence</a> text.</p></div></div>", "foxtrot golf", ""),
    "opening hours by hand": Case(
        f"<center><div><h1>Ferry</h1>{LONG}</div><div>Open ten to four, call <a href=tel:123>hotelnumber</a></div>"
        "<table><tr><th>Mondays</th><td>closed, <a href=mailto:a@b.example>indiamail</a></td></tr></table></center>",
        "hotelnumber indiamail", ""),
    "peers of the largest part": Case(
        f"<div class=body><div class=para>Bound by <a href=a>racketalpha</a>.</div><div class=para>{PROSE * 3}</div>"
        "<div class=para>See <a href=b>blockbravo</a> for others.</div></div>", "racketalpha blockbravo", ""),
    "code that is linked": Case(
        f"<div><div class=decl><pre>fn <a href=a>alphaone</a>() -> <a href=b>bravotwo</a></pre></div><div class=text>{LONG}</div>"
        "</div>", "alphaone bravotwo", ""),
    "accordion of Bootstrap": Case(
        f"<main><h1>FAQ</h1>{LONG}<div class=accordion-item><h2><button aria-expanded=false>How to mooralpha?</button></h2>"
        "<div class='accordion-collapse collapse'><p>Answerbravo.</p></div></div></main>", "mooralpha Answerbravo", ""),
    "accordion that is hidden": Case(
        f"<main><h1>FAQ</h1>{LONG}<dl><dt><button aria-expanded=false aria-controls=a1>How to mooralpha?</button></dt>"
        "<dd id=a1 hidden>Answerbravo.</dd></dl></main>", "mooralpha Answerbravo", ""),
    "accordion without headings": Case(
        f"<main><h1>FAQ</h1>{LONG}<div><button class=accordion aria-expanded=false>Questionalpha</button><div class=panel "
        "style='display:none'><p>Answerbravo with a number of words.</p></div></div><button>Framebutton</button></main>",
        "Questionalpha Answerbravo", "Framebutton"),
    "tabs": Case(
        f"<main><h1>Install</h1>{LONG}<ul role=tablist><li role=tab aria-controls=t1>npm<li role=tab>yarn</ul><div role=tabpanel>"
        "npm alphainstall</div><div role=tabpanel hidden>yarn bravoadd</div></main>", "alphainstall bravoadd", ""),
    "hidden until a tab is chosen": Case(
        f"<main><h1>Install</h1>{LONG}<a href='#win' role=tab>Windows</a><div id=win style='display: none'>winget "
        "charlieinstall</div></main>", "charlieinstall", ""),
    "rows of a tree": Case(
        f"<div><h1>Classes</h1>{LONG}<table><tr><td>Outer</td></tr><tr style='display:none'><td>Inneralpha</td></tr></table>"
        "</div>", "Inneralpha", ""),
    "hidden overlays are not of the page": Case(
        f"<main><h1>Page</h1>{LONG}<button data-target='#m1'>Frame</button><div class=modal id=m1 style='display:none'><p>Please "
        "logframe in</p></div><p hidden>neverframe</p></main>", "Page", "logframe neverframe Frame"),
    "hero outside main": Case(
        f"<div class=hero><h1>Privacy noticealpha</h1></div><main><p>{PROSE * 3}</p></main>", "noticealpha", ""),
    "header with the title outside main": Case(
        f"<header><nav><a href=/>Frame</a></nav><h1>Opening hoursalpha</h1></header><main><p>{PROSE * 3}</p></main>",
        "hoursalpha", "Frame"),
    "the name of the site is no title": Case(
        f"<header><h1 class=logo>Framecompany</h1></header><main><h2>Real pagealpha</h2><p>{PROSE * 3}</p></main>",
        "pagealpha", "Framecompany"),
    "a linked name of the site beside a title": Case(
        f"<div><div class=hd><h1><a href=/>Framedocs 3.2</a></h1></div><div class=bd><h1>Modelalpha</h1>{LONG}</div></div>",
        "Modelalpha", "Framedocs"),
    "title in a header of the content": Case(
        f"<main><div class=header><div class=sub>Package <a href=p>org.alphaone</a></div><h2>Class Bravo</h2></div><div>{LONG}"
        "</div></main>", "alphaone Bravo", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", KEPT)
def test_content_is_kept(name: str) -> None:
    case = KEPT[name]
    text = extract(f"<html><head><title>T</title></head><body>{case.body}</body></html>", "http://a.example/").text
    assert [word for word in case.kept.split() if word not in text] == []
    assert [word for word in case.left_out.split() if word in text] == []


@pytest.mark.parametrize(
    ("control", "shown"), [("<a href=#more>More</a>", False), ("<a href=# aria-controls=more>More</a>", True)]
)
def test_a_hidden_part_is_content_if_a_control_shows_it(control: str, shown: bool) -> None:
    text = "This part is hidden at first, and it goes on for a while, so that it is prose of its own."
    page = read_page(
        f"<main><p>{text.replace('hidden', 'seen')}</p>{control}<p>x</p><div id=more hidden><p>{text}</p></div></main>".encode(),
        "text/html",
        "http://a/",
    )
    assert ("hidden" in page.text) == shown
