"""Results and suggestions while somebody types: with the page's script."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from support import wait_until

OpenPage = Callable[..., Page]

SLOW = """
const real = window.fetch;
let asked = 0;
window.fetch = async (url, how) => {  // aborts nothing, and the older the request, the later its answer
    const late = Math.max(0, 1500 - 100 * asked++);
    const answer = await real(url, { headers: how.headers });
    await new Promise((resolve) => setTimeout(resolve, late));
    return answer;
};
window.shown = [];
new MutationObserver(() => {
    const shown = document.querySelector("#main h1")?.textContent;
    if (shown && shown !== window.shown.at(-1)) window.shown.push(shown);
}).observe(document, { childList: true, subtree: true });
"""
COUNTED = """
window.asked = [];
const real = window.fetch;
window.fetch = (url, how) => { window.asked.push(decodeURIComponent(url)); return real(url, how); };
"""


def box(page: Page) -> Locator:
    return page.get_by_label("Search", exact=True)


def options(page: Page) -> Locator:
    return page.get_by_role("option")


def active(page: Page) -> str | None:
    """Return the text of the suggestion that a screen reader takes as focused."""
    text: str | None = page.evaluate(
        "document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))?.textContent"
    )
    return text


@pytest.mark.parametrize(
    ("width", "scheme", "typed", "language", "results"),
    [
        (1280, "light", "lighth", "en", 50),
        (360, "dark", "lighth", "en", 50),
        (1280, "dark", "المنار", "ar", 8),
        (360, "light", "المنارة", "ar", 8),
        (1280, "light", "搜索引", "zh", 12),
        (360, "dark", "灯塔", "zh", 12),
    ],
)
def test_results_come_while_typing(
    open_page: OpenPage, width: int, scheme: str, typed: str, language: str, results: int
) -> None:
    page = open_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.keyboard.type(typed)
    expect(page.locator(".found .count")).to_have_text(f"{results} results")
    expect(page.locator(".results h2").first).to_have_attribute("lang", language)
    expect(box(page)).to_be_focused()
    expect(box(page)).to_have_value(typed)
    expect(page).to_have_title(f"{typed} – Lightship")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.reload()  # the url leads to what was shown
    expect(page.locator(".found .count")).to_have_text(f"{results} results")


def test_an_older_answer_never_replaces_a_newer_one(open_page: OpenPage) -> None:
    page = open_page(before=SLOW)
    query = "lighthouse keeper 37"
    page.keyboard.type(query, delay=30)
    expect(page.locator("#main h1")).to_have_text(f"Results for “{query}”")
    wait_until(lambda: page.evaluate("!document.querySelector('[aria-busy=true]')"), 10, "the page is there")
    page.wait_for_timeout(1500)  # the answers to the first letters come last
    shown = [len(text) for text in page.evaluate("window.shown")]
    assert shown == sorted(shown)
    expect(page.locator("#main h1")).to_have_text(f"Results for “{query}”")
    expect(page.locator(".results h2").first).to_have_text("Log book of lighthouse keeper 37")
    assert page.evaluate("new URLSearchParams(location.search).get('q')") == query


def test_what_is_typed_during_an_answer_is_kept(open_page: OpenPage) -> None:
    page = open_page("/?q=lighthouse")
    box(page).press("End")
    page.keyboard.type(" keeper")
    page.keyboard.press("Enter")
    page.keyboard.type(" 7")
    expect(page).to_have_title("lighthouse keeper 7 – Lightship")
    expect(box(page)).to_have_value("lighthouse keeper 7")


def test_half_a_word_that_finds_nothing_leaves_the_results_for_a_while(open_page: OpenPage) -> None:
    page = open_page("/?q=lighthouse")
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now()") + 1000)
    box(page).fill("xq")
    page.clock.run_for(900)
    expect(page.locator("main")).to_have_attribute("aria-busy", "true")
    expect(page.locator(".results > li")).to_have_count(10)
    page.clock.run_for(100)
    expect(page.get_by_role("heading", name="Nothing found for “xq”")).to_be_visible()


def test_an_empty_box_leaves_the_results(open_page: OpenPage) -> None:
    page = open_page("/?q=lighthouse")
    box(page).fill("")
    expect(page.locator(".results > li")).to_have_count(10)
    page.keyboard.press("Enter")
    expect(page.get_by_text("exact phrase")).to_be_visible()


def test_filters_and_order_are_kept(open_page: OpenPage) -> None:
    page = open_page("/?q=lighthouse&f.lit=true&sort=-height")
    box(page).fill("keeper")
    expect(page).to_have_title("keeper – Lightship")
    expect(page.locator(".found .count")).to_have_text("25 results")
    expect(page.locator(".results h2").first).to_have_text("Log book of lighthouse keeper 48")


def test_nothing_is_asked_for_while_an_input_method_composes(open_page: OpenPage) -> None:
    page = open_page(before=COUNTED)
    client = page.context.new_cdp_session(page)
    for text in ("d", "de", "deng"):
        client.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})
    page.wait_for_timeout(200)
    assert page.evaluate("window.asked") == []
    client.send("Input.insertText", {"text": "灯塔"})
    expect(page.locator(".found .count")).to_have_text("12 results")
    assert all("q=灯塔" in url for url in page.evaluate("window.asked"))


def test_suggestions_with_the_keyboard(open_page: OpenPage) -> None:
    page = open_page()
    combobox = page.get_by_role("combobox", name="Search", exact=True)
    expect(combobox).to_have_attribute("aria-expanded", "false")
    page.keyboard.type("light")
    expect(page.get_by_role("listbox", name="Suggestions")).to_be_visible()
    expect(combobox).to_have_attribute("aria-expanded", "true")
    expect(options(page).first).to_have_text("lighthouse")
    assert active(page) is None
    page.keyboard.press("ArrowDown")
    assert active(page) == "lighthouse"
    expect(page.locator("[aria-selected=true]")).to_have_text("lighthouse")
    page.keyboard.press("ArrowUp")
    assert active(page) is None
    page.keyboard.press("ArrowUp")
    assert active(page) == options(page).last.text_content()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    for key in ("Home", "End", "ArrowLeft", "ArrowRight"):
        assert active(page) == "lighthouse"
        page.keyboard.press(key)
        assert active(page) is None
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(combobox).to_have_value("lighthouse")
    expect(combobox).to_have_attribute("aria-expanded", "false")
    expect(page).to_have_url(re.compile(r"/\?q=lighthouse$"))


def test_what_the_keys_chose_is_kept_when_the_last_letter_is_asked_for_later(open_page: OpenPage) -> None:
    page = open_page()
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now()") + 1000)
    page.keyboard.press("l")
    page.clock.run_for(100)
    expect(options(page).first).to_be_visible()
    page.keyboard.press("i")
    page.clock.run_for(100)
    expect(page.locator("#main h1")).to_have_text("Results for “li”")
    expect(options(page).first).to_be_visible()
    page.keyboard.press("g")  # so soon that it waits for its turn
    page.keyboard.press("ArrowDown")
    chosen = active(page)
    assert chosen
    page.clock.run_for(100)
    expect(page.locator("#main h1")).to_have_text("Results for “lig”")
    expect(page.locator("[aria-selected=true]")).to_have_text(chosen)


def test_escape_closes_the_suggestions_and_then_empties_the_box(open_page: OpenPage) -> None:
    page = open_page()
    page.keyboard.type("light")
    expect(options(page).first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(box(page)).to_have_value("light")
    page.keyboard.press("Escape")
    expect(box(page)).to_have_value("")


def test_tab_and_a_click_elsewhere_close_the_suggestions(open_page: OpenPage) -> None:
    page = open_page()
    for key in ("Tab", ""):
        box(page).fill("light")
        expect(options(page).first).to_be_visible()
        if key:
            page.keyboard.press(key)
        else:
            page.locator("footer").click()
        expect(page.get_by_role("listbox")).to_be_hidden()
        box(page).fill("")


@pytest.mark.parametrize("width", [360, 1280])
def test_a_suggestion_is_clicked(open_page: OpenPage, width: int) -> None:
    page = open_page(viewport={"width": width, "height": 800}, has_touch=width == 360)
    page.keyboard.type("light")
    options(page).get_by_text("lighthouse", exact=True).click()
    expect(page).to_have_url(re.compile(r"/\?q=lighthouse$"))
    expect(page.locator(".found .count")).to_have_text("50 results")


def test_a_suggested_title_leads_to_its_page(open_page: OpenPage) -> None:
    page = open_page()
    page.route("https://example.org/**", lambda route: route.fulfill(body="the page"))
    page.keyboard.type("lighthouse kee")
    options(page).filter(has_text="keeper").filter(has_text="example.org").first.click()
    expect(page).to_have_url(re.compile("^https://example.org/keepers/"))


@pytest.mark.parametrize(("typed", "suggested"), [("سج", "سجل"), ("日志", "灯塔日志第")])
def test_suggestions_in_other_scripts(open_page: OpenPage, typed: str, suggested: str) -> None:
    page = open_page(viewport={"width": 360, "height": 800}, color_scheme="dark")
    page.keyboard.type(typed)
    expect(options(page).filter(has_text=suggested).first).to_be_visible()
    expect(options(page).first.locator("[dir=auto]")).to_have_count(1)


def test_a_screen_reader_is_told(open_page: OpenPage) -> None:
    page = open_page()
    status = page.get_by_role("status")
    expect(status).to_be_empty()
    page.keyboard.type("light")
    expect(status).to_have_text(re.compile(r"^\d+ results, \d suggestions$"))
    page.keyboard.press("Escape")
    expect(status).to_have_text(re.compile(r"^\d+ results$"))
    box(page).fill("xyzzy")
    expect(status).to_have_text("Nothing found for “xyzzy”")


def test_keys_that_lead_to_the_box(open_page: OpenPage) -> None:
    page = open_page("/?q=lighthouse")
    for keys in ("/", "Control+k", "Meta+k"):
        page.locator(".results a").first.focus()
        page.keyboard.press(keys)
        expect(box(page)).to_be_focused()
        assert page.evaluate("getSelection().toString()") == "lighthouse"
    page.keyboard.type("a/b")
    expect(box(page)).to_have_value("a/b")


def test_the_key_of_one_letter_can_be_turned_off(open_page: OpenPage) -> None:
    page = open_page("/?q=lighthouse")
    page.get_by_role("button", name="Turn off the / key").click()
    for _ in range(2):
        expect(page.get_by_role("button", name="Turn on the / key")).to_be_visible()
        expect(box(page)).to_have_attribute("aria-keyshortcuts", "Control+K")
        page.locator(".results a").first.focus()
        page.keyboard.press("/")
        expect(box(page)).not_to_be_focused()
        page.keyboard.press("Control+k")
        expect(box(page)).to_be_focused()
        page.reload()
    page.get_by_role("button", name="Turn on the / key").press("Enter")
    expect(page.get_by_role("button", name="Turn off the / key")).to_be_focused()
    page.keyboard.press("/")
    expect(box(page)).to_be_focused()


def test_arrows_move_through_the_results(open_page: OpenPage) -> None:
    page = open_page("/?q=lighthouse")
    links = page.locator(".results h2 a")
    box(page).focus()
    for number in (0, 1, 2):
        page.keyboard.press("ArrowDown")
        expect(links.nth(number)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(links.nth(1)).to_be_focused()
    links.last.focus()
    page.keyboard.press("ArrowDown")
    expect(links.last).to_be_focused()
    links.first.focus()
    page.keyboard.press("ArrowUp")
    expect(box(page)).to_be_focused()
