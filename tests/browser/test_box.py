"""The search box on pages of other origins, in a real browser: /box.js."""

from __future__ import annotations

import gzip
import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Dialog, Locator, Page, Route, expect

from browser.conftest import PATIENCE, documents, visit
from browser.test_accessible import problems
from lightship.core.model import Change, Document
from lightship.doclog import open_log
from lightship.http.keys.key import Key, sign, signing_keys
from mockweb.site import MockSite
from support import Program, free_port, wait_until

SECRET = "0123456789abcdef"
LARGEST = 12 << 10  # bytes of the script, compressed
STRICT = (
    "default-src 'none'; script-src {script}; connect-src {server}; base-uri 'none'; require-trusted-types-for 'script'"
)
SECTIONS = [
    {"heading": "Lighting the lamp", "level": 2, "anchor": "lamp", "at": 0},
    {"heading": "Winding the clockwork", "level": 2, "anchor": "clockwork", "at": 120},
]
HANDBOOK = Document(
    url="https://example.org/handbook",
    title="Handbook for keepers",
    text="Light the lamp at dusk and trim the wick with care. ".ljust(120) + "Wind the clockwork every four hours of the night.",
    language="en",
)  # fmt: skip
OpenGuest = Callable[..., Page]


@pytest.fixture(scope="module")
def guest() -> Iterator[MockSite]:
    """Serve pages of another origin."""
    with MockSite() as site:
        yield site


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, guest: MockSite) -> Iterator[str]:
    """Return the address of a searchengine that lets pages of the guest search."""
    folder = tmp_path_factory.mktemp("box")
    url, address = f"sqlite://{folder}/log.sqlite", f"127.0.0.1:{free_port()}"
    log = open_log(url)
    log.put([Change.put(document) for document in [*documents(), HANDBOOK]])
    log.close()
    programs = {
        "lightship.searchengine.main": [f"-addr={address}", f"-data={folder}/s", f"-origins={guest.url('')}"],
        "lightship.indexer.main": [f"-searchengine={address}", f"-log={url}", f"-data={folder}/i"],
    }
    with ExitStack() as stack:
        for module, arguments in programs.items():
            shared = {"LIGHTSHIP_TOKEN": SECRET}
            program = Program(module, *arguments, folder=folder, log=folder / f"{module}.log", env=shared)
            stack.callback(program.kill)
        base = f"http://{address}"
        wait_until(lambda: b'"total":1,' in urlopen(f"{base}/search?q=handbook&format=json").read(), 30, "all is found")
        yield base


@pytest.fixture
def open_guest(browser: Browser, guest: MockSite, server: str) -> Iterator[OpenGuest]:
    """Return what opens a page of the guest with `box` in it; `policy` is its Content-Security-Policy."""
    contexts = []

    def open_guest(
        box: str = "<lightship-search></lightship-search>", *, lang: str = "en", policy: str = "", script: str = "", **options: Any
    ) -> Page:  # fmt: skip
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        policy = (policy or STRICT).format(script=f"{server}/box.js", server=server)
        headers = {"Content-Security-Policy": policy}
        script = script or f'<script src="{server}/box.js" defer></script>'
        body = f'<!doctype html><html lang="{lang}"><title>Guest</title>{script}<main><h1>Guest</h1>{box}<p>Text</p></main>'
        visit(page, guest.page("/", body, headers=headers))
        return page

    yield open_guest
    for context in contexts:
        context.close()


def box(page: Page) -> Locator:
    return page.get_by_role("combobox")


def options(page: Page) -> Locator:
    return page.get_by_role("option")


def chosen(page: Page) -> str:
    """Return the text of the option that a screen reader takes as focused."""
    text: str = page.evaluate(
        """() => { const root = document.querySelector("lightship-search").shadowRoot;
        return root.getElementById(root.activeElement.getAttribute("aria-activedescendant"))?.textContent ?? ""; }"""
    )
    return text


def answered(page: Page, query: str) -> None:
    """Wait until the results are those of `query`: one that was not yet whole finds nearly the same."""
    every = page.locator("lightship-search .foot a")
    expect(every).to_have_attribute("href", re.compile(rf"[?&]q={query}(&|$)"))


def test_it_is_small(server: str) -> None:
    with urlopen(f"{server}/box.js") as answer:
        assert len(gzip.compress(answer.read(), 9)) <= LARGEST


