"""Filters, menus, corrections and pages: with and without JavaScript, on a phone and on a wide screen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from browser.test_typing import box

OpenPage = Callable[..., Page]
# Without the script, what is clicked is the same on every width; the narrow page is the one that folds it away
WAYS: dict[str, dict[str, Any]] = {
    f"{name}-{width}": {
        "java_script_enabled": name == "script",
        "viewport": {"width": width, "height": 800},
        "color_scheme": scheme,
    }
    for name, width, scheme in (("script", 360, "dark"), ("script", 1280, "light"), ("plain", 360, "light"))
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """Return the options of a context."""
    yield WAYS[request.param]


@pytest.fixture
def open_filters(open_page: OpenPage, way: dict[str, Any]) -> Callable[[str], Page]:
    """Return what opens a page, with its filters in sight."""

    def open_filters(address: str) -> Page:
        page = open_page(address, **way)
        show_filters(page)
        return page

    return open_filters


def show_filters(page: Page) -> None:
    summary = page.locator(".facets summary")
    if summary.is_visible() and not page.locator(".facets[open]").count():
        summary.click()


def test_values_are_chosen_and_taken_back(open_filters: Callable[[str], Page]) -> None:
    page = open_filters("/?q=lighthouse")
    for value, results in (("守塔人", 12), ("حارس المنارة", 13), ("O'Neill & Sons", 12)):
        show_filters(page)
        keeper = page.get_by_role("list", name="Keeper").get_by_role("link", name=value)
        keeper.click()
        expect(page.locator(".found .count")).to_have_text(f"{results} results")
        show_filters(page)
        expect(keeper).to_have_attribute("aria-current", "true")
        keeper.click()
        expect(page.locator(".found .count")).to_have_text("50 results")
        expect(page).to_have_url(re.compile(r"/\?q=lighthouse$"))


def test_two_values_and_a_range(open_filters: Callable[[str], Page]) -> None:
    page = open_filters("/?q=lighthouse")
    for facet, value in (("Keeper", "守塔人"), ("Keeper", "Ann Keeper"), ("Height", "20 – 25")):
        show_filters(page)
        link = page.get_by_role("list", name=facet).get_by_role("link", name=value)
        link.click()
        expect(page.locator(f".chips a[aria-label*='{value}']")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"f\.keeper=.*f\.height=|f\.height=.*f\.keeper="))
    assert {"f.keeper", "f.height"} == set(re.findall(r"f\.\w+", page.url))
    expect(page.locator(".found .count")).to_have_text("3 results")


def test_a_chip_is_removed(open_page: OpenPage, way: dict[str, Any]) -> None:
    page = open_page("/?q=lighthouse&f.keeper=守塔人&-f.lit=true&lang=en", **way)
    expect(page.locator(".chips a")).to_have_count(3)
    page.get_by_role("link", name="Remove the filter Keeper: 守塔人").click()
    expect(page.locator(".chips a")).to_have_count(2)
    page.get_by_role("link", name="Remove the filter Language: English").click()
    expect(page.locator(".chips a")).to_have_count(1)
    page.get_by_role("link", name="Remove the filter Not lit: yes").click()
    expect(page.locator(".found .count")).to_have_text("50 results")
    expect(page.locator(".chips")).to_have_count(0)


def test_the_order_is_chosen(open_page: OpenPage, way: dict[str, Any]) -> None:
    page = open_page("/?q=lighthouse", **way)
    page.get_by_text("Sort: Relevance").click()
    page.get_by_role("link", name="Height, highest first").click()
    expect(page.get_by_text("Sort: Height, highest first")).to_be_visible()
    expect(page.locator(".results h2").first).to_have_text("Log book of lighthouse keeper 49")
    expect(page.locator(".menu[open]")).to_have_count(0)


def test_the_language_is_chosen(open_page: OpenPage, way: dict[str, Any]) -> None:
    page = open_page("/?q=灯塔+المنارة&size=50", **way)
    page.locator(".menu summary", has_text="Language").click()
    page.get_by_role("link", name="العربية").click()
    expect(page.locator(".found .count")).to_have_text("8 results")
    assert page.locator(".results > li").evaluate_all("all => all.map((each) => each.dir)") == ["rtl"] * 8


def test_a_corrected_query_and_the_way_back(open_page: OpenPage, way: dict[str, Any]) -> None:
    page = open_page("/?q=lighthosue", **way)
    expect(page.get_by_text("Showing results for lighthouse")).to_be_visible()
    page.get_by_role("link", name="Search instead for lighthosue").click()
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    expect(box(page)).to_have_value("lighthosue")


def test_pages(open_page: OpenPage, way: dict[str, Any]) -> None:
    page = open_page("/?q=lighthouse", **way)
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text("Page 2 of 5")).to_be_visible()
    expect(page.get_by_text("Page 2 of 5")).to_be_in_viewport()
    page.go_back()
    expect(page.locator("[aria-current=page]")).to_have_text("1")


def test_typing_and_the_button(open_page: OpenPage, way: dict[str, Any]) -> None:
    page = open_page(**way)
    box(page).fill("灯塔")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".found .count")).to_have_text("12 results")
    expect(page.locator(".results h2").first).to_contain_text("灯塔日志")


def test_filters_on_a_wide_screen_are_always_in_sight(open_page: OpenPage) -> None:
    page = open_page("/?q=lighthouse", viewport={"width": 1280, "height": 800})
    expect(page.locator(".facets summary")).to_be_hidden()
    expect(page.get_by_role("list", name="Keeper")).to_be_visible()
    facets, found = (page.locator(name).bounding_box() for name in (".facets", ".found"))
    assert facets
    assert found
    assert facets["x"] + facets["width"] <= found["x"]


def test_the_sheet_of_a_phone(open_page: OpenPage) -> None:
    page = open_page("/?q=lighthouse", viewport={"width": 360, "height": 640}, has_touch=True)
    keeper = page.get_by_role("list", name="Keeper")
    expect(keeper).to_be_hidden()
    page.locator(".facets summary").tap()
    expect(keeper).to_be_visible()
    expect(page.locator(".found")).to_have_js_property("inert", True)  # what lies below can't be reached
    keeper.get_by_role("link", name="守塔人").tap()
    expect(page.locator(".facets summary")).to_contain_text("12 results")
    expect(keeper).to_be_visible()  # for the next choice, at the same place
    expect(keeper.get_by_role("link", name="守塔人")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(keeper).to_be_hidden()
    expect(page.locator(".facets summary")).to_be_focused()
    expect(page.locator(".found")).to_have_js_property("inert", False)
    page.locator(".facets summary").tap()
    page.mouse.click(180, 20)  # beside it
    expect(keeper).to_be_hidden()
    expect(page.locator(".found .count")).to_have_text("12 results")


def test_the_focus_stays_on_what_was_chosen(open_page: OpenPage) -> None:
    page = open_page("/?q=lighthouse")
    page.get_by_role("list", name="Keeper").get_by_role("link", name="守塔人").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".found .count")).to_have_text("12 results")
    expect(page.get_by_role("list", name="Keeper").get_by_role("link", name="守塔人")).to_be_focused()
    page.get_by_text("Sort: Relevance").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Height, lowest first").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Sort: Height, lowest first")).to_be_focused()
    page.get_by_role("link", name="Next").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_the_newest_are_chosen_by_a_menu(open_page: OpenPage, way: dict[str, Any]) -> None:
    page = open_page("/?q=lighthouse", **way)
    menu = page.locator(".menu", has=page.locator("summary", has_text=re.compile("^Date")))
    expect(menu.locator("summary")).to_have_text("Date")
    menu.locator("summary").click()
    menu.get_by_role("link", name="Past year").click()
    expect(page.get_by_role("heading", name="Nothing found for “lighthouse”")).to_be_visible()  # they are of 2024
    expect(menu.locator("summary")).to_have_text("Date: Past year")
    menu.locator("summary").click()
    menu.get_by_role("link", name="Any time").click()
    expect(page.locator(".found .count")).to_have_text("50 results")
    expect(page).to_have_url(re.compile(r"/\?q=lighthouse$"))


def test_menus_close(open_page: OpenPage) -> None:
    page = open_page("/?q=灯塔+المنارة&size=50")
    language, order = (page.locator(".menu", has_text=text) for text in ("Language", "Sort"))
    language.locator("summary").click()
    order.locator("summary").click()
    expect(language).not_to_have_attribute("open", "")
    page.keyboard.press("Escape")
    expect(order).not_to_have_attribute("open", "")
    expect(order.locator("summary")).to_be_focused()
    order.locator("summary").click()
    page.locator("footer").click()
    expect(order).not_to_have_attribute("open", "")
