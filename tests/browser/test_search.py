"""What people do on the search page, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import visit

OpenPage = Callable[..., Page]
FOCUSED = """() => {
    const element = document.activeElement;
    if (element.closest(".results")) return "result";
    return element.name || element.rel || element.className || element.tagName.toLowerCase();
}"""


def test_typing_and_enter_searches(open_page: OpenPage) -> None:
    page = open_page()
    expect(page.get_by_label("Search", exact=True)).to_be_focused()  # the empty page has put the cursor into its box
    page.keyboard.type("lighthouse")
    page.keyboard.press("Enter")
    expect(page).to_have_title("lighthouse – Lightship")
    expect(page.get_by_label("Search", exact=True)).to_have_value("lighthouse")
    expect(page.locator(".results > li")).to_have_count(10)
    expect(page.locator(".results mark").first).to_have_text(re.compile("lighthouse", re.IGNORECASE))
    expect(page.get_by_text(re.compile(r"50 results in [\d.]+ ms"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"index fresh as of \d+ (?:s|min) ago"))).to_be_visible()


def test_next_page_and_back(open_page: OpenPage) -> None:
    page = open_page("/?q=lighthouse")
    titles = page.locator(".results h2")
    first = titles.all_inner_texts()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text("Page 2 of 5")).to_be_visible()
    second = titles.all_inner_texts()
    assert len(second) == 10
    assert not set(first) & set(second)
    page.go_back()
    expect(page.locator("[aria-current=page]")).to_have_text("1")
    assert titles.all_inner_texts() == first
    expect(page.get_by_label("Search", exact=True)).to_have_value("lighthouse")


def test_chinese(open_page: OpenPage) -> None:
    page = open_page()
    page.get_by_label("Search", exact=True).fill("搜索引擎")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("12 results")).to_be_visible()
    title = page.locator(".results h2").first
    expect(title).to_have_attribute("lang", "zh")
    expect(title).to_contain_text("灯塔日志")
    assert "引擎" in "".join(page.locator(".results li").first.locator("mark").all_inner_texts())
    expect(page.locator(".crumbs").first).to_contain_text("灯塔")


def test_no_results_and_a_way_on(open_page: OpenPage) -> None:
    page = open_page("/?q=%22xyzzyx+xyzzy%22")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    expect(page.get_by_text("Check your spelling")).to_be_visible()
    page.get_by_role("link", name="Search without the quotation marks").click()
    expect(page.get_by_label("Search", exact=True)).to_have_value("xyzzyx xyzzy")


@pytest.mark.parametrize("beyond", [6, 5000])
def test_page_beyond_the_last(open_page: OpenPage, beyond: int) -> None:
    page = open_page(f"/?q=lighthouse&page={beyond}")
    expect(page.get_by_role("heading", name="There is no page")).to_be_visible()
    page.get_by_role("link", name="Last page").click()
    expect(page.locator("[aria-current=page]")).to_have_text("5")
    expect(page.locator(".results > li")).to_have_count(10)


def test_sort_by_date_is_kept_when_paging(open_page: OpenPage) -> None:
    page = open_page("/?q=lighthouse")
    page.get_by_text("Sort: Relevance").click()
    page.get_by_role("link", name="Date").click()
    expect(page.get_by_text("Sort: Date")).to_be_visible()
    days = page.locator(".results time").all()
    shown = [day.get_attribute("datetime") or "" for day in days]
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text("Page 2 of 5")).to_be_visible()
    shown += [day.get_attribute("datetime") or "" for day in page.locator(".results time").all()]
    assert len(shown) == 20
    assert shown == sorted(shown, reverse=True)
    assert shown[0].startswith("2024-02-19")


def test_one_language_is_kept_by_a_new_search(open_page: OpenPage) -> None:
    page = open_page("/?q=lighthouse&lang=zh")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    page.get_by_label("Search", exact=True).fill("灯塔")
    page.keyboard.press("Enter")
    expect(page.locator("main")).not_to_have_attribute("aria-busy", "true")  # new results close the menu
    page.get_by_text("Language: 中文").and_(page.locator("summary")).click()
    page.get_by_role("link", name="All languages").click()
    expect(page).not_to_have_url(re.compile("lang="))


def test_without_javascript(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    page.get_by_label("Search", exact=True).fill("lighthouse")
    page.keyboard.press("Enter")
    expect(page.locator(".results > li")).to_have_count(10)
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text("Page 2 of 5")).to_be_visible()


def test_keyboard_reaches_everything_in_order(open_page: OpenPage) -> None:
    page = open_page("/?q=lighthouse&page=2")
    reached: list[str] = []
    while len(reached) < 90 and reached[-1:] != ["next"]:
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    assert reached[:3] == ["skip", "brand", "q"]
    assert reached.count("result") == 10
    assert reached.index("q") < reached.index("result") < reached.index("prev") < reached.index("next")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Page 3 of 5")).to_be_visible()


def test_skip_link_leads_to_the_results(open_page: OpenPage) -> None:
    page = open_page("/?q=lighthouse")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to results")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    while page.evaluate(FOCUSED) != "result":
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('main')")


def test_hostile_documents_are_shown_and_run_nothing(open_page: OpenPage) -> None:
    page = open_page("/?q=hostile")
    expect(page.locator(".results > li")).to_have_count(2)
    expect(page.get_by_role("heading", name="<script>alert(1)</script>")).to_be_visible()
    assert page.locator("body script, .results img, [onerror]").count() == 0
    expect(page.locator(".results a")).to_have_count(2)
    expect(page.locator(".results a[href^='/cached?url=file%3A']")).to_have_count(1)
    links = page.locator(".results a:not([href^='/'])")
    expect(links).to_have_attribute("href", re.compile("^https://example.org/"))
    expect(links).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(page.get_by_text("/home/<b>notes.txt").first).to_be_visible()


def test_a_bad_page_number_is_told(open_page: OpenPage) -> None:
    page = open_page()
    page.route(
        "**/?q=a&page=0", lambda route: route.fulfill(status=200, response=route.fetch())
    )  # a 400 is told on the console
    visit(page, "/?q=a&page=0")
    expect(page.get_by_text("must be a whole number from 1")).to_be_visible()
    expect(page.get_by_label("Search", exact=True)).to_be_visible()


def test_browsers_can_add_it_as_a_search_engine(open_page: OpenPage, base: str) -> None:
    page = open_page()
    href = page.locator("link[rel=search]").get_attribute("href")
    with urlopen(f"{base}{href}") as response:
        assert response.headers.get_content_type() == "application/opensearchdescription+xml"
        assert 'template="/?q={searchTerms}"' in response.read().decode()  # with -public, of the whole address


@pytest.mark.parametrize("address", ["/", "/?q=lighthouse"])
def test_strict_headers(base: str, address: str) -> None:
    with urlopen(Request(base + address, headers={"Accept": "text/html"})) as response:
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