def test_keys_find_and_go(open_guest: OpenGuest) -> None:
    page = open_guest()
    page.route("https://example.org/**", lambda route: route.fulfill(body="<h1>There", content_type="text/html"))
    page.keyboard.press("Control+k")
    expect(box(page)).to_be_focused()
    page.keyboard.type("clockwo")
    answered(page, "clockwo")
    expect(options(page).first).to_contain_text("Handbook for keepers")
    assert "Handbook" in chosen(page)
    assert page.locator("lightship-search mark").first.inner_text().lower() == "clockwork"
    page.keyboard.press("Escape")
    expect(box(page)).to_be_hidden()
    page.keyboard.press("/")
    expect(box(page)).to_be_focused()
    page.keyboard.type("lighthouse")
    answered(page, "lighthouse")
    expect(options(page)).to_have_count(6)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert chosen(page) == options(page).nth(1).inner_text().replace("\n", "")
    href = options(page).nth(1).get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(str(href))


def test_a_late_answer_keeps_what_the_keys_chose(open_guest: OpenGuest) -> None:
    page = open_guest('<lightship-search inline size="20"></lightship-search>')
    box(page).fill("lighthou")
    answered(page, "lighthou")
    late: list[Route] = []

    def hold(route: Route) -> None:
        late.append(route)

    page.route("**/search?q=lighthouse&**", hold)
    box(page).fill("lighthouse")
    while not late:
        page.wait_for_timeout(20)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    before = chosen(page)
    assert before == options(page).nth(2).inner_text().replace("\n", "")
    late[0].continue_()
    answered(page, "lighthouse")
    assert chosen(page) == before
    box(page).fill("handbook")
    answered(page, "handbook")
    assert "Handbook" in chosen(page)
    box(page).fill("keeper")
    answered(page, "keeper")
    assert chosen(page) == options(page).first.inner_text().replace("\n", "")


def test_its_key_limits_what_it_finds_and_where_it_works(open_guest: OpenGuest, guest: MockSite) -> None:
    for origin, found in ((guest.url(""), 1), ("https://elsewhere.example", 0)):
        key = sign(
            Key("search", "guest", 0, "-f.path=keepers&f.site=example.org", (origin,)), signing_keys([SECRET])[0]
        )
        page = open_guest(f'<lightship-search key="{key}"></lightship-search>')
        page.keyboard.press("Control+k")
        page.keyboard.type("lamp OR lighthouse")
        if found:
            expect(options(page).first).to_contain_text("Handbook for keepers")
            assert not page.get_by_text("Log book").all()
            expect(page.get_by_text("All results")).to_be_hidden()
        else:
            expect(page.get_by_text("Search is not available right now.").first).to_be_visible()


def test_it_leads_to_sections(open_guest: OpenGuest, server: str, tmp_path: Path) -> None:
    page = open_guest()
    page.route(
        f"{server}/search*",
        lambda route: route.fulfill(
            json={
                "total": 1, "corrected": None, "notice": None,
                "hits": [{
                    "url": "https://example.org/handbook", "title": "Handbook", "title_html": "Handbook", "snippet": "&lt;b&gt; <mark>two</mark> &#39;x&#39;",
                    "sections": [
                        {"heading": "A & B", "heading_html": "A &amp; <mark>B</mark>", "path": [],
                         "url": "https://example.org/handbook#b"},
                        {"heading": "", "heading_html": "", "path": [], "url": "https://example.org/handbook"},
                    ],
                }],
            },
            headers={"Access-Control-Allow-Origin": "*"},
        ),
    )  # fmt: skip
    page.keyboard.press("/")
    page.keyboard.type("two")
    expect(options(page)).to_have_count(2)
    assert options(page).nth(1).inner_text() == "A & B\n<b> two 'x'"
    assert options(page).nth(1).get_attribute("href") == "https://example.org/handbook#b"
    assert options(page).nth(1).locator("mark").all_inner_texts() == ["B", "two"]


def test_a_mouse_and_an_event(open_guest: OpenGuest) -> None:
    page = open_guest()
    page.evaluate(
        """() => addEventListener("lightship-select", (event) => { event.preventDefault(); window.went = event.detail.url; })"""
    )
    page.get_by_role("button", name="Search").click()
    page.keyboard.type("clockwork")
    options(page).first.click()
    assert page.evaluate("window.went") == "https://example.org/handbook"
    expect(box(page)).to_be_hidden()
    assert page.url.startswith("http://127.0.0.1")


def test_inline(open_guest: OpenGuest) -> None:
    page = open_guest('<lightship-search inline size="3" placeholder="Ask the keeper"></lightship-search>')
    expect(box(page)).to_be_visible()
    assert box(page).get_attribute("placeholder") == "Ask the keeper"
    box(page).fill("lighthouse")
    expect(options(page)).to_have_count(3)
    assert box(page).get_attribute("aria-expanded") == "true"
    expect(page.get_by_role("link", name="All results (50)")).to_be_visible()
    page.get_by_text("Text", exact=True).click()
    expect(options(page)).to_have_count(0)
    box(page).focus()
    expect(options(page)).to_have_count(3)
    page.keyboard.press("Escape")
    expect(options(page)).to_have_count(0)
    assert box(page).input_value() == ""
    box(page).fill("qwxyzzy")
    expect(page.get_by_text("No results for “qwxyzzy”").first).to_be_visible()


def test_more_parameters(open_guest: OpenGuest) -> None:
    page = open_guest('<lightship-search inline parameters="lang=zh"></lightship-search>')
    box(page).fill("灯塔")
    expect(page.get_by_role("link", name="All results (12)", exact=False)).to_have_attribute(
        "href", re.compile("lang=zh")
    )


def test_a_corrected_word_is_said(open_guest: OpenGuest) -> None:
    page = open_guest("<lightship-search inline></lightship-search>")
    box(page).fill("lighthuose")
    expect(page.get_by_text("Showing results for lighthouse").first).to_be_visible()


@pytest.mark.parametrize(
    ("lang", "label", "direction"),
    [("de-AT", "Suche", "ltr"), ("ar", "بحث", "rtl"), ("zh-Hant", "搜索", "ltr"), ("xx", "Search", "ltr")],
)
def test_languages(open_guest: OpenGuest, lang: str, label: str, direction: str) -> None:
    page = open_guest("<lightship-search inline></lightship-search>", lang=lang)
    assert box(page).get_attribute("aria-label") == label
    assert box(page).evaluate("each => getComputedStyle(each).direction") == direction


def test_an_older_answer_never_replaces_a_newer_one(open_guest: OpenGuest) -> None:
    page = open_guest("<lightship-search inline></lightship-search>")
    page.evaluate(
        """() => { const real = fetch; let asked = 0;
        window.fetch = async (url, how) => { const late = 1000 - 300 * asked++; const answer = await real(url, { headers: how.headers });
          await new Promise((resolve) => setTimeout(resolve, late)); return answer; }; }"""
    )
    for query in ("lighthouse", "灯塔", "handbook"):
        box(page).fill(query)
        page.wait_for_timeout(100)
    expect(options(page).first).to_contain_text("Handbook")
    page.wait_for_timeout(1000)
    expect(options(page).first).to_contain_text("Handbook")
    expect(options(page)).to_have_count(1)


def test_hostile_documents_stay_text(open_guest: OpenGuest) -> None:
    page = open_guest("<lightship-search inline></lightship-search>")
    told: list[str] = []

    def refuse(dialog: Dialog) -> None:
        told.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refuse)
    box(page).fill("hostile")
    expect(options(page)).to_have_count(2)
    assert "<script>alert(1)</script>" in page.get_by_role("listbox").inner_text()
    hrefs = [each.get_attribute("href") or "" for each in options(page).all()]
    assert all(href.startswith("http") for href in hrefs)
    assert told == []


def test_who_is_not_named_in_the_origins_finds_nothing(browser: Browser, server: str) -> None:
    with MockSite() as stranger:
        page = browser.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        html = f'<script src="{server}/box.js"></script><lightship-search inline></lightship-search>'
        visit(page, stranger.page("/", html))
        box(page).fill("lighthouse")
        expect(page.get_by_text("Search is not available right now.").first).to_be_visible()
        assert any("blocked by CORS policy" in each for each in said)
        assert any("-origins" in each for each in said)
        page.close()


def test_a_policy_that_names_its_hash(open_guest: OpenGuest, server: str) -> None:
    with urlopen(f"{server}/box.js") as answer:
        digest = f"sha256-{b64encode(hashlib.sha256(answer.read()).digest()).decode()}"
    script = f'<script src="{server}/box.js" integrity="{digest}" crossorigin></script>'
    policy = f"default-src 'none'; script-src '{digest}'; connect-src {{server}}; require-trusted-types-for 'script'"
    page = open_guest(policy=policy, script=script)
    page.keyboard.press("/")
    page.keyboard.type("handbook")
    expect(options(page).first).to_contain_text("Handbook for keepers")


@pytest.mark.parametrize("kind", ["", "inline"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_guest: OpenGuest, save: Callable[[Page, str], None], kind: str, scheme: Any) -> None:
    page = open_guest(
        f"<lightship-search {kind}></lightship-search>",
        policy="object-src 'none'",
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert problems(page) == []
        page.keyboard.press("/")
        box(page).fill("lighthouse")
        expect(options(page).first).to_be_visible()
        assert problems(page) == []
        save(page, f"box-{kind or 'dialog'}-{scheme}-{width}")
        page.keyboard.press("Escape")
        page.get_by_role("heading", name="Guest").click(force=True)
